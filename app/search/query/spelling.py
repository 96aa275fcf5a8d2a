"""The words of an index that somebody meant who misspelt them."""

from collections.abc import Iterator

from rapidfuzz.distance import DamerauLevenshtein
from rapidfuzz.process import extract

from app.search.vocabulary import Vocabulary

_SHORTEST = 4
_TWO_FROM = 8
_MOST_LOOKED_AT = 4_000
_MOST_WORDS = 4
_ALPHABETS = ("abcdefghijklmnopqrstuvwxyz", "ابتثجحخدذرزسشصضطظعغفقكلمنهوي")
# A word that stands in no more stories than this may be a slip; another so many times as frequent
# is then what was meant.
_RARE = 2
_TIMES = 100


class Spelling:
    """Finds what was meant by the words of one query; only by the first few, for it takes time.

    One slip is forgiven in four letters, two in eight. Nobody mistakes the first letter, unless
    by doubling it or changing its place.
    """

    def __init__(self, vocabulary: Vocabulary, most: int = _MOST_WORDS) -> None:
        """Look up at most so many words in an index."""
        self._vocabulary = vocabulary
        self._left = most

    def meant(self, word: str, count: int) -> str | None:
        """Return what was meant by a word that stands in `count` stories, if not this word."""
        if count > _RARE or len(word) < _SHORTEST or not word.isalpha() or not self._left:
            return None
        self._left -= 1
        near = _nearest(word, self._vocabulary)
        return near[0] if near and near[1] >= _TIMES * count else None


def _nearest(word: str, vocabulary: Vocabulary) -> tuple[str, int] | None:
    """Return the word with the fewest slips, the most frequent of several, and its count."""
    for starts in ([word[:3]], _other_starts(word)):
        found = [one for start in starts for one in _near(word, start, vocabulary)]
        if found:
            _, count, other = min(found)
            return other, -count
    return None


def _near(word: str, start: str, vocabulary: Vocabulary) -> Iterator[tuple[int, int, str]]:
    known = vocabulary.beginning(start, _MOST_LOOKED_AT)
    slips = 2 if len(word) >= _TWO_FROM else 1
    near = extract(
        word, known.keys(), scorer=DamerauLevenshtein.distance, score_cutoff=slips, limit=None
    )
    for other, distance, _ in near:
        if distance and other.isalpha():
            yield int(distance), -known[other], other


def _other_starts(word: str) -> Iterator[str]:
    """Yield how the word meant may begin: the third letter wrong, the second moved, lost, wrong."""
    yield from dict.fromkeys((word[:2], word[0] + word[2], word[1] + word[0], word[1:3]))
    for alphabet in _ALPHABETS:
        if word[1] in alphabet:
            yield from (word[0] + letter + word[2] for letter in alphabet)
