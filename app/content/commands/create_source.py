"""Create a source."""

from app.content import store
from app.content.article_fields import make_free_slug, require_free_slug
from app.content.events import SourceSaved
from app.content.inputs import SourceInput
from app.content.taxonomy import NO_IMPORTED_STATE, ImportedState, Source, to_fields
from app.kit.ids import new_id
from app.kit.sql.unit_of_work import UnitOfWork


def create_source(
    unit: UnitOfWork,
    written: SourceInput,
    brought: ImportedState = NO_IMPORTED_STATE,
) -> Source:
    """Create a source, which is public immediately; an importer passes its id and history."""
    slug = (
        require_free_slug(unit.session, "source", written.slug)
        if written.slug
        else make_free_slug(unit.session, "source", written.name)
    )
    source = Source(
        id=brought.id or new_id(),
        slug=slug,
        version=brought.version or 1,
        created_at=brought.created_at or unit.now,
        modified_at=brought.modified_at or unit.now,
        **written.model_dump(exclude={"slug"}),
    )
    store.save_source(unit.session, source, new=True)
    slugs = [(slug, source.id) for slug in (source.slug, *brought.former_slugs)]
    store.keep_public_slugs(unit.session, "source", slugs, unit.now)
    unit.audit("created", "source", source.id, None, to_fields(source))
    unit.events.append(SourceSaved(source, former_slugs=brought.former_slugs))
    return source
