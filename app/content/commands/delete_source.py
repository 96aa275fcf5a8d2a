"""Delete a source that no story uses."""

from app.content import store
from app.content.editing import ExpectedVersions, lock_source, require_no_product
from app.content.errors import InUse
from app.content.events import SourceDeleted
from app.content.taxonomy import to_fields
from app.kit.quoting import quote_text
from app.kit.sql.unit_of_work import UnitOfWork


def delete_source(unit: UnitOfWork, ref: str, expected: ExpectedVersions) -> None:
    """Delete a source, or report how many articles use it."""
    source = lock_source(unit, ref, expected)
    uses = store.count_uses_of_source(unit.session, source.id)
    if uses:
        raise InUse(
            f"{uses} article(s), deleted ones included, name the source {quote_text(source.slug)}. "
            "Give them another source first."
        )
    require_no_product(unit.session, "source", source.id)
    store.delete_source(unit.session, source.id)
    unit.audit("deleted", "source", source.id, to_fields(source), None)
    unit.events.append(SourceDeleted(source.id))
