"""Vocabulary of an index and its overlay together.

The engine's term dictionary keeps words of removed stories until segments are merged. So before a
spelling correction is shown, the corrected word is looked up in the stories that exist.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from tantivy import Searcher

from app.kit.bounded_cache import BoundedCache
from app.search.engine.schema import SCHEMA
from app.search.query.compiler import CompiledQuery, compile_with_vocabulary
from app.search.query.parser import ParsedQuery
from app.search.text_fields import HEADLINE, TEXT
from app.search.vocabulary import Vocabulary, new_family_cache

# So many words of removed stories are skipped for one correction.
_MOST_FORGOTTEN = 8
# So many combinations of languages are cached.
_MOST_CHOICES = 20
# Size of the cache of compiled queries, and the size of an entry for each of its words.
_MOST_BYTES, _WORD_BYTES = 8 * 2**20, 8_000


class MergedStatistics:
    """Term statistics summed over several indexes."""

    def __init__(self, searchers: Sequence[Searcher], hidden: Collection[str] = ()) -> None:
        """Sum some indexes; words of `hidden` are reported in none of them."""
        self._searchers = searchers
        self._hidden = hidden

    @property
    def num_docs(self) -> int:
        """Count the stories."""
        return sum(searcher.num_docs for searcher in self._searchers)

    def doc_freq(self, field_name: str, field_value: Any) -> int:
        """Count the stories with a word."""
        if field_value in self._hidden:
            return 0
        return sum(searcher.doc_freq(field_name, field_value) for searcher in self._searchers)

    def terms_with_prefix(
        self, field_name: str, prefix: str, *, limit: int | None = None
    ) -> list[tuple[str, int]]:
        """Return the words with a prefix, those of the most stories first."""
        counts: Counter[str] = Counter()
        for searcher in self._searchers:
            for word, count in searcher.terms_with_prefix(field_name, prefix, limit=limit):
                if word not in self._hidden:
                    counts[word] += count
        return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:limit]


class VocabularyCache:
    """Vocabularies of one index state, cached for each combination of languages.

    Compiled queries are cached, too: an index state and its words do not change.
    """

    def __init__(self, searchers: Sequence[Searcher]) -> None:
        """Use the words of some indexes together."""
        self._searchers = searchers
        self._known: dict[tuple[tuple[str, ...], str], Vocabulary] = {}
        self._families = {text: new_family_cache() for text in (TEXT, HEADLINE)}
        self._compiled: BoundedCache[
            tuple[ParsedQuery, tuple[str, ...], str, bool], CompiledQuery
        ] = BoundedCache(_MOST_BYTES, lambda key, _: _WORD_BYTES * (1 + len(key[0].text.split())))

    def for_languages(self, languages: Sequence[str], text: str = TEXT) -> Vocabulary:
        """Return the vocabulary of a text field for a search in some languages."""
        key = tuple(languages), text
        vocabulary = self._known.get(key)
        if vocabulary is None:
            if len(self._known) >= _MOST_CHOICES:
                self._known.clear()
            alone = len(self._searchers) == 1
            dictionary = self._searchers[0] if alone else MergedStatistics(self._searchers)
            vocabulary = self._known[key] = Vocabulary(
                dictionary, languages, self._families[text], text=text
            )
        return vocabulary

    def compile(
        self,
        parsed: ParsedQuery,
        languages: Sequence[str],
        text: str = TEXT,
        *,
        corrects: bool = True,
    ) -> CompiledQuery:
        """Compile a parsed query for a text field; without `corrects`, no word is corrected."""
        key = parsed, tuple(languages), text, corrects
        compiled = self._compiled.get(key)
        if compiled is None:
            vocabulary = self.for_languages(languages, text)
            compiled = self._compiled[key] = compile_with_vocabulary(
                parsed, vocabulary, SCHEMA, corrects=corrects
            )
        return compiled

    def without_words(self, hidden: Collection[str], languages: Sequence[str]) -> Vocabulary:
        """Return a vocabulary without words that no story has any more."""
        return Vocabulary(MergedStatistics(self._searchers, hidden), languages)


def compile_with_existing_words(
    parsed: ParsedQuery,
    languages: Sequence[str],
    vocabularies: VocabularyCache,
    exists: Callable[[str], bool],
) -> CompiledQuery:
    """Compile a query that corrects only to words that an existing story has."""
    hidden: set[str] = set()
    for _ in range(_MOST_FORGOTTEN):
        compiled = (
            compile_with_vocabulary(parsed, vocabularies.without_words(hidden, languages), SCHEMA)
            if hidden
            else vocabularies.compile(parsed, languages)
        )
        # Another request may have removed other stories, so this is not cached.
        missing = {word for word in _list_corrections(parsed, compiled.parsed) if not exists(word)}
        if not missing:
            return compiled
        hidden |= missing
    return compile_with_vocabulary(parsed, Vocabulary(MergedStatistics(()), languages), SCHEMA)


def _list_corrections(parsed: ParsedQuery, result: ParsedQuery) -> Iterable[str]:
    """Yield the words that a correction inserted."""
    for group, other in zip(parsed.required, result.required, strict=True):
        for part, corrected in zip(group, other, strict=True):
            if part.words != corrected.words:
                yield from corrected.words
