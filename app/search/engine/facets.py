"""Counting: how many of the stories found have each value of a field."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from tantivy import Query, Searcher, SearchResult

from app.search.engine.schema import SPELT
from app.search.index import MOST_VALUES, FacetField, FacetValue

_COLUMNS: Mapping[FacetField, str] = {
    "category": "category",
    "source": "source",
    "language": "language",
    "tag": "spelt_tag",
    "kind": "kind",
    "published_month": "month",
}
# So many values are counted in each segment, so that the sums of the first are right.
_MOST_BUCKETS = 200
_COUNTED = 10_000
Counts = dict[str, int]


def total(searcher: Searcher, query: Query) -> int:
    """Count the stories that a query finds."""
    return counted(searcher.search(query, 1, count=True))


def counted(answer: SearchResult) -> int:
    """Return how many were found in all, in an answer that was to count them."""
    # The stubs of the engine do not name it.
    number: int = answer.count  # type: ignore[attr-defined]
    return number


def counts(searcher: Searcher, query: Query, facets: Iterable[FacetField]) -> dict[str, Counts]:
    """Count the values of some fields among the stories that a query finds."""
    asked = {
        name: {"terms": {"field": _COLUMNS[name], "size": _MOST_BUCKETS, "segment_size": _COUNTED}}
        for name in facets
    }
    answer: dict[str, Any] = searcher.aggregate(query, asked) if asked else {}
    return {
        name: {bucket["key"]: bucket["doc_count"] for bucket in found["buckets"]}
        for name, found in answer.items()
    }


def added(one: dict[str, Counts], other: dict[str, Counts]) -> dict[str, Counts]:
    """Return the sums of two countings."""
    return {name: Counter(found) + Counter(other.get(name, {})) for name, found in one.items()}


def values(found: Counts, most: int = MOST_VALUES) -> list[FacetValue]:
    """Return values with the most stories first; those that differ in spelling alone are one."""
    totals: Counter[str] = Counter()
    labels: dict[str, str] = {}
    for key, count in sorted(found.items(), key=lambda one: (-one[1], one[0])):
        value, _, label = key.partition(SPELT)
        totals[value] += count
        labels.setdefault(value, label or value)
    first = sorted(totals.items(), key=lambda one: (-one[1], one[0]))[:most]
    return [FacetValue(value, labels[value], count) for value, count in first]
