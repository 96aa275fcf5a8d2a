"""The order by relevance: the engine's score, raised a little for what is recent."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import itemgetter
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


# A story with its score, the number of the index it stands in, and its place there: a plain tuple,
# since a search makes a hundred of them, and twenty are shown.
Scored = tuple[float, int, DocAddress]


class Best(NamedTuple):
    """The most relevant stories, the best first, and how many there are in all."""

    stories: Sequence[Scored]
    total: int | None


def best(sides: Sequence[tuple[Searcher, Query]], ask: Ask) -> Best:
    """Return the most relevant stories in an index and perhaps one beside it, in a lasting order.

    There is one more than the page takes, if there is one: so that is known.
    """
    wanted = min(ask.offset + ask.limit, MOST_RELEVANT)
    total: int | None = None
    found: list[Scored] = []
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


def _joined(sides: Sequence[Sequence[tuple[Any, DocAddress]]]) -> list[Scored]:
    """Return what was found in an index and beside it, by the engine's score.

    A word's rarity weighs in each, and in a small index none is rare: scores there are raised
    so that the best of both are equal. It concerns stories of the last second.
    """
    top = sides[0][0][0] if sides[0] else None
    found: list[Scored] = []
    for side, hits in enumerate(sides):
        factor = top / hits[0][0] if side and hits and top is not None else 1.0
        found += [(score * factor, side, address) for score, address in hits]
    if len(sides) > 1:
        found.sort(key=itemgetter(0), reverse=True)
    return found


def _is_end(found: Sequence[Scored], most: int) -> bool:
    """Tell whether a band ends after so many: stories that fit equally well stay together."""
    return len(found) <= most or found[most - 1][0] != found[most][0]


def _bands(found: Sequence[Scored]) -> Iterator[Sequence[Scored]]:
    """Yield what is ranked together, the same in all that was found as in its beginning."""
    start = 0
    for most in _BANDS[:-1]:
        end = max(start, most)
        while not _is_end(found, end):
            end += 1
        yield found[start:end]
        start = end
    yield found[start:]


def page(found: Sequence[Scored], ask: Ask) -> tuple[Sequence[Scored], bool]:
    """Return a page, and whether there is more after it that can be reached."""
    end = min(ask.offset + ask.limit, MOST_RELEVANT)
    return found[ask.offset : end], end < min(len(found), MOST_RELEVANT)


def _ranked(searchers: Sequence[Searcher], band: Sequence[Scored], today: int) -> list[Scored]:
    """Return stories by score and instant, the best first."""
    published = _column(searchers, band, "published_at")
    boosts = [_boost(today - at // _DAY) for at in published]
    scores = [one[0] * boost for one, boost in zip(band, boosts, strict=True)]
    rows = sorted(zip(scores, published, range(len(band)), strict=True), reverse=True)
    if _has_ties(rows):
        # Of one score and one instant: an order that outlasts the files of the engine.
        ties = _column(searchers, band, "tie")
        rows.sort(key=lambda one: (one[0], one[1], ties[one[2]], one[2]), reverse=True)
    return [(score, band[number][1], band[number][2]) for score, _, number in rows]


def _boost(age: int) -> float:
    """Return what a story counts for that is so many days old."""
    return _BOOSTS[age] if 0 <= age < _OLDEST else _BOOSTS[0 if age < 0 else _OLDEST]


def _has_ties(rows: Sequence[tuple[float, int, int]]) -> bool:
    """Tell whether two that follow one another have the same score and the same instant."""
    return any(one[0] == other[0] and one[1] == other[1] for one, other in pairwise(rows))


def _column(searchers: Sequence[Searcher], band: Sequence[Scored], name: str) -> list[int]:
    """Return a number of each story, asking each index at once for all of its own."""
    if len(searchers) == 1:
        return _values(searchers[0], name, [address for _, _, address in band])
    values = []
    for number, searcher in enumerate(searchers):
        addresses = [address for _, side, address in band if side == number]
        values.append(iter(_values(searcher, name, addresses)))
    return [next(values[side]) for _, side, _ in band]


def _values(searcher: Searcher, name: str, addresses: list[DocAddress]) -> list[int]:
    return cast("list[int]", searcher.fast_field_values(name, addresses))
