"""The words of an index: how rare they are, which belong together, and which complete others."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any, Protocol

from app.kit.bounded_cache import BoundedCache
from app.search.analysis.languages import has_stems, primary
from app.search.analysis.stemming import beginnings, stem
from app.search.text import SPOKEN, TEXT

# Looked through for words of one stem, and kept of them, the most frequent first.
_MOST_LOOKED_AT = 400
_MOST_RELATED = 24
# Of all languages of an index, those that most stories are in; and all that may be asked.
_MOST_LANGUAGES, _ALL_LANGUAGES = 5, 50
# A word that no more than so large a share of stories has may be one of the other languages.
_RARE, _SELDOM = 2, 0.02
_SHORTEST_WITH_STEM = 3
# Hebrew writes no vowels: many of its nouns have two letters.
_SHORTEST_HEBREW = 2
# Families of words by the languages that were asked for and the word: remembered for as long as
# the state of the index is read.
Families = BoundedCache[tuple[tuple[str, ...], str], dict[str, int]]
# Bytes of them, and what a family and each of its words take.
_MOST_REMEMBERED, _OF_A_FAMILY, _OF_A_WORD = 8 * 2**20, 700, 150


class Dictionary(Protocol):
    """What has to be known of an index; a searcher of the engine knows it."""

    @property
    def num_docs(self) -> int:
        """Return how many stories there are."""
        ...

    def doc_freq(self, field_name: str, field_value: Any) -> int:
        """Return in how many of them a word stands."""
        ...

    def terms_with_prefix(
        self, field_name: str, prefix: str, *, limit: int | None = None
    ) -> list[tuple[str, int]]:
        """Return the words that begin so, with the number of stories of each; the most first."""
        ...


def no_families() -> Families:
    """Return where families are remembered, with none."""
    return BoundedCache(_MOST_REMEMBERED, _weigh)


def _weigh(key: tuple[tuple[str, ...], str], family: Mapping[str, int]) -> int:
    return _OF_A_FAMILY + len(key[1]) + len(family) * _OF_A_WORD


class Vocabulary:
    """The words of one state of an index, as somebody sees them who looks for some languages."""

    def __init__(
        self,
        dictionary: Dictionary,
        asked: Sequence[str] = (),
        families: Families | None = None,
    ) -> None:
        """Look at an index; `asked` are tags of languages, and none means those it has.

        `families` are remembered together with those of other choices of languages.
        """
        self._dictionary = dictionary
        self.stories = max(dictionary.num_docs, 1)
        self.languages = self._asked = tuple(dict.fromkeys(map(primary, asked)))
        self._others: tuple[str, ...] = ()
        if not self.languages:
            spoken = tuple(self.beginning("", _ALL_LANGUAGES, SPOKEN))
            self.languages, self._others = spoken[:_MOST_LANGUAGES], spoken[_MOST_LANGUAGES:]
        self._families = no_families() if families is None else families

    def count(self, word: str, field: str = TEXT) -> int:
        """Return in how many stories a word stands."""
        return self._dictionary.doc_freq(field, word)

    def family(self, word: str) -> dict[str, int]:
        """Return the words of the index that share a stem with a word, and how many have each."""
        key = (self._asked, word)
        known = self._families.get(key)
        if known is None:
            known = self._families[key] = self._gathered(word)
        return dict(known)

    def beginning(self, start: str, most: int, field: str = TEXT) -> dict[str, int]:
        """Return the most frequent words that begin so."""
        return dict(self._dictionary.terms_with_prefix(field, start, limit=most))

    def together(self, counts: Mapping[str, int]) -> float:
        """Estimate in how many stories any of several words stands."""
        without = math.prod(1 - min(count / self.stories, 1) for count in counts.values())
        return self.stories * (1 - without)

    def rarity(self, count: float) -> float:
        """Return what the engine takes a word for that stands in so many stories (its IDF)."""
        stories = max(self.stories, count)
        return math.log(1 + (stories - count + 0.5) / (count + 0.5))

    def _unusual(self, count: int) -> tuple[str, ...]:
        """Return the languages that few stories are in, for a word that few stories have.

        A frequent word is one of the usual languages, and would meet strangers in the others.
        """
        return self._others if count <= max(_RARE, _SELDOM * self.stories) else ()

    def _gathered(self, word: str) -> dict[str, int]:
        found = {word: count} if (count := self.count(word)) else {}
        # Most languages look at the same beginnings.
        starting = cache(partial(self.beginning, most=_MOST_LOOKED_AT))
        for language in (*self.languages, *self._unusual(count)):
            if len(word) >= _shortest(language) and has_stems(language, word):
                found |= _family(language, word, starting)
        most = sorted(found.items(), key=lambda one: (one[0] != word, -one[1]))
        return dict(most[:_MOST_RELATED])


def _shortest(language: str) -> int:
    return _SHORTEST_HEBREW if language == "he" else _SHORTEST_WITH_STEM


def _family(
    language: str, word: str, starting: Callable[[str], Mapping[str, int]]
) -> dict[str, int]:
    root = stem(language, word)
    return {
        other: count
        for start in beginnings(language, word)
        for other, count in starting(start).items()
        if stem(language, other) == root
    }
