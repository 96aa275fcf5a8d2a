"""The words of an index and of what stands beside it, as if they were one.

The engine forgets words late: its dictionary has those of stories that were taken out, until it
merges. What a correction would tell of is looked at, therefore, before anybody is told.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from tantivy import Searcher

from app.kit.bounded_cache import BoundedCache
from app.search.engine.schema import SCHEMA
from app.search.matching import Match, match_words
from app.search.typed import Typed
from app.search.vocabulary import Vocabulary, no_families

# So many words of stories that were taken out may stand in the way of a correction.
_MOST_FORGOTTEN = 8
# So many choices of languages are remembered.
_MOST_CHOICES = 20
# Bytes of what queries mean that are remembered, and what each word of one takes.
_MOST_BYTES, _OF_A_WORD = 8 * 2**20, 8_000


class Words:
    """Answers what a query has to know of words: how many stories have them, which there are."""

    def __init__(self, searchers: Sequence[Searcher], hidden: Collection[str] = ()) -> None:
        """Join some indexes; `hidden` words are in none of them."""
        self._searchers = searchers
        self._hidden = hidden

    @property
    def num_docs(self) -> int:
        """Count the stories."""
        return sum(one.num_docs for one in self._searchers)

    def doc_freq(self, field_name: str, field_value: Any) -> int:
        """Count the stories that have a word."""
        if field_value in self._hidden:
            return 0
        return sum(one.doc_freq(field_name, field_value) for one in self._searchers)

    def terms_with_prefix(
        self, field_name: str, prefix: str, *, limit: int | None = None
    ) -> list[tuple[str, int]]:
        """Return the words that begin so, those of the most stories first."""
        counts: Counter[str] = Counter()
        for one in self._searchers:
            for word, count in one.terms_with_prefix(field_name, prefix, limit=limit):
                if word not in self._hidden:
                    counts[word] += count
        return sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:limit]


class Vocabularies:
    """The vocabularies of one state of an index, remembered for each choice of languages.

    What queries mean by them is remembered, too: the state stays as it is, and so do its words.
    """

    def __init__(self, searchers: Sequence[Searcher]) -> None:
        """Know the words of some indexes, as if they were one."""
        self._searchers = searchers
        self._known: dict[tuple[str, ...], Vocabulary] = {}
        self._families = no_families()
        self._meant: BoundedCache[tuple[Typed, tuple[str, ...]], Match] = BoundedCache(
            _MOST_BYTES, lambda key, _: _OF_A_WORD * (1 + len(key[0].text.split()))
        )

    def of(self, languages: Sequence[str]) -> Vocabulary:
        """Return the words as somebody sees them who looks for some languages."""
        asked = tuple(languages)
        known = self._known.get(asked)
        if known is None:
            if len(self._known) >= _MOST_CHOICES:
                self._known.clear()
            alone = len(self._searchers) == 1
            dictionary = self._searchers[0] if alone else Words(self._searchers)
            known = self._known[asked] = Vocabulary(dictionary, asked, self._families)
        return known

    def match(self, typed: Typed, languages: Sequence[str]) -> Match:
        """Return what finds what was typed."""
        asked = typed, tuple(languages)
        known = self._meant.get(asked)
        if known is None:
            known = match_words(typed, self.of(languages), SCHEMA)
            self._meant[asked] = known
        return known

    def without(self, hidden: Collection[str], languages: Sequence[str]) -> Vocabulary:
        """Return the words without some that no story has any more."""
        return Vocabulary(Words(self._searchers, hidden), languages)


def truthful_match(
    typed: Typed, languages: Sequence[str], words: Vocabularies, has: Callable[[str], bool]
) -> Match:
    """Return a match that corrects to no word but those that some story here has."""
    hidden: set[str] = set()
    for _ in range(_MOST_FORGOTTEN):
        matched = (
            match_words(typed, words.without(hidden, languages), SCHEMA)
            if hidden
            else words.match(typed, languages)
        )
        # Who asks next may have other stories taken out: this is looked at each time.
        gone = {word for word in _put_in(typed, matched.typed) if not has(word)}
        if not gone:
            return matched
        hidden |= gone
    return match_words(typed, Vocabulary(Words(()), languages), SCHEMA)


def _put_in(typed: Typed, meant: Typed) -> Iterable[str]:
    """Yield the words that a correction put in the place of what was typed."""
    for group, other in zip(typed.wanted, meant.wanted, strict=True):
        for part, corrected in zip(group, other, strict=True):
            if part.words != corrected.words:
                yield from corrected.words
