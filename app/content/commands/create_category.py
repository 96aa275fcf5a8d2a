"""Create a category."""

from app.content import store
from app.content.drafting import given_slug, made_slug
from app.content.events import CategorySaved
from app.content.inputs import CategoryInput
from app.content.references import References
from app.content.taxonomy import NOTHING_BROUGHT, Brought, Category, fields_of
from app.kit.errors import InvalidInput
from app.kit.ids import new_id
from app.kit.sql.unit_of_work import UnitOfWork

# Far more than newsrooms need, and few enough to draw the tree.
DEEPEST = 32


def create_category(
    unit: UnitOfWork,
    written: CategoryInput,
    brought: Brought = NOTHING_BROUGHT,
) -> Category:
    """Create a category, public at once; an importer passes its id and history."""
    slug = (
        given_slug(unit.session, "category", written.slug)
        if written.slug
        else made_slug(unit.session, "category", written.name)
    )
    category = Category(
        id=brought.id or new_id(),
        slug=slug,
        name=written.name,
        names=written.names,
        parent_id=parent_of(unit, written),
        version=brought.version or 1,
        created_at=brought.created_at or unit.now,
        modified_at=brought.modified_at or unit.now,
    )
    check_depth(unit, category.parent_id)
    store.save_category(unit.session, category, new=True)
    slugs = [(slug, category.id) for slug in (category.slug, *brought.former_slugs)]
    store.keep_public_slugs(unit.session, "category", slugs, unit.now)
    unit.audit("created", "category", category.id, None, fields_of(category))
    unit.events.append(CategorySaved(category, former_slugs=brought.former_slugs, new=True))
    return category


def parent_of(unit: UnitOfWork, written: CategoryInput) -> str | None:
    """Return the id of the parent in an input."""
    if written.parent is None:
        return None
    references = References(unit.session)
    references.load("category", written.parent)
    return references.id_of("category", written.parent, "#/parent")


def check_depth(unit: UnitOfWork, parent_id: str | None, levels: int = 1) -> None:
    """Refuse `levels` more levels of categories below a parent that is too deep for them."""
    above = store.ancestors(unit.session, parent_id) if parent_id else []
    if len(above) + levels > DEEPEST:
        detail = f"Categories nest at most {DEEPEST} levels deep."
        raise InvalidInput.at("#/parent", "too_deep", detail)
