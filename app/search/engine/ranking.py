"""Order by relevance: the engine's score with a small boost for recent stories."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import itemgetter
from typing import Any, NamedTuple, cast

from tantivy import DocAddress, Query, Searcher

from app.kit.clock import to_micros
from app.search.engine import facets
from app.search.index import MOST_RELEVANT, IndexQuery

# A story published now scores higher than an old one by this share; half of it after so many days.
RECENT_IS_WORTH = 0.2
HALF_AFTER_DAYS = 30
# Stories are ranked again in bands. A band ends at one of these counts, or where the engine's score
# changes next. So every page is cut from the same order, and the first page reads few stories.
_BANDS = (100, 300, MOST_RELEVANT)
_DAY = 86_400_000_000
# By age in days; older stories count like the last entry.
_OLDEST = 20 * HALF_AFTER_DAYS
_BOOSTS: list[float] = [
    1 + RECENT_IS_WORTH * 0.5 ** (age / HALF_AFTER_DAYS) for age in range(_OLDEST + 1)
]


# Score, number of the index, address in that index. A plain tuple, because a search creates a
# hundred of them and shows twenty.
Scored = tuple[float, int, DocAddress]


class RankedStories(NamedTuple):
    """The most relevant stories, the best first, and the total."""

    stories: Sequence[Scored]
    total: int | None


def rank_best(sides: Sequence[tuple[Searcher, Query]], request: IndexQuery) -> RankedStories:
    """Return the most relevant stories of the index and its overlay, in a stable order.

    The result has one story more than the page if there is one, so that the next page is known.
    """
    wanted = min(request.offset + request.limit, MOST_RELEVANT)
    total: int | None = None
    stories: list[Scored] = []
    for most in _BANDS:
        if wanted <= most:
            answers = [
                searcher.search(q, most + 1, count=request.count_total and not stories)
                for searcher, q in sides
            ]
            if request.count_total and not stories:
                total = sum(map(facets.total_of, answers))
            stories = _merge([answer.hits for answer in answers])[: most + 1]
            if _is_end(stories, most):
                break
    today = to_micros(request.now) // _DAY
    searchers = [searcher for searcher, _ in sides]
    ranked = [story for band in _bands(stories) for story in _rank(searchers, band, today)]
    return RankedStories(ranked, total)


def _merge(sides: Sequence[Sequence[tuple[Any, DocAddress]]]) -> list[Scored]:
    """Return the hits of the index and its overlay, by the engine's score.

    A score depends on how rare a word is in its index. In the small overlay no word is rare, so its
    scores are scaled until the best scores of both are equal. This concerns stories of the last
    second.
    """
    top = sides[0][0][0] if sides[0] else None
    stories: list[Scored] = []
    for side, hits in enumerate(sides):
        factor = top / hits[0][0] if side and hits and top is not None else 1.0
        stories += [(score * factor, side, address) for score, address in hits]
    if len(sides) > 1:
        stories.sort(key=itemgetter(0), reverse=True)
    return stories


def _is_end(stories: Sequence[Scored], most: int) -> bool:
    """Tell whether a band may end after `most` stories: equal scores stay in one band."""
    return len(stories) <= most or stories[most - 1][0] != stories[most][0]


def _bands(stories: Sequence[Scored]) -> Iterator[Sequence[Scored]]:
    """Yield the bands; the first bands do not depend on how many stories follow."""
    start = 0
    for most in _BANDS[:-1]:
        end = max(start, most)
        while not _is_end(stories, end):
            end += 1
        yield stories[start:end]
        start = end
    yield stories[start:]


def cut_page(stories: Sequence[Scored], request: IndexQuery) -> tuple[Sequence[Scored], bool]:
    """Return a page, and whether a reachable page follows."""
    end = min(request.offset + request.limit, MOST_RELEVANT)
    return stories[request.offset : end], end < min(len(stories), MOST_RELEVANT)


def _rank(searchers: Sequence[Searcher], band: Sequence[Scored], today: int) -> list[Scored]:
    """Return stories by boosted score and instant, the best first."""
    published = _load_column(searchers, band, "published_at")
    boosts = [_boost(today - at // _DAY) for at in published]
    scores = [story[0] * boost for story, boost in zip(band, boosts, strict=True)]
    rows = sorted(zip(scores, published, range(len(band)), strict=True), reverse=True)
    if _has_ties(rows):
        # Equal in score and instant: the tie breaker is independent of the engine's files.
        ties = _load_column(searchers, band, "tie")
        rows.sort(key=lambda row: (row[0], row[1], ties[row[2]], row[2]), reverse=True)
    return [(score, band[number][1], band[number][2]) for score, _, number in rows]


def _boost(age: int) -> float:
    """Return the boost of a story by its age in days."""
    return _BOOSTS[age] if 0 <= age < _OLDEST else _BOOSTS[0 if age < 0 else _OLDEST]


def _has_ties(rows: Sequence[tuple[float, int, int]]) -> bool:
    """Tell whether two neighbours have the same score and instant."""
    return any(first[0] == other[0] and first[1] == other[1] for first, other in pairwise(rows))


def _load_column(searchers: Sequence[Searcher], band: Sequence[Scored], name: str) -> list[int]:
    """Return a column of numbers for a band, with one call for each index."""
    if len(searchers) == 1:
        return _load_values(searchers[0], name, [address for _, _, address in band])
    values = []
    for number, searcher in enumerate(searchers):
        addresses = [address for _, side, address in band if side == number]
        values.append(iter(_load_values(searcher, name, addresses)))
    return [next(values[side]) for _, side, _ in band]


def _load_values(searcher: Searcher, name: str, addresses: list[DocAddress]) -> list[int]:
    return cast("list[int]", searcher.fast_field_values(name, addresses))
