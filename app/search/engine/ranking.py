"""The order by relevance: the engine's score, raised a little for what is recent."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import mul
from typing import Any, NamedTuple, cast

from tantivy import DocAddress, Query, Searcher

from app.kit.clock import to_micros
from app.search.engine import facets
from app.search.index import MOST_RELEVANT, Ask

# A story of this moment counts so much more than one that is old, and half of that after a while.
RECENT_IS_WORTH = 0.2
HALF_AFTER_DAYS = 30
# The best are ranked anew in bands that end here, or where the score of the engine changes next:
# so each page of a walk is cut from the same order, and a first page looks at few stories. Each
# that is looked at takes its share of a search.
_BANDS = (100, 300, MOST_RELEVANT)
_DAY = 86_400_000_000
# By age in days; what is older than the last counts like the last.
_OLDEST = 20 * HALF_AFTER_DAYS
_BOOSTS: list[float] = [
    1 + RECENT_IS_WORTH * 0.5 ** (age / HALF_AFTER_DAYS) for age in range(_OLDEST + 1)
]


class Ranked(NamedTuple):
    """A story with its score and its instant; `beside` tells in which index it stands."""

    score: float
    published_at: int
    tie: int
    beside: bool
    address: DocAddress


class Best(NamedTuple):
    """The most relevant stories, the best first, and how many there are in all."""

    stories: Sequence[Ranked]
    total: int | None


class _Scored(NamedTuple):
    """A story with the engine's score; `side` is the number of the index it stands in."""

    score: float
    side: int
    address: DocAddress


def best(sides: Sequence[tuple[Searcher, Query]], ask: Ask) -> Best:
    """Return the most relevant stories in an index and perhaps one beside it, in a lasting order.

    There is one more than the page takes, if there is one: so that is known.
    """
    wanted = min(ask.offset + ask.limit, MOST_RELEVANT)
    total: int | None = None
    found: list[_Scored] = []
    for most in _BANDS:
        if wanted <= most:
            answers = [one.search(q, most + 1, count=ask.counted and not found) for one, q in sides]
            if ask.counted and not found:
                total = sum(map(facets.counted, answers))
            found = _joined([answer.hits for answer in answers])[: most + 1]
            if _is_end(found, most):
                break
    today = to_micros(ask.now) // _DAY
    searchers = [one for one, _ in sides]
    ranked = [one for band in _bands(found) for one in _ranked(searchers, band, today)]
    return Best(ranked, total)


def _joined(sides: Sequence[Sequence[tuple[Any, DocAddress]]]) -> list[_Scored]:
    """Return what was found in an index and beside it, by the engine's score.

    A word's rarity weighs in each, and in a small index none is rare: scores there are raised
    so that the best of both are equal. It concerns stories of the last second.
    """
    top = sides[0][0][0] if sides[0] else None
    found: list[_Scored] = []
    for side, hits in enumerate(sides):
        factor = top / hits[0][0] if side and hits and top is not None else 1.0
        found += [_Scored(score * factor, side, address) for score, address in hits]
    if len(sides) > 1:
        found.sort(key=lambda one: -one.score)
    return found


def _is_end(found: Sequence[_Scored], most: int) -> bool:
    """Tell whether a band ends after so many: stories that fit equally well stay together."""
    return len(found) <= most or found[most - 1].score != found[most].score


def _bands(found: Sequence[_Scored]) -> Iterator[Sequence[_Scored]]:
    """Yield what is ranked together, the same in all that was found as in its beginning."""
    start = 0
    for most in _BANDS[:-1]:
        end = max(start, most)
        while not _is_end(found, end):
            end += 1
        yield found[start:end]
        start = end
    yield found[start:]


def page(found: Sequence[Ranked], ask: Ask) -> tuple[Sequence[Ranked], bool]:
    """Return a page, and whether there is more after it that can be reached."""
    end = min(ask.offset + ask.limit, MOST_RELEVANT)
    return found[ask.offset : end], end < min(len(found), MOST_RELEVANT)


def _ranked(searchers: Sequence[Searcher], band: Sequence[_Scored], today: int) -> list[Ranked]:
    """Return stories by score and instant, the best first."""
    published = _column(searchers, band, "published_at")
    boosts = [_BOOSTS[max(0, min(today - at // _DAY, _OLDEST))] for at in published]
    scores = list(map(mul, (one.score for one in band), boosts))
    ties = [0] * len(band)
    numbers = range(len(band))
    rows = sorted(zip(scores, published, ties, numbers, strict=True), reverse=True)
    if any(first[:2] == second[:2] for first, second in pairwise(rows)):
        # Of one score and one instant: an order that outlasts the files of the engine.
        ties = _column(searchers, band, "tie")
        rows = sorted(zip(scores, published, ties, numbers, strict=True), reverse=True)
    return [Ranked(score, at, tie, band[n].side > 0, band[n].address) for score, at, tie, n in rows]


def _column(searchers: Sequence[Searcher], band: Sequence[_Scored], name: str) -> list[int]:
    """Return a number of each story, asking each index at once for all of its own."""
    values = []
    for side, searcher in enumerate(searchers):
        addresses = [one.address for one in band if one.side == side]
        values.append(iter(cast("list[int]", searcher.fast_field_values(name, addresses))))
    return [next(values[one.side]) for one in band]
