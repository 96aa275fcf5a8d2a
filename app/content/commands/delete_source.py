"""Delete a source that no story uses."""

from app.content import store
from app.content.editing import Expected, source_to_change
from app.content.errors import InUse
from app.content.events import SourceDeleted
from app.content.taxonomy import fields_of
from app.kit.quoting import quote_text
from app.kit.sql.unit_of_work import UnitOfWork


def delete_source(unit: UnitOfWork, ref: str, expected: Expected) -> None:
    """Delete a source, or report how many articles use it."""
    source = source_to_change(unit, ref, expected)
    uses = store.uses_of_source(unit.session, source.id)
    if uses:
        raise InUse(
            f"{uses} article(s), deleted ones included, name the source {quote_text(source.slug)}. "
            "Give them another source first."
        )
    store.delete_source(unit.session, source.id)
    unit.audit("deleted", "source", source.id, fields_of(source), None)
    unit.events.append(SourceDeleted(source.id))
