"""Spelling correction with the words of the index."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from heapq import nsmallest

from rapidfuzz.distance import DamerauLevenshtein
from rapidfuzz.process import extract

from app.search.query.parser import QueryPart
from app.search.query.units import fold_part
from app.search.vocabulary import Vocabulary

_SHORTEST = 4
_TWO_EDITS_FROM = 8
_MOST_CANDIDATES = 4_000
_MOST_WORDS = 4
# So many of the nearest words are looked up in the stories that a reader may find.
_MOST_NEAREST = 8
_ALPHABETS = ("abcdefghijklmnopqrstuvwxyz", "ابتثجحخدذرزسشصضطظعغفقكلمنهوي")
# A word in at most so many stories may be misspelt. Its correction must be so many times as
# frequent.
_RARE_COUNT = 2
_MIN_RATIO = 100


class SpellingCorrector:
    """Corrects the words of one query; only the first few, because a look-up takes time.

    One edit is allowed from four letters on, two from eight. The first letter is taken as correct,
    unless it was doubled or transposed.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        most: int = _MOST_WORDS,
        is_allowed: Callable[[str], bool] = lambda _: True,
    ) -> None:
        """Look up at most `most` words in an index; corrections are words that are allowed."""
        self._vocabulary = vocabulary
        self._left = most
        self._is_allowed = is_allowed

    def correct(self, word: str, count: int) -> str | None:
        """Return the correction of a word that occurs in `count` stories, or None."""
        if count > _RARE_COUNT or len(word) < _SHORTEST or not word.isalpha() or not self._left:
            return None
        self._left -= 1
        near = self._find_nearest(word)
        return near[0] if near and near[1] >= _MIN_RATIO * count else None

    def _find_nearest(self, word: str) -> tuple[str, int] | None:
        """Return the word with the fewest edits, the most frequent in a tie, and its count."""
        for starts in ([word[:3]], _alternative_prefixes(word)):
            candidates = (
                near for start in starts for near in _find_near(word, start, self._vocabulary)
            )
            for _, count, other in nsmallest(_MOST_NEAREST, candidates):
                if self._is_allowed(other):
                    return other, -count
        return None


def correct_part(part: QueryPart, corrections: Mapping[str, str]) -> QueryPart:
    """Return a part of a query with its misspelt words replaced."""
    words = () if part.phrase else fold_part(part)
    if not any(word in corrections for word in words):
        return part
    return replace(part, words=("-".join(corrections.get(word, word) for word in words),))


def _find_near(word: str, start: str, vocabulary: Vocabulary) -> Iterator[tuple[int, int, str]]:
    known = vocabulary.words_with_prefix(start, _MOST_CANDIDATES)
    slips = 2 if len(word) >= _TWO_EDITS_FROM else 1
    near = extract(
        word, known.keys(), scorer=DamerauLevenshtein.distance, score_cutoff=slips, limit=None
    )
    for other, distance, _ in near:
        if distance and other.isalpha():
            yield int(distance), -known[other], other


def _alternative_prefixes(word: str) -> Iterator[str]:
    """Yield prefixes of the intended word: third letter wrong, second transposed, lost or wrong."""
    yield from dict.fromkeys((word[:2], word[0] + word[2], word[1] + word[0], word[1:3]))
    for alphabet in _ALPHABETS:
        if word[1] in alphabet:
            yield from (word[0] + letter + word[2] for letter in alphabet)
