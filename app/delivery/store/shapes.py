"""What a list statement depends on: the shape of what is asked, not its values.

So there are few statements, each is built once, and values are bound by name.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import BindParameter, bindparam

from app.access.selection import Field, Selection
from app.kit.clock import to_micros

Form = Literal["short", "full", "whole"]
SortKey = Literal["published_at", "updated_at"]


@dataclass(frozen=True, slots=True)
class ClauseShape:
    """A condition on a field, with so many values that are wanted and that are not."""

    field: Field
    included: int
    excluded: int


@dataclass(frozen=True, slots=True)
class Shape:
    """What a list statement depends on; `spans` tells which ends of time are given."""

    clauses: tuple[ClauseShape, ...]
    spans: tuple[str, ...]
    key: SortKey = "published_at"
    descending: bool = True
    placed: bool = False
    form: Form = "short"
    embargoed: bool = False
    # One of each group of translations alone: by so many languages in the order of preference.
    preferred: int | None = None

    @property
    def picks(self) -> bool:
        """Tell whether the stories are named one by one."""
        return any(one.field == "id" and one.included for one in self.clauses)


def shape_of(selection: Selection, **more: Any) -> Shape:
    """Return the shape of a selection, in an order and a form."""
    clauses = (
        ClauseShape(one.field, len(one.included), len(one.excluded)) for one in selection.clauses
    )
    return Shape(tuple(clauses), tuple(_bounds(selection)), **more)


def values_of(selection: Selection, now: datetime) -> dict[str, Any]:
    """Return what the statement of a selection's shape is bound to."""
    return {"now": to_micros(now), **own_values(selection)}


def own_values(selection: Selection) -> dict[str, Any]:
    """Return those of the values that are the selection's own, whenever it is asked for."""
    values: dict[str, Any] = {}
    for index, clause in enumerate(selection.clauses):
        for number, value in enumerate((*clause.included, *clause.excluded)):
            values[name_of(index, number)] = value
    return values | {name: to_micros(bound) for name, bound in _bounds(selection).items()}


def name_of(clause: int, number: int) -> str:
    """Return the name of a value: those that are wanted come first."""
    return f"c{clause}_{number}"


def parameter(clause: int, number: int) -> BindParameter[str]:
    """Return a value as a parameter."""
    return bindparam(name_of(clause, number))


def preferred_name(rank: int) -> str:
    """Return the name of a language that readers prefer, the first one having the rank 0."""
    return f"l{rank}"


def preferences(languages: Sequence[str]) -> dict[str, str]:
    """Return what the languages that readers prefer are bound to."""
    return {preferred_name(rank): one for rank, one in enumerate(languages)}


def _bounds(selection: Selection) -> dict[str, datetime]:
    ends = {
        "published_start": selection.published.start,
        "published_end": selection.published.end,
        "updated_start": selection.updated.start,
        "updated_end": selection.updated.end,
    }
    return {name: end for name, end in ends.items() if end is not None}
