"""The order by relevance: the engine's score, raised a little for what is recent."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from tantivy import DocAddress, Query, Searcher

from app.kit.clock import to_micros
from app.search.engine import facets
from app.search.index import MOST_RELEVANT

# A story of this moment counts so much more than one that is old, and half of that after a while.
RECENT_IS_WORTH = 0.2
HALF_AFTER_DAYS = 30
_HALF_AFTER = HALF_AFTER_DAYS * 86_400_000_000


class Ranked(NamedTuple):
    """A story with its score; `beside` says that it stands in the second index."""

    score: float
    published_at: int
    beside: bool
    address: DocAddress


class Best(NamedTuple):
    """The most relevant stories, the best first, and how many there are in all."""

    stories: list[Ranked]
    total: int | None


def best(searcher: Searcher, query: Query, now: datetime, *, counted: bool, beside: bool) -> Best:
    """Return the most relevant stories that a query finds, in a lasting order."""
    answer = searcher.search(query, MOST_RELEVANT + 1, count=counted)
    addresses = [address for _, address in answer.hits]
    published = searcher.fast_field_values("published_at", addresses)
    moment = to_micros(now)
    found = [
        Ranked(score * _boost(moment - int(at or 0)), int(at or 0), beside, address)
        for (score, address), at in zip(answer.hits, published, strict=True)
    ]
    return Best(_in_order(searcher, found), facets.counted(answer) if counted else None)


def merged(one: Best, other: Best) -> Best:
    """Return the best of two indexes.

    A word's rarity weighs in each, and in a small index none is rare: scores there are raised
    so that the best of both are equal. It concerns stories of the last second.
    """
    if not other.stories:
        return Best(one.stories, _sum(one.total, other.total))
    factor = one.stories[0].score / other.stories[0].score if one.stories else 1.0
    raised = [story._replace(score=story.score * factor) for story in other.stories]
    both = sorted([*raised, *one.stories], key=_descending)
    return Best(both, _sum(one.total, other.total))


def _in_order(searcher: Searcher, found: list[Ranked]) -> list[Ranked]:
    found.sort(key=_descending)
    keys = {(one.score, one.published_at) for one in found}
    if len(keys) == len(found):
        return found
    ties = searcher.fast_field_values("tie", [one.address for one in found])
    order = sorted(
        zip(found, ties, strict=True), key=lambda one: (*_descending(one[0]), -int(one[1] or 0))
    )
    return [one for one, _ in order]


def _boost(age: int) -> float:
    return float(1 + RECENT_IS_WORTH * 0.5 ** (max(age, 0) / _HALF_AFTER))


def _descending(one: Ranked) -> tuple[float, int]:
    return -one.score, -one.published_at


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


def window(found: Sequence[Ranked], offset: int, limit: int) -> tuple[Sequence[Ranked], bool]:
    """Return a page, and whether there is more after it that can be reached."""
    end = min(offset + limit, MOST_RELEVANT)
    return found[offset:end], end < min(len(found), MOST_RELEVANT)
