"""The words of an index: how rare they are, their families, and their completions."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any, Protocol

from app.kit.bounded_cache import BoundedCache
from app.search.analysis.languages import has_stems, primary_language
from app.search.analysis.stemming import stem, stem_prefixes
from app.search.text_fields import LANGUAGE, TEXT

# So many candidates are examined for words of one stem; so many are kept, the most frequent first.
_MOST_CANDIDATES = 400
_MOST_RELATED = 24
# So many languages are always searched, the most frequent ones of the index; so many at most.
_MOST_LANGUAGES, _ALL_LANGUAGES = 5, 50
# A word in at most so many stories, or so large a share, may belong to a less frequent language.
_RARE_COUNT, _RARE_SHARE = 2, 0.02
_SHORTEST_STEMMED = 3
# Hebrew writes no vowels: many of its nouns have two letters.
_SHORTEST_STEMMED_HEBREW = 2
# Families by requested languages and word: cached as long as the index state is read.
FamilyCache = BoundedCache[tuple[tuple[str, ...], str], dict[str, int]]
# Bytes of the cache, of a family, and of each word in it.
_CACHE_BYTES, _FAMILY_BYTES, _WORD_BYTES = 8 * 2**20, 700, 150


class TermStatistics(Protocol):
    """Term statistics of an index; a searcher of the engine implements this."""

    @property
    def num_docs(self) -> int:
        """Return the number of stories."""
        ...

    def doc_freq(self, field_name: str, field_value: Any) -> int:
        """Return the number of stories with a word."""
        ...

    def terms_with_prefix(
        self, field_name: str, prefix: str, *, limit: int | None = None
    ) -> list[tuple[str, int]]:
        """Return the words with a prefix and their number of stories, the most frequent first."""
        ...


def new_family_cache() -> FamilyCache:
    """Return an empty cache of families."""
    return BoundedCache(_CACHE_BYTES, _weigh)


def _weigh(key: tuple[tuple[str, ...], str], family: Mapping[str, int]) -> int:
    return _FAMILY_BYTES + len(key[1]) + len(family) * _WORD_BYTES


class Vocabulary:
    """The words of one index state, for a search in some languages.

    `text` is the field that has all the words that a search may find.
    """

    def __init__(
        self,
        dictionary: TermStatistics,
        requested: Sequence[str] = (),
        families: FamilyCache | None = None,
        *,
        text: str = TEXT,
    ) -> None:
        """Read an index; without `requested` tags the languages of the index are used.

        `families` is a cache that is shared with other combinations of languages.
        """
        self._dictionary = dictionary
        self.text = text
        self.stories = max(dictionary.num_docs, 1)
        self.languages = self._requested = tuple(dict.fromkeys(map(primary_language, requested)))
        self._rare_languages: tuple[str, ...] = ()
        if not self.languages:
            languages = tuple(self.words_with_prefix("", _ALL_LANGUAGES, LANGUAGE))
            self.languages, self._rare_languages = (
                languages[:_MOST_LANGUAGES],
                languages[_MOST_LANGUAGES:],
            )
        self._families = new_family_cache() if families is None else families

    def count(self, word: str, field: str | None = None) -> int:
        """Return the number of stories with a word."""
        return self._dictionary.doc_freq(field or self.text, word)

    def find_family(self, word: str) -> dict[str, int]:
        """Return the words that share a stem with a word, and their number of stories."""
        key = (self._requested, word)
        family = self._families.get(key)
        if family is None:
            family = self._families[key] = self._collect_family(word)
        return dict(family)

    def words_with_prefix(self, start: str, most: int, field: str | None = None) -> dict[str, int]:
        """Return the most frequent words with a prefix."""
        return dict(self._dictionary.terms_with_prefix(field or self.text, start, limit=most))

    def estimate_stories(self, counts: Mapping[str, int]) -> float:
        """Estimate in how many stories any of several words occurs."""
        share_without = math.prod(1 - min(count / self.stories, 1) for count in counts.values())
        return self.stories * (1 - share_without)

    def idf(self, count: float) -> float:
        """Return the engine's inverse document frequency for a word in so many stories."""
        stories = max(self.stories, count)
        return math.log(1 + (stories - count + 0.5) / (count + 0.5))

    def _languages_for_rare_word(self, count: int) -> tuple[str, ...]:
        """Return the less frequent languages for a rare word.

        A frequent word belongs to one of the frequent languages; in others it would match unrelated
        words.
        """
        return self._rare_languages if count <= max(_RARE_COUNT, _RARE_SHARE * self.stories) else ()

    def _collect_family(self, word: str) -> dict[str, int]:
        family = {word: count} if (count := self.count(word)) else {}
        # Most languages look up the same prefixes.
        find_words = cache(partial(self.words_with_prefix, most=_MOST_CANDIDATES))
        for language in (*self.languages, *self._languages_for_rare_word(count)):
            if len(word) >= _shortest_stemmed(language) and has_stems(language, word):
                family |= _find_family(language, word, find_words)
        most = sorted(family.items(), key=lambda pair: (pair[0] != word, -pair[1]))
        return dict(most[:_MOST_RELATED])


def _shortest_stemmed(language: str) -> int:
    return _SHORTEST_STEMMED_HEBREW if language == "he" else _SHORTEST_STEMMED


def _find_family(
    language: str, word: str, find_words: Callable[[str], Mapping[str, int]]
) -> dict[str, int]:
    root = stem(language, word)
    return {
        other: count
        for start in stem_prefixes(language, word)
        for other, count in find_words(start).items()
        if stem(language, other) == root
    }
