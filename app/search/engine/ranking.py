"""The order by relevance: the engine's score, raised a little for what is recent."""

from collections.abc import Sequence
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
# Pages that end so far down are chosen from so many of the engine's best; later ones from all in
# reach. Each that is looked at takes its share of a search.
_CHOSEN_FROM = ((40, 100), (100, 300), (MOST_RELEVANT, MOST_RELEVANT + 1))
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


def best(searcher: Searcher, query: Query, ask: Ask, *, beside: bool) -> Best:
    """Return the most relevant stories that a query finds, in a lasting order."""
    wanted = ask.offset + ask.limit
    window = next((most for end, most in _CHOSEN_FROM if wanted <= end), MOST_RELEVANT + 1)
    answer = searcher.search(query, window, count=ask.counted)
    total = facets.counted(answer) if ask.counted else None
    hits = answer.hits
    ranked = _ranked(searcher, hits, to_micros(ask.now) // _DAY)
    # One more than the page: whether there is another.
    page = ranked[: wanted + 1]
    found = [Ranked(score, at, tie, beside, hits[n][1]) for score, at, tie, n in page]
    return Best(found, total)


def merged(one: Best, other: Best) -> Best:
    """Return the best of two indexes.

    A word's rarity weighs in each, and in a small index none is rare: scores there are raised
    so that the best of both are equal. It concerns stories of the last second.
    """
    if not other.stories:
        return Best(one.stories, _sum(one.total, other.total))
    factor = one.stories[0].score / other.stories[0].score if one.stories else 1.0
    raised = [story._replace(score=story.score * factor) for story in other.stories]
    both = sorted([*raised, *one.stories], key=lambda story: story[:3], reverse=True)
    return Best(both, _sum(one.total, other.total))


def page(found: Sequence[Ranked], ask: Ask) -> tuple[Sequence[Ranked], bool]:
    """Return a page, and whether there is more after it that can be reached."""
    end = min(ask.offset + ask.limit, MOST_RELEVANT)
    return found[ask.offset : end], end < min(len(found), MOST_RELEVANT)


def _ranked(
    searcher: Searcher, hits: Sequence[tuple[Any, DocAddress]], today: int
) -> list[tuple[float, int, int, int]]:
    """Return score, instant, tie and number of hits, the best first."""
    addresses = [address for _, address in hits]
    published = cast("list[int]", searcher.fast_field_values("published_at", addresses))
    boosts = [_BOOSTS[max(0, min(today - at // _DAY, _OLDEST))] for at in published]
    scores = list(map(mul, (score for score, _ in hits), boosts))
    ties = [0] * len(hits)
    rows = sorted(zip(scores, published, ties, range(len(hits)), strict=True), reverse=True)
    if any(first[:2] == second[:2] for first, second in pairwise(rows)):
        # Of one score and one instant: an order that outlasts the files of the engine.
        ties = cast("list[int]", searcher.fast_field_values("tie", addresses))
        rows = sorted(zip(scores, published, ties, range(len(hits)), strict=True), reverse=True)
    return rows


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other
