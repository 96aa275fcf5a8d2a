"""The query for a list of stories, and its shape: the part that its SQL statement depends on.

A shape has no values, so there are few statements: each is built once, and values are bound by
name. The number of values of a filter is rounded up to a power of two. They are bound as one list;
where the statement has a part for each value, surplus parts are bound to a value that no story
has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from math import prod
from typing import Any, Literal

from app.access.entitlement import PUBLIC, Entitlement
from app.access.selection import Field, Selection
from app.delivery.access_shape import PUBLIC_ACCESS, AccessShape, bind_access
from app.delivery.grant_ranges import (
    ALWAYS,
    DRIVING_FILTERS,
    Bounds,
    GrantRanges,
    RangesShape,
    find_grant_ranges,
)
from app.kit.clock import to_micros

Form = Literal["short", "full", "whole"]
SortKey = Literal["published_at", "updated_at"]
Count = Literal["exact", "estimated"]
ListPosition = tuple[int, str]

# Above this many values, the statement does not depend on their number.
MOST_PARTS = 32
# No story has it, and no filter accepts it. For a NULL, PostgreSQL would make another plan.
_NO_VALUE = ""


@dataclass(frozen=True, slots=True)
class FilterShape:
    """A filter on a field: roughly how many values it includes, and whether it excludes any.

    `included` is 0, 1, 2, 4, … up to `MOST_PARTS`, or twice that for any greater number. The
    included values of the first filter are bound as `c0_0`, `c0_1`, …, and all of them as the
    list `in0`; its excluded values are the list `out0`.
    """

    field: Field
    included: int
    excluded: bool


@dataclass(frozen=True, slots=True)
class QueryShape:
    """What the statement for a list depends on; `spans` names the time bounds that are given.

    `preferred` selects from each group of translations the story in the most preferred of so many
    languages. They are bound as `l0`, `l1`, …. The number may be 0.
    """

    clauses: tuple[FilterShape, ...]
    spans: tuple[str, ...]
    key: SortKey = "published_at"
    descending: bool = True
    has_position: bool = False
    form: Form = "short"
    access: AccessShape = PUBLIC_ACCESS
    preferred: int | None = None
    # Whether the query names the ids of stories.
    has_ids: bool = False
    # The index ranges of grants, if the list is read from these.
    grant_ranges: RangesShape | None = None


@dataclass(frozen=True, slots=True)
class StoryQuery:
    """A query for a list of stories, as a reader with an entitlement sees it.

    `preferred`, even if empty, selects from each group of translations the story in the most
    preferred language. `counts_all` counts beyond 10,000. `names_in` are the languages for
    category names. `order` are the ids of stories in the order of the list, if the list has the
    order of its ids.
    """

    selection: Selection = Selection()
    key: SortKey = "published_at"
    descending: bool = True
    position: ListPosition | None = None
    backwards: bool = False
    form: Form = "short"
    limit: int = 20
    count: Count | None = None
    counts_all: bool = False
    entitlement: Entitlement = PUBLIC
    preferred: tuple[str, ...] | None = None
    names_in: tuple[str, ...] = ()
    order: tuple[str, ...] = ()

    # The shape, and the values to bind.
    shape: QueryShape = field(init=False, repr=False, compare=False)
    values: Mapping[str, Any] = field(init=False, repr=False, compare=False)
    # The index ranges of the reader's grants, if the list is read from these.
    ranges: GrantRanges | None = field(init=False, repr=False, compare=False)
    # Whether an index has the result in order, so that few other rows are read.
    is_short: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Derive the shape and the values once."""
        # The extra row tells whether there is another page.
        entitlement = self.entitlement
        values: dict[str, Any] = {"limit": self.limit + 1}
        if not entitlement.is_unlimited:
            values |= bind_access(entitlement)
        # A list in the order of its ids is read whole; it is short.
        placed = self.position is not None and not self.order
        if self.position is not None and placed:
            values["place"], values["place_id"] = self.position
        clauses, picks = _bind_clauses(values, self.selection)
        ranges = None
        if not (entitlement.is_unlimited or picks) and self.key == "published_at":
            ranges = find_grant_ranges(entitlement, self.selection.clauses)
        object.__setattr__(self, "ranges", ranges)
        shape = QueryShape(
            clauses,
            _bind_spans(values, self.selection),
            self.key,
            self.descending is not self.backwards,
            placed,
            self.form,
            AccessShape(entitlement.embargoed, not entitlement.is_unlimited),
            None if self.preferred is None else _bind_parts(values, "l", self.preferred),
            picks,
            None if ranges is None else ranges.shape,
        )
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "values", values)
        # Counts and preferred translations read more rows than the page has.
        alone = self.count is None and self.preferred is None
        object.__setattr__(self, "is_short", alone and is_indexed(shape))

    def bind(self, now: datetime, *, counts: bool = False) -> dict[str, Any]:
        """Return the parameters of the statement at a time, of a page or for counting all."""
        if self.ranges is None:
            return {**self.values, "now": now}
        bounds = self._find_bounds(is_placed=self.shape.has_position and not counts)
        return {**self.values, **self.ranges.bind(now, bounds), "now": now}

    def _find_bounds(self, *, is_placed: bool) -> Bounds:
        """Return between which times of publication the stories of a page are."""
        first, last = ALWAYS
        first = self.values.get("published_start", first)
        last = self.values.get("published_end", last + 1) - 1
        if not is_placed:
            return first, last
        place = self.values["place"]
        return (first, min(last, place)) if self.shape.descending else (max(first, place), last)


