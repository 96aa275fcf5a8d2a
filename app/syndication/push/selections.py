"""Selections as JSON, as they are stored with receivers."""

from datetime import datetime
from typing import Any

from app.access.selection import Clause, Selection, TimeRange
from app.kit.clock import from_micros, to_micros


def to_json(selection: Selection) -> list[Any]:
    """Return a selection as a small JSON value."""
    clauses = [[clause.field, clause.included, clause.excluded] for clause in selection.clauses]
    return [clauses, _span(selection.published), _span(selection.updated)]


def from_json(value: list[Any]) -> Selection:
    """Parse a selection."""
    clauses, published, updated = value
    return Selection(
        tuple(Clause(field, tuple(yes), tuple(no)) for field, yes, no in clauses),
        TimeRange(*map(_moment, published)),
        TimeRange(*map(_moment, updated)),
    )


def _span(span: TimeRange) -> list[int | None]:
    return [to_micros(moment) if moment is not None else None for moment in (span.start, span.end)]


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
