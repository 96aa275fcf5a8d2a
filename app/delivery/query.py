"""What a list of stories is asked for, and its shape: what the statement for it depends on.

A shape has no values. So there are few statements, each is built once, and values are bound by
name. How many values a filter has is told roughly: they are bound as one list, and where each has
a part of the statement to itself, parts that are left over are bound to a value that no story has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import prod
from typing import Any, Literal

from app.access.selection import Field, Selection
from app.kit.clock import to_micros

Form = Literal["short", "full", "whole"]
SortKey = Literal["published_at", "updated_at"]
Count = Literal["exact", "estimated"]
Position = tuple[int, str]

# Of more values than these, no statement says how many they are.
MOST_PARTS = 32
# No story has it, and no filter takes it. PostgreSQL would plan another statement for a NULL.
_NOTHING = ""
# By what a list is read where there is a choice: first by what is likely the rarest.
_DRIVERS = (
    ("tag",),
    ("author",),
    ("category", "source"),
    ("source", "language"),
    ("category", "language"),
    ("category",),
    ("source",),
    ("language",),
    ("kind",),
)


@dataclass(frozen=True, slots=True)
class ClauseShape:
    """A condition on a field: about how many values are wanted, and whether some are not.

    `included` is 0, 1, 2, 4, … up to `MOST_PARTS`, or twice that for any greater number. Values
    of the first condition that are wanted are bound as `c0_0`, `c0_1`, …, and all as the list
    `in0`; those that are not wanted are the list `out0`.
    """

    field: Field
    included: int
    excluded: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """What a list statement depends on; `spans` names the ends of time that are given.

    With `preferred` it is of each group of translations the story that goes before the others, by
    so many languages in the order of preference, of which the last may be none. They are bound as
    `l0`, `l1`, ….
    """

    clauses: tuple[ClauseShape, ...]
    spans: tuple[str, ...]
    key: SortKey = "published_at"
    descending: bool = True
    placed: bool = False
    form: Form = "short"
    embargoed: bool = False
    preferred: int | None = None
    # Whether the stories are named one by one.
    picks: bool = False


@dataclass(frozen=True, slots=True)
class StoryQuery:
    """What a list of stories is asked for; `embargoed` takes in what is under embargo.

    With `preferred` languages, even none, it is of each group of translations the story that goes
    before the others. A count goes beyond 10,000 where it `counts_all`. `names_in` are the
    languages in which categories are named. `order` are the ids of stories that are named one by
    one, where the list is in their order.
    """

    selection: Selection = Selection()
    key: SortKey = "published_at"
    descending: bool = True
    position: Position | None = None
    backwards: bool = False
    form: Form = "short"
    limit: int = 20
    count: Count | None = None
    counts_all: bool = False
    embargoed: bool = False
    preferred: tuple[str, ...] | None = None
    names_in: tuple[str, ...] = ()
    order: tuple[str, ...] = ()

    # What the statement for it depends on, and what that is bound to, whenever it is asked for.
    shape: Shape = field(init=False, repr=False, compare=False)
    values: Mapping[str, Any] = field(init=False, repr=False, compare=False)
    # Whether the answer takes the rows that it shows, and few others.
    is_short: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Find out once what every reading of it needs."""
        # One more, which tells whether there is more.
        values: dict[str, Any] = {"limit": self.limit + 1}
        # What is in the order of its names is read whole; there are few.
        placed = self.position is not None and not self.order
        if self.position is not None and placed:
            values["place"], values["place_id"] = self.position
        clauses, picks = _bind_clauses(values, self.selection)
        shape = Shape(
            clauses,
            _bind_spans(values, self.selection),
            self.key,
            self.descending is not self.backwards,
            placed,
            self.form,
            self.embargoed,
            None if self.preferred is None else _bind_parts(values, "l", self.preferred),
            picks,
        )
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "values", values)
        # Nothing says how many stories there are whose translations go before them.
        alone = self.count is None and self.preferred is None
        object.__setattr__(self, "is_short", alone and is_indexed(shape))


def _bind_clauses(
    values: dict[str, Any], selection: Selection
) -> tuple[tuple[ClauseShape, ...], bool]:
    """Bind what is wanted and what is not; return its shape, and whether it names stories."""
    shapes, picks = [], False
    for index, clause in enumerate(selection.clauses):
        count = _bind_parts(values, f"c{index}_", clause.included)
        if len(clause.included) > 1:
            values[f"in{index}"] = clause.included
        if clause.excluded:
            values[f"out{index}"] = clause.excluded
        picks = picks or (clause.field == "id" and count > 0)
        shapes.append(ClauseShape(clause.field, count, bool(clause.excluded)))
    return tuple(shapes), picks


def _bind_parts(values: dict[str, Any], name: str, wanted: Sequence[str]) -> int:
    """Bind values one by one, and return in how many parts of the statement: a power of two."""
    if not wanted:
        return 0
    parts = min(1 << (len(wanted) - 1).bit_length(), 2 * MOST_PARTS)
    if parts <= MOST_PARTS:
        for number in range(parts):
            values[f"{name}{number}"] = wanted[number] if number < len(wanted) else _NOTHING
    return parts


def _bind_spans(values: dict[str, Any], selection: Selection) -> tuple[str, ...]:
    """Bind the ends of time that are given, and return their names."""
    names = []
    for name, bound in (
        ("published_start", selection.published.start),
        ("published_end", selection.published.end),
        ("updated_start", selection.updated.start),
        ("updated_end", selection.updated.end),
    ):
        if bound is not None:
            values[name] = to_micros(bound)
            names.append(name)
    return tuple(names)


# --- by what a list is read ----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Driver:
    """The clauses by which a list is read, by their numbers in the shape."""

    fields: tuple[str, ...]
    clauses: tuple[int, ...]


def driver_of(shape: Shape) -> Driver | None:
    """Return by what a list can be read, or nothing: then it is read from its beginning."""
    if shape.key != "published_at" or shape.picks:
        return None
    for fields in _DRIVERS:
        found = [_wanted(shape, field) for field in fields]
        clauses = tuple(one for one in found if one is not None)
        parts = prod(shape.clauses[one].included for one in clauses)
        # More are read along the whole list: a statement of many parts takes long to prepare.
        if len(clauses) == len(fields) and parts <= MOST_PARTS:
            return Driver(fields, clauses)
    return None


@lru_cache(maxsize=256)  # of shapes, at most 3 kB each
def is_indexed(shape: Shape) -> bool:
    """Tell whether an index has what is asked, and little else."""
    if shape.picks:
        return True
    driver = driver_of(shape)
    driven = driver.clauses if driver is not None else ()
    rest = [one for number, one in enumerate(shape.clauses) if number not in driven]
    own = shape.key.removesuffix("_at")
    return not rest and all(span.startswith(own) for span in shape.spans)


def _wanted(shape: Shape, field: str) -> int | None:
    """Return a clause that says which values of a field are wanted, and nothing else."""
    for number, one in enumerate(shape.clauses):
        if one.field == field and one.included and not one.excluded:
            return number
    return None
