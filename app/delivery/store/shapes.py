"""What a list statement depends on: the shape of what is asked, not its values.

So there are few statements, each is built once, and values are bound by name. How many values a
filter has is told roughly: they are bound as one list, and where each has a part of the statement
to itself, parts that are left over are bound to a value that no story has.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Literal

from sqlalchemy import BindParameter, bindparam

from app.access.selection import Field, Selection
from app.kit.clock import to_micros

Form = Literal["short", "full", "whole"]
SortKey = Literal["published_at", "updated_at"]


# Of more values than these, no statement says how many they are.
MOST_PARTS = 32
# No story has it, and no filter takes it. PostgreSQL would plan another statement for a NULL.
_NOTHING = ""


@dataclass(frozen=True, slots=True)
class ClauseShape:
    """A condition on a field: about how many values are wanted, and whether some are not.

    `included` is 0, 1, 2, 4, … up to `MOST_PARTS`, or twice that for any greater number.
    """

    field: Field
    included: int
    excluded: bool


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
    # One of each group of translations alone: by so many languages in the order of preference,
    # of which the last may be none.
    preferred: int | None = None

    @property
    def picks(self) -> bool:
        """Tell whether the stories are named one by one."""
        return any(one.field == "id" and one.included for one in self.clauses)


def shape_of(selection: Selection, **more: Any) -> Shape:
    """Return the shape of a selection, in an order and a form."""
    clauses = (
        ClauseShape(one.field, parts(len(one.included)), bool(one.excluded))
        for one in selection.clauses
    )
    return Shape(tuple(clauses), tuple(_bounds(selection)), **more)


def parts(count: int) -> int:
    """Return how many parts a statement has for so many values: the next power of two."""
    return min(1 << (count - 1).bit_length(), 2 * MOST_PARTS) if count else 0


def values_of(selection: Selection, now: datetime) -> dict[str, Any]:
    """Return what the statement of a selection's shape is bound to."""
    return {"now": now, **own_values(selection)}


def own_values(selection: Selection) -> dict[str, Any]:
    """Return those of the values that are the selection's own, whenever it is asked for."""
    values: dict[str, Any] = {}
    for index, clause in enumerate(selection.clauses):
        if len(clause.included) <= MOST_PARTS:
            values |= _in_parts(partial(name_of, index), clause.included)
        if len(clause.included) > 1:
            values[included_name(index)] = clause.included
        if clause.excluded:
            values[excluded_name(index)] = clause.excluded
    return values | {name: to_micros(bound) for name, bound in _bounds(selection).items()}


def name_of(clause: int, number: int) -> str:
    """Return the name of one of the values that are wanted."""
    return f"c{clause}_{number}"


def included_name(clause: int) -> str:
    """Return the name of the list of all values that are wanted."""
    return f"in{clause}"


def excluded_name(clause: int) -> str:
    """Return the name of the list of all values that are not wanted."""
    return f"out{clause}"


def parameter(clause: int, number: int) -> BindParameter[str]:
    """Return a value as a parameter."""
    return bindparam(name_of(clause, number))


def preferred_name(rank: int) -> str:
    """Return the name of a language that readers prefer, the first one having the rank 0."""
    return f"l{rank}"


def preferences(languages: Sequence[str]) -> dict[str, str]:
    """Return what the languages that readers prefer are bound to."""
    return _in_parts(preferred_name, languages)


def _in_parts(name: Callable[[int], str], values: Sequence[str]) -> dict[str, str]:
    """Return values by name; parts of a statement that have none are bound to what nothing has."""
    left_over = [_NOTHING] * (parts(len(values)) - len(values))
    return {name(number): value for number, value in enumerate((*values, *left_over))}


def _bounds(selection: Selection) -> dict[str, datetime]:
    ends = {
        "published_start": selection.published.start,
        "published_end": selection.published.end,
        "updated_start": selection.updated.start,
        "updated_end": selection.updated.end,
    }
    return {name: end for name, end in ends.items() if end is not None}
