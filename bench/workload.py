"""The requests of the benchmarks: varied queries, lists of medium and rare values, stories.

Simultaneous equal requests share one computation, even without the cache. So each request needs a
different query: another `published_before`, later than any story, which does not change the rows.
"""

from datetime import UTC, datetime, timedelta
from math import sqrt
from pathlib import Path
from urllib.parse import quote, urlencode

from app.delivery.rendering import Term
from bench.archive import Archive, sample_slugs

HEADLINES = "/v1/headlines"
_FORMS = 480
_LATER = datetime(2090, 1, 1, tzinfo=UTC)
_FULL_PAGE = 20
# Number of values of each frequency.
_VALUES = 4


def vary_queries(*queries: str, path: str = HEADLINES) -> tuple[str, ...]:
    """Return paths with these queries in turn, all of them different."""
    return tuple(
        f"{path}?{_join_queries(queries[number % len(queries)], build_distinct_filter(number))}"
        for number in range(_FORMS)
    )


def _join_queries(*queries: str) -> str:
    return "&".join(filter(None, queries))


def sample_story_paths(database: Path, number: int, seed: int = 0) -> tuple[str, ...]:
    """Return the paths of some stories."""
    return tuple(f"/v1/articles/{quote(slug)}" for slug in sample_slugs(database, number, seed))


def select_queries(archive: Archive, field: str) -> tuple[str, ...]:
    """Return queries for values of medium frequency and for the rarest ones, alternately.

    Medium is the geometric mean of the ranks. All lists have more stories than a page, so that each
    page is the same amount of work.
    """
    return tuple(build_query(term) for term in _terms_asked(archive, field))


def query_sizes(archive: Archive, field: str) -> tuple[int, int]:
    """Return the number of stories in the shortest and in the longest of these lists."""
    sizes = [archive.counts[term] for term in _terms_asked(archive, field)]
    return min(sizes), max(sizes)


def build_query(term: Term) -> str:
    """Return the query for the stories with a term; a pair is two filters."""
    field, value = term
    values = value.split() if "+" in field else [value]
    return urlencode(list(zip(field.split("+"), values, strict=True)))


def _terms_asked(archive: Archive, field: str) -> list[Term]:
    known = archive.counts
    terms = [term for term in known if term[0] == field and known[term] > _FULL_PAGE]
    if not terms:
        raise ValueError(f"No list by {field} fills a page.")
    # The term breaks ties, so that every run sends the same requests.
    terms.sort(key=lambda term: (-known[term], term))
    middle = max(0, int(sqrt(len(terms))) - _VALUES // 2)
    pairs = zip(terms[middle:][:_VALUES], terms[-_VALUES:], strict=True)
    return [term for pair in pairs for term in pair]


def build_distinct_filter(number: int) -> str:
    """Return a parameter that does not change a list; each number gives a different one."""
    moment = _LATER + timedelta(seconds=number)
    return urlencode({"published_before": moment.strftime("%Y-%m-%dT%H:%M:%SZ")})
