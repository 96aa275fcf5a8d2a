"""Counting: how many of the stories found have each value of a field."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import takewhile
from typing import Any

from tantivy import Query, Searcher, SearchResult

from app.kit.bounded_cache import entries_within
from app.search.engine.schema import BRANCH_COLUMNS, NO_VALUE, SPELT, TOGETHER, code, spelt
from app.search.index import MOST_VALUES, FacetField, FacetValue

_COLUMNS: Mapping[FacetField, Sequence[str]] = {
    "category": BRANCH_COLUMNS,
    "source": ("source",),
    "language": ("ranges",),
    "tag": ("begun_tag",),
    "kind": ("kind",),
    "published_month": ("month",),
}
# So many values are counted in each column, and in each segment, so that the sums of the first
# are right. Categories stand in several columns, so nearly all of them have to be known of each.
_MOST_BUCKETS, _MOST_CATEGORIES = 200, 2_000
_COUNTED = 10_000
Counts = Counter[str]


def total(searcher: Searcher, query: Query) -> int:
    """Count the stories that a query finds."""
    return counted(searcher.search(query, 1, count=True))


def counted(answer: SearchResult) -> int:
    """Return how many were found in all, in an answer that was to count them."""
    # The stubs of the engine do not name it.
    number: int = answer.count  # type: ignore[attr-defined]
    return number


def counts(searcher: Searcher, query: Query, facets: Sequence[FacetField]) -> dict[str, Counts]:
    """Count the values of some fields among the stories that a query finds."""
    columns = {column: name for name in facets for column in _used(searcher, name)}
    asked = {column: _terms(column, name) for column, name in columns.items()}
    answer: dict[str, Any] = searcher.aggregate(query, asked) if asked else {}
    sums: dict[str, Counts] = {name: Counter() for name in facets}
    for column, found in answer.items():
        _add(sums[columns[column]], column, found["buckets"])
    if "category" in sums:
        known = _categories(searcher)
        sums["category"] = Counter({known[one]: count for one, count in sums["category"].items()})
    return sums


def _add(sums: Counts, column: str, buckets: Sequence[Mapping[str, Any]]) -> None:
    """Add what was counted in a column."""
    for bucket in buckets:
        count = bucket["doc_count"]
        for value in _values(column, bucket["key"]):
            sums[value] += count


# Of each column the same values are counted again and again.
@lru_cache(entries_within(4 * 2**20, 1_000))
def _values(column: str, key: str) -> Sequence[str]:
    """Return what is counted of what stands in a column."""
    if key == NO_VALUE:
        return ()
    return (spelt(key),) if column == "begun_tag" else tuple(key.split(TOGETHER))


def _used(searcher: Searcher, name: FacetField) -> Sequence[str]:
    return _branch_columns(searcher) if name == "category" else _COLUMNS[name]


# The states that are read: the last ones, so few are kept open.
@lru_cache(maxsize=4)
def _categories(searcher: Searcher) -> Mapping[str, str]:
    """Return the categories that any story has, by their codes."""
    return {code(id_): id_ for id_, _ in searcher.terms_with_prefix("category", "")}


@lru_cache(maxsize=4)
def _branch_columns(searcher: Searcher) -> Sequence[str]:
    """Return the columns for categories that any story fills; the first ones are filled first."""

    def is_filled(column: str) -> bool:
        known = searcher.terms_with_prefix(column, "", limit=2)
        return any(value != NO_VALUE for value, _ in known)

    return list(takewhile(is_filled, BRANCH_COLUMNS))


def _terms(column: str, name: FacetField) -> dict[str, Any]:
    most = _MOST_CATEGORIES if name == "category" else _MOST_BUCKETS
    return {"terms": {"field": column, "size": most, "segment_size": _COUNTED}}


def added(one: dict[str, Counts], other: dict[str, Counts]) -> dict[str, Counts]:
    """Return the sums of two countings."""
    return {name: found + other.get(name, Counter()) for name, found in one.items()}


def values(found: Mapping[str, int], most: int = MOST_VALUES) -> list[FacetValue]:
    """Return values with the most stories first; those that differ in spelling alone are one."""
    totals: Counter[str] = Counter()
    labels: dict[str, str] = {}
    for key, count in sorted(found.items(), key=lambda one: (-one[1], one[0])):
        value, _, label = key.partition(SPELT)
        totals[value] += count
        labels.setdefault(value, label or value)
    first = sorted(totals.items(), key=lambda one: (-one[1], one[0]))[:most]
    return [FacetValue(value, labels[value], count) for value, count in first]