def _bind_clauses(
    values: dict[str, Any], selection: Selection
) -> tuple[tuple[FilterShape, ...], bool]:
    """Bind the values of all filters; return their shapes, and whether they name ids."""
    shapes, picks = [], False
    for index, clause in enumerate(selection.clauses):
        count = _bind_parts(values, f"c{index}_", clause.included)
        if len(clause.included) > 1:
            values[f"in{index}"] = clause.included
        if clause.excluded:
            values[f"out{index}"] = clause.excluded
        picks = picks or (clause.field == "id" and count > 0)
        shapes.append(FilterShape(clause.field, count, bool(clause.excluded)))
    return tuple(shapes), picks


def _bind_parts(values: dict[str, Any], name: str, wanted: Sequence[str]) -> int:
    """Bind the values separately; return the number of parts, a power of two."""
    if not wanted:
        return 0
    parts = min(1 << (len(wanted) - 1).bit_length(), 2 * MOST_PARTS)
    if parts <= MOST_PARTS:
        for number in range(parts):
            values[f"{name}{number}"] = wanted[number] if number < len(wanted) else _NO_VALUE
    return parts


def _bind_spans(values: dict[str, Any], selection: Selection) -> tuple[str, ...]:
    """Bind the time bounds that are given, and return their names."""
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


# --- the driving filter ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DrivingFilter:
    """The filters whose index range drives the query, by their numbers in the shape."""

    fields: tuple[str, ...]
    clauses: tuple[int, ...]


def find_driving_filter(shape: QueryShape) -> DrivingFilter | None:
    """Return the driving filter, or `None` to read the whole list in order."""
    if shape.key != "published_at" or shape.has_ids:
        return None
    for fields in DRIVING_FILTERS:
        found = [_find_filter(shape, field) for field in fields]
        clauses = tuple(number for number in found if number is not None)
        parts = prod(shape.clauses[number].included for number in clauses)
        # Preparing a statement with more parts would take longer than reading the whole list.
        if len(clauses) == len(fields) and parts <= MOST_PARTS:
            return DrivingFilter(fields, clauses)
    return None


@lru_cache(maxsize=256)  # of shapes, at most 3 kB each
def is_indexed(shape: QueryShape) -> bool:
    """Tell whether an index has the result in order, with few other rows."""
    if shape.has_ids:
        return True
    driver = find_driving_filter(shape)
    driven = driver.clauses if driver is not None else ()
    rest = [clause for number, clause in enumerate(shape.clauses) if number not in driven]
    own = shape.key.removesuffix("_at")
    return not rest and all(span.startswith(own) for span in shape.spans)


def _find_filter(shape: QueryShape, field: str) -> int | None:
    """Return the number of the filter that includes values of a field and excludes none."""
    for number, clause in enumerate(shape.clauses):
        if clause.field == field and clause.included and not clause.excluded:
            return number
    return None
