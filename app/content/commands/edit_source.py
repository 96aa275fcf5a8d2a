"""Edit a source. Its stories show the change immediately, because it is joined at read time."""

from dataclasses import replace
from typing import Any

from app.content import store
from app.content.article_fields import require_free_slug
from app.content.editing import ExpectedVersions, apply_patch, apply_replacement, lock_source
from app.content.events import SourceSaved
from app.content.inputs import SourceInput
from app.content.taxonomy import Source, to_fields
from app.content.views import build_source_view
from app.kit.sql.unit_of_work import UnitOfWork


def replace_source(
    unit: UnitOfWork, ref: str, document: dict[str, Any], expected: ExpectedVersions
) -> Source:
    """Replace the writable fields of a source by a document."""
    source = lock_source(unit, ref, expected)
    fields = apply_replacement("source", build_source_view(source), document)
    return rewrite_source(unit, source, SourceInput.read(fields))


def patch_source(
    unit: UnitOfWork, ref: str, patch: dict[str, Any], expected: ExpectedVersions
) -> Source:
    """Apply a merge patch (RFC 7396) to the writable fields of a source."""
    source = lock_source(unit, ref, expected)
    fields = apply_patch("source", build_source_view(source), patch)
    return rewrite_source(unit, source, SourceInput.read(fields))


def rewrite_source(unit: UnitOfWork, source: Source, written: SourceInput) -> Source:
    """Write an input over a source; an unchanged input writes nothing."""
    fields = written.model_dump()
    fields["slug"] = written.slug or source.slug
    if all(getattr(source, name) == value for name, value in fields.items()):
        return source
    if fields["slug"] != source.slug:
        require_free_slug(unit.session, "source", fields["slug"], but_for=source.id)
    after = replace(source, **fields, version=source.version + 1, modified_at=unit.now)
    store.save_source(unit.session, after, new=False)
    store.keep_public_slugs(unit.session, "source", [(after.slug, after.id)], unit.now)
    unit.audit("edited", "source", after.id, to_fields(source), to_fields(after))
    unit.events.append(SourceSaved(after))
    return after
