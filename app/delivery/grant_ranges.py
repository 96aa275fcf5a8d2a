"""The index ranges that hold what the grants of a reader include.

Without them, a list of a rare product would be read from the list of all stories. Each range is one
term of the delivery side (see `build_terms`), within the time range of its grant.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any, Literal

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
# Up to so many ranges are compared with each other one by one.
_MOST_COMPARED = 8
_NO_VALUE = ""
# The first and last time of publication in microseconds, both included.
Bounds = tuple[int, int]
_ALWAYS = 2**62
ALWAYS: Bounds = (-_ALWAYS, _ALWAYS)

RangeKind = Literal["compared", "evaluated"]


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


@dataclass(frozen=True, slots=True)
class GrantRanges:
    """The ranges of a query in the order of grants, and how many its statement has.

    If every grant is exactly its ranges (`compared`), the first range of a story tells its first
    grant. Otherwise the grants are evaluated for each row.
    """

    ranges: tuple[GrantRange, ...]
    count: int
    kind: RangeKind
    # The parameters that do not depend on the time.
    constants: Mapping[str, Any]

    def bind(self, now: datetime, within: Bounds) -> dict[str, Any]:
        """Return the parameters of the ranges at a time.

        A database enters an index with one bound at each end, so all bounds are combined here.
        """
        values, micros, (first, last) = dict(self.constants), to_micros(now), within
        for number, known in enumerate(self.ranges):
            values[f"range_start{number}"] = max(first, micros - known.closes)
            values[f"range_end{number}"] = min(last, micros - known.opens)
        if self.kind == "evaluated":
            listed = [
                [
                    known.field,
                    known.value,
                    values[f"range_start{number}"],
                    values[f"range_end{number}"],
                ]
                for number, known in enumerate(self.ranges)
            ]
            values["ranges"] = json.dumps_text(listed)
        return values


def _bind_constants(ranges: Sequence[GrantRange], count: int) -> dict[str, Any]:
    """Return the parameters that do not depend on the time; surplus ranges are empty."""
    values: dict[str, Any] = {}
    for number in range(count):
        known = ranges[number] if number < len(ranges) else None
        values[f"range_field{number}"] = _NO_VALUE if known is None else known.field
        values[f"range_value{number}"] = _NO_VALUE if known is None else known.value
        values[f"range_grant{number}"] = 0 if known is None else known.number
        values[f"range_start{number}"] = values[f"range_end{number}"] = 0
    return values


def find_grant_ranges(entitlement: Entitlement, wanted: Sequence[Clause]) -> GrantRanges | None:
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
    kind: RangeKind = "compared" if are_exact and count <= _MOST_COMPARED else "evaluated"
    return GrantRanges(tuple(ranges), count, kind, _bind_constants(ranges, count))


def _find_driving_clauses(clauses: Sequence[Clause]) -> tuple[int, ...] | None:
    """Return the numbers of the clauses that drive a query, or None."""
    for fields in DRIVING_FILTERS:
        found = [
            next(
                (
                    number
                    for number, clause in enumerate(clauses)
                    if clause.field == field and clause.included and not clause.excluded
                ),
                None,
            )
            for field in fields
        ]
        numbers = tuple(number for number in found if number is not None)
        if len(numbers) == len(fields):
            return numbers
    return None


def _build_ranges(number: int, grant: Grant, driving: Sequence[Clause]) -> Iterator[GrantRange]:
    field = join_fields(clause.field for clause in driving)
    opens = -_ALWAYS if grant.embargoed else grant.delay // MICROSECOND
    closes = _ALWAYS if grant.depth is None else grant.depth // MICROSECOND
    for values in product(*(dict.fromkeys(clause.included) for clause in driving)):
        yield GrantRange(number, field, join_values(values), opens, closes)
