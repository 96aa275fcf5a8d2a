"""Edit a source. Its stories show the change at once, because it is joined at read time."""

from dataclasses import replace
from typing import Any

from app.content import store
from app.content.drafting import given_slug
from app.content.editing import Expected, patched, replaced, source_to_change
from app.content.events import SourceSaved
from app.content.inputs import SourceInput
from app.content.taxonomy import Source, fields_of
from app.content.views import source_view
from app.kit.sql.unit_of_work import UnitOfWork


def replace_source(
    unit: UnitOfWork, ref: str, document: dict[str, Any], expected: Expected
) -> Source:
    """Replace the writable fields of a source by a document."""
    source = source_to_change(unit, ref, expected)
    fields = replaced("source", source_view(source), document)
    return rewrite_source(unit, source, SourceInput.read(fields))


def patch_source(unit: UnitOfWork, ref: str, patch: dict[str, Any], expected: Expected) -> Source:
    """Apply a merge patch (RFC 7396) to the writable fields of a source."""
    source = source_to_change(unit, ref, expected)
    fields = patched("source", source_view(source), patch)
    return rewrite_source(unit, source, SourceInput.read(fields))


def rewrite_source(unit: UnitOfWork, source: Source, written: SourceInput) -> Source:
    """Write an input over a source; an unchanged input writes nothing."""
    fields = written.model_dump()
    fields["slug"] = written.slug or source.slug
    if all(getattr(source, name) == value for name, value in fields.items()):
        return source
    if fields["slug"] != source.slug:
        given_slug(unit.session, "source", fields["slug"], but_for=source.id)
    after = replace(source, **fields, version=source.version + 1, modified_at=unit.now)
    store.save_source(unit.session, after, new=False)
    store.keep_public_slugs(unit.session, "source", [(after.slug, after.id)], unit.now)
    unit.audit("edited", "source", after.id, fields_of(source), fields_of(after))
    unit.events.append(SourceSaved(after))
    return after
