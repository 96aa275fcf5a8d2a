"""Detect near duplicates of a story."""

import re

from app.delivery.snapshot import PublicStory

_WORD = re.compile(r"\w+")
_SHINGLE_WORDS = 4
# Share of common shingles, of those of the shorter story.
_MIN_OVERLAP = 0.5
_MOST_WORDS = 2_000


def is_near_duplicate(story: PublicStory, other: PublicStory) -> bool:
    """Tell whether two stories have nearly the same words in the same order."""
    first, second = _hash_shingles(story), _hash_shingles(other)
    shorter = min(len(first), len(second))
    return shorter > 0 and len(first & second) > _MIN_OVERLAP * shorter


def _hash_shingles(story: PublicStory) -> set[int]:
    """Return hashes of the shingles of a story; a short story is one shingle."""
    text = f"{story.title} {story.body or story.summary}".casefold()
    words = _WORD.findall(text)[:_MOST_WORDS]
    count = max(1, len(words) - _SHINGLE_WORDS + 1)
    return {hash(tuple(words[start : start + _SHINGLE_WORDS])) for start in range(count)}
