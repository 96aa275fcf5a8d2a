"""Delete a category that no story or category uses."""

from app.content import store
from app.content.editing import ExpectedVersions, lock_category, require_no_product
from app.content.errors import InUse
from app.content.events import CategoryDeleted
from app.content.taxonomy import to_fields
from app.kit.quoting import quote_text
from app.kit.sql.unit_of_work import UnitOfWork


def delete_category(unit: UnitOfWork, ref: str, expected: ExpectedVersions) -> None:
    """Delete a category, or report how many articles and categories use it."""
    category = lock_category(unit, ref, expected)
    articles, below = store.count_uses_of_category(unit.session, category.id)
    if articles or below:
        raise InUse(
            f"{articles} article(s), deleted ones included, and {below} category(ies) below "
            f"name the category {quote_text(category.slug)}. Move them first."
        )
    require_no_product(unit.session, "category", category.id)
    store.delete_category(unit.session, category.id)
    unit.audit("deleted", "category", category.id, to_fields(category), None)
    unit.events.append(CategoryDeleted(category.id))
