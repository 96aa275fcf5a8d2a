"""Create a category."""

from app.content import store
from app.content.article_fields import make_free_slug, require_free_slug
from app.content.events import CategorySaved
from app.content.inputs import CategoryInput
from app.content.references import ReferenceResolver
from app.content.taxonomy import NO_IMPORTED_STATE, Category, ImportedState, to_fields
from app.kit.errors import InvalidInput
from app.kit.ids import new_id
from app.kit.sql.unit_of_work import UnitOfWork

# Far more than newsrooms need, and few enough to draw the tree.
DEEPEST = 32


def create_category(
    unit: UnitOfWork,
    written: CategoryInput,
    brought: ImportedState = NO_IMPORTED_STATE,
) -> Category:
    """Create a category, which is public immediately; an importer passes its id and history."""
    slug = (
        require_free_slug(unit.session, "category", written.slug)
        if written.slug
        else make_free_slug(unit.session, "category", written.name)
    )
    category = Category(
        id=brought.id or new_id(),
        slug=slug,
        name=written.name,
        names=written.names,
        parent_id=find_parent_id(unit, written),
        version=brought.version or 1,
        created_at=brought.created_at or unit.now,
        modified_at=brought.modified_at or unit.now,
    )
    check_depth(unit, category.parent_id)
    store.save_category(unit.session, category, new=True)
    slugs = [(slug, category.id) for slug in (category.slug, *brought.former_slugs)]
    store.keep_public_slugs(unit.session, "category", slugs, unit.now)
    unit.audit("created", "category", category.id, None, to_fields(category))
    unit.events.append(CategorySaved(category, former_slugs=brought.former_slugs, new=True))
    return category


def find_parent_id(unit: UnitOfWork, written: CategoryInput) -> str | None:
    """Return the id of the parent in an input."""
    if written.parent is None:
        return None
    references = ReferenceResolver(unit.session)
    references.load("category", written.parent)
    return references.get_id("category", written.parent, "#/parent")


def check_depth(unit: UnitOfWork, parent_id: str | None, levels: int = 1) -> None:
    """Refuse `levels` more levels of categories below a parent that is too deep for them."""
    above = store.load_ancestors(unit.session, parent_id) if parent_id else []
    if len(above) + levels > DEEPEST:
        detail = f"Categories nest at most {DEEPEST} levels deep."
        raise InvalidInput.at("#/parent", "too_deep", detail)
