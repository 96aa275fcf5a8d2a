"""What is asked: the same question in many forms, and lists of medium and of rare values.

Readers who ask for the same at the same moment are answered by one computation, even with the
cache off. What is to be computed for each request has to be asked in other words each time: with
another `published_before`, later than any story, which leaves the rows as they are.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from math import sqrt
from urllib.parse import urlencode

from bench.archive import Archive

HEADLINES = "/v1/headlines"
_FORMS = 480
_LATER = datetime(2090, 1, 1, tzinfo=UTC)
_FULL_PAGE = 20
# How many values of each frequency a list is asked for.
_VALUES = 4


def in_many_forms(*queries: str, path: str = HEADLINES) -> tuple[str, ...]:
    """Return paths that ask for these queries in turn, none of them twice."""
    return tuple(
        f"{path}?{'&'.join(filter(None, (queries[number % len(queries)], _before(number))))}"
        for number in range(_FORMS)
    )


def queries_of(archive: Archive, filters: tuple[str, ...]) -> tuple[str, ...]:
    """Return queries for values of medium frequency and for the rarest, one after another.

    Medium is the geometric middle of the ranks. All of them have more stories than a page, so
    that each page is as much work as any other.
    """
    ranked = sorted(_sizes(archive, filters), key=lambda one: -one[1])
    values = [value for value, size in ranked if size > _FULL_PAGE]
    middle = int(sqrt(len(values)))
    medium, rare = values[max(0, middle - 2) :][:_VALUES], values[-_VALUES:]
    if not values:
        raise ValueError(f"No list of {' and '.join(filters)} fills a page.")
    return tuple(
        _query(filters, value) for pair in zip(medium, rare, strict=True) for value in pair
    )


def sizes_asked(archive: Archive, filters: tuple[str, ...]) -> tuple[int, int]:
    """Return how many stories the rarest and the most frequent of these lists have."""
    known = {_query(filters, value): size for value, size in _sizes(archive, filters)}
    sizes = [known[query] for query in queries_of(archive, filters)]
    return min(sizes), max(sizes)


def _sizes(archive: Archive, filters: tuple[str, ...]) -> Iterable[tuple[tuple[str, ...], int]]:
    many = len(filters)
    for names, size in archive.counts.items():
        if names[:many] == filters and len(names) == 2 * many:
            yield names[many:], size


def _query(filters: tuple[str, ...], value: Iterable[str]) -> str:
    return urlencode(list(zip(filters, value, strict=True)))


def _before(number: int) -> str:
    moment = _LATER + timedelta(seconds=number)
    return urlencode({"published_before": moment.strftime("%Y-%m-%dT%H:%M:%SZ")})
