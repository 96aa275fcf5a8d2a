"""Telling whether one story is a copy of another, or nearly so."""

import re

from app.delivery.snapshot import PublicStory

_WORD = re.compile(r"\w+")
_RUN = 4
# The share of runs of words that two stories have in common, of those of the shorter one.
_NEARLY = 0.5
_MOST_WORDS = 2_000


def is_near_copy(one: PublicStory, other: PublicStory) -> bool:
    """Tell whether two stories say the same in nearly the same words."""
    first, second = _runs(one), _runs(other)
    shorter = min(len(first), len(second))
    return shorter > 0 and len(first & second) > _NEARLY * shorter


def _runs(story: PublicStory) -> set[int]:
    """Return the runs of words of a story, as hashes; of a short one, its words."""
    text = f"{story.title} {story.body or story.summary}".casefold()
    words = _WORD.findall(text)[:_MOST_WORDS]
    count = max(1, len(words) - _RUN + 1)
    return {hash(tuple(words[start : start + _RUN])) for start in range(count)}
