"""The index ranges that hold what the grants of a reader include.

Without them, a list of a rare product would be read from the list of all stories. Each range is one
term of the delivery side (see `build_terms`), within the time range of its grant.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import product
from math import prod
from typing import Any, NamedTuple

from app.access.entitlement import Entitlement, Grant
from app.access.selection import Clause
from app.delivery.rendering import join_fields, join_values
from app.kit import json
from app.kit.clock import MICROSECOND, to_micros

# The driving filters in order of preference, the most selective first.
DRIVING_FILTERS = (
    ("tag",),
    ("author",),
    ("category", "source"),
    ("source", "language"),
    ("category", "language"),
    ("category",),
    ("source",),
    ("label",),
    ("language",),
    ("kind",),
)
# A statement has one of these numbers of ranges; surplus ranges are empty.
_COUNTS = (*range(1, 9), 16, 24)
# Up to so many ranges are compared with each other one by one to count their stories.
_MOST_COMPARED = 8
_NO_VALUE = ""
# The first and last time of publication in microseconds, both included.
Bounds = tuple[int, int]
_ALWAYS = 2**62
ALWAYS: Bounds = (-_ALWAYS, _ALWAYS)


class RangesShape(NamedTuple):
    """What a statement depends on of the ranges.

    `size` is their number. If `is_exact`, every grant is exactly its ranges, so that the first
    range of a story tells its first grant; otherwise the grants are evaluated for each row. If
    `is_uniform`, all ranges have the same bounds.
    """

    size: int
    is_exact: bool
    is_uniform: bool

    @property
    def is_compared(self) -> bool:
        """Tell whether a statement that counts compares the ranges with each other one by one."""
        return self.size <= _MOST_COMPARED

    def suffix(self, number: int) -> str:
        """Return the end of the names of the parameters with the bounds of a range."""
        return "" if self.is_uniform else str(number)


@dataclass(frozen=True, slots=True)
class GrantRange:
    """A range: the term that its stories have, and the number of the grant they are read for.

    `opens` and `closes` are how many microseconds after its publication a story is in it.
    """

    number: int
    field: str
    value: str
    opens: int
    closes: int

    def bounds(self, micros: int, within: Bounds) -> Bounds:
        """Return the first and last time of publication, within those that a query asks for.

        A database enters an index with one bound at each end, so all bounds are combined here.
        """
        return max(within[0], micros - self.closes), min(within[1], micros - self.opens)


@dataclass(frozen=True, slots=True)
class GrantRanges:
    """The ranges of a query in the order of grants."""

    ranges: tuple[GrantRange, ...]
    shape: RangesShape
    # The parameters that do not depend on the time.
    constants: Mapping[str, Any]

    def bind(self, now: datetime, within: Bounds) -> dict[str, Any]:
        """Return the parameters of the ranges at a time."""
        values, micros = dict(self.constants), to_micros(now)
        different = self.ranges[:1] if self.shape.is_uniform else self.ranges
        for number, known in enumerate(different):
            suffix = self.shape.suffix(number)
            bounds = known.bounds(micros, within)
            values[f"range_start{suffix}"], values[f"range_end{suffix}"] = bounds
        if not self.shape.is_compared:
            listed = [
                (known.field, known.value, *known.bounds(micros, within)) for known in self.ranges
            ]
            values["ranges"] = json.dumps_text(listed)
        return values


def _bind_constants(ranges: Sequence[GrantRange], shape: RangesShape) -> dict[str, Any]:
    """Return the parameters that do not depend on the time; surplus ranges are empty."""
    values: dict[str, Any] = {}
    for number in range(shape.size):
        known = ranges[number] if number < len(ranges) else None
        values[f"range_field{number}"] = _NO_VALUE if known is None else known.field
        values[f"range_value{number}"] = _NO_VALUE if known is None else known.value
        if shape.is_exact:
            values[f"range_grant{number}"] = 0 if known is None else known.number
        suffix = shape.suffix(number)
        values[f"range_start{suffix}"] = values[f"range_end{suffix}"] = 0
    return values


@lru_cache(maxsize=256)  # of queries by readers with grants, at most 20 kB each
def find_grant_ranges(entitlement: Entitlement, wanted: tuple[Clause, ...]) -> GrantRanges | None:
    """Return the ranges for the grants together with the filters of a query.

    None means that there are too many, or that a grant has no term: the list is then read without
    them.
    """
    ranges: list[GrantRange] = []
    are_exact = True
    for number, grant in enumerate(entitlement.grants):
        own = grant.selection.clauses
        clauses = (*own, *wanted)
        driving = _find_driving_clauses(clauses)
        if driving is None:
            return None
        are_exact = are_exact and set(range(len(own))) <= set(driving)
        ranges += _build_ranges(number, grant, [clauses[index] for index in driving])
    count = next((count for count in _COUNTS if count >= len(ranges)), None)
    if not ranges or count is None:
        return None
    is_uniform = len({(known.opens, known.closes) for known in ranges}) == 1
    shape = RangesShape(count, are_exact, is_uniform)
    return GrantRanges(tuple(ranges), shape, _bind_constants(ranges, shape))


def _find_driving_clauses(clauses: Sequence[Clause]) -> tuple[int, ...] | None:
    """Return the numbers of the clauses that drive a query, or None."""
    for fields in DRIVING_FILTERS:
        found = [_find_clause(clauses, field) for field in fields]
        numbers = tuple(number for number in found if number is not None)
        # Another clause may have fewer values, and the rest is tested row by row.
        size = prod(len(clauses[number].included) for number in numbers)
        if len(numbers) == len(fields) and size <= _COUNTS[-1]:
            return numbers
    return None


def _find_clause(clauses: Sequence[Clause], field: str) -> int | None:
    """Return the number of the clause with the fewest values of a field, and no excluded ones."""
    found = [
        number
        for number, clause in enumerate(clauses)
        if clause.field == field and clause.included and not clause.excluded
    ]
    return min(found, key=lambda number: len(clauses[number].included), default=None)


def _build_ranges(number: int, grant: Grant, driving: Sequence[Clause]) -> Iterator[GrantRange]:
    field = join_fields(clause.field for clause in driving)
    opens = -_ALWAYS if grant.embargoed else grant.delay // MICROSECOND
    closes = _ALWAYS if grant.depth is None else grant.depth // MICROSECOND
    for values in product(*(dict.fromkeys(clause.included) for clause in driving)):
        yield GrantRange(number, field, join_values(values), opens, closes)
