"""Import lines of sources and categories."""

from collections.abc import Callable
from typing import TypeVar

from app.content import store
from app.content.commands.create_category import create_category
from app.content.commands.create_source import create_source
from app.content.commands.edit_category import rewrite_category
from app.content.commands.edit_source import rewrite_source
from app.content.inputs import CategoryInput, SourceInput
from app.content.taxonomy import Category, ImportedState, Source
from app.content.transfer.lines import CategoryLine, LineOutcome, SourceLine, Status
from app.kit.sql.unit_of_work import UnitOfWork

Row = TypeVar("Row", Source, Category)


def import_source(unit: UnitOfWork, number: int, line: SourceLine) -> LineOutcome:
    """Create or change the source of a line."""
    written = SourceInput.model_validate(line.model_dump(include=set(SourceInput.model_fields)))
    known = _lock_known(unit, line, store.find_source)
    if known is None:
        created = create_source(unit, written, _build_imported_state(line))
        return LineOutcome(number, "created", "source", created.id, created.slug)
    after = rewrite_source(unit, known, written)
    status: Status = "unchanged" if after is known else "updated"
    return LineOutcome(number, status, "source", after.id, after.slug)


def import_category(unit: UnitOfWork, number: int, line: CategoryLine) -> LineOutcome:
    """Create or change the category of a line."""
    fields = line.model_dump(include=set(CategoryInput.model_fields))
    written = CategoryInput.model_validate(fields)
    known = _lock_known(unit, line, store.find_category)
    if known is None:
        created = create_category(unit, written, _build_imported_state(line))
        return LineOutcome(number, "created", "category", created.id, created.slug)
    after = rewrite_category(unit, known, written)
    status: Status = "unchanged" if after is known else "updated"
    return LineOutcome(number, status, "category", after.id, after.slug)


def _build_imported_state(line: SourceLine | CategoryLine) -> ImportedState:
    return ImportedState(
        id=line.id,
        version=line.version,
        created_at=line.created_at,
        modified_at=line.modified_at,
        former_slugs=tuple(line.former_slugs),
    )


def _lock_known(
    unit: UnitOfWork, line: SourceLine | CategoryLine, find: Callable[..., Row | None]
) -> Row | None:
    """Find what a line describes by its id or else by its slug, and lock it."""
    rows = (find(unit.session, ref, lock=True) for ref in (line.id, line.slug) if ref)
    return next((row for row in rows if row is not None), None)
