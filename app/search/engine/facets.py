"""Facets: how many of the matching stories have each value of a field."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import takewhile
from typing import Any

from tantivy import Query, Searcher, SearchResult

from app.kit.bounded_cache import entries_within
from app.search.engine.schema import (
    BRANCH_COLUMNS,
    NO_VALUE,
    SPELLING_SEPARATOR,
    VALUE_SEPARATOR,
    encode_category,
    to_facet_key,
)
from app.search.index import MOST_FACET_VALUES, FacetField, FacetValue

_COLUMNS: Mapping[FacetField, Sequence[str]] = {
    "category": BRANCH_COLUMNS,
    "source": ("source",),
    "language": ("ranges",),
    "tag": ("begun_tag",),
    "kind": ("kind",),
    "published_month": ("month",),
}
# So many values are counted in each column and segment that the sums of the first ones are exact.
# Categories are spread over several columns, so nearly all of them are needed of each.
_MOST_BUCKETS, _MOST_CATEGORIES = 200, 2_000
_SEGMENT_BUCKETS = 10_000
Counts = Counter[str]


def count_stories(searcher: Searcher, query: Query) -> int:
    """Count the stories that match a query."""
    return total_of(searcher.search(query, 1, count=True))


def total_of(answer: SearchResult) -> int:
    """Return the total of a search that was run with `count=True`."""
    # The engine's type stubs lack this attribute.
    number: int = answer.count  # type: ignore[attr-defined]
    return number


def count_values(
    searcher: Searcher, query: Query, facets: Sequence[FacetField]
) -> dict[str, Counts]:
    """Count the values of some fields among the stories that match a query."""
    columns = {column: name for name in facets for column in _find_columns(searcher, name)}
    aggregations = {column: _build_aggregation(column, name) for column, name in columns.items()}
    answer: dict[str, Any] = searcher.aggregate(query, aggregations) if aggregations else {}
    sums: dict[str, Counts] = {name: Counter() for name in facets}
    for column, counted in answer.items():
        _add_buckets(sums[columns[column]], column, counted["buckets"])
    if "category" in sums:
        known = _categories_by_code(searcher)
        sums["category"] = Counter({known[code]: count for code, count in sums["category"].items()})
    return sums


def _add_buckets(sums: Counts, column: str, buckets: Sequence[Mapping[str, Any]]) -> None:
    """Add the counts of one column."""
    for bucket in buckets:
        count = bucket["doc_count"]
        for value in _split_key(column, bucket["key"]):
            sums[value] += count


# The same values are counted again and again.
@lru_cache(entries_within(4 * 2**20, 1_000))
def _split_key(column: str, key: str) -> Sequence[str]:
    """Return the values that the key of a bucket stands for."""
    if key == NO_VALUE:
        return ()
    return (to_facet_key(key),) if column == "begun_tag" else tuple(key.split(VALUE_SEPARATOR))


def _find_columns(searcher: Searcher, name: FacetField) -> Sequence[str]:
    return _branch_columns(searcher) if name == "category" else _COLUMNS[name]


# One entry for each index state that is still read.
@lru_cache(maxsize=4)
def _categories_by_code(searcher: Searcher) -> Mapping[str, str]:
    """Return the categories in use, by their codes."""
    return {encode_category(id_): id_ for id_, _ in searcher.terms_with_prefix("category", "")}


@lru_cache(maxsize=4)
def _branch_columns(searcher: Searcher) -> Sequence[str]:
    """Return the category columns in use; they are filled in order."""

    def is_filled(column: str) -> bool:
        known = searcher.terms_with_prefix(column, "", limit=2)
        return any(value != NO_VALUE for value, _ in known)

    return list(takewhile(is_filled, BRANCH_COLUMNS))


def _build_aggregation(column: str, name: FacetField) -> dict[str, Any]:
    most = _MOST_CATEGORIES if name == "category" else _MOST_BUCKETS
    return {"terms": {"field": column, "size": most, "segment_size": _SEGMENT_BUCKETS}}


def add_counts(first: dict[str, Counts], other: dict[str, Counts]) -> dict[str, Counts]:
    """Return the sums of two sets of counts."""
    return {name: count + other.get(name, Counter()) for name, count in first.items()}


def build_facet_values(
    counts: Mapping[str, int], most: int = MOST_FACET_VALUES
) -> list[FacetValue]:
    """Return values with the most stories first; spellings of one value are merged."""
    totals: Counter[str] = Counter()
    labels: dict[str, str] = {}
    for key, count in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])):
        value, _, label = key.partition(SPELLING_SEPARATOR)
        totals[value] += count
        labels.setdefault(value, label or value)
    first = sorted(totals.items(), key=lambda pair: (-pair[1], pair[0]))[:most]
    return [FacetValue(value, labels[value], count) for value, count in first]
