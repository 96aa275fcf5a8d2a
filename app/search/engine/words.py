"""The words of an index and of what stands beside it, as if they were one.

The engine forgets words late: its dictionary has those of stories that were taken out, until it
merges. What a correction would tell of is looked at, therefore, before anybody is told.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from tantivy import Searcher

from app.search.engine.schema import SCHEMA
from app.search.matching import Match, match
from app.search.typed import Typed

# So many words of stories that were taken out may stand in the way of a correction.
_MOST_FORGOTTEN = 8


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


def truthful_match(
    typed: Typed,
    languages: Sequence[str],
    searchers: Sequence[Searcher],
    has: Callable[[str], bool],
) -> Match:
    """Return a match that corrects to no word but those that some story here has."""
    hidden: set[str] = set()
    for _ in range(_MOST_FORGOTTEN):
        whole = len(searchers) == 1 and not hidden
        dictionary = searchers[0] if whole else Words(searchers, hidden)
        matched = match(typed, dictionary, SCHEMA, languages)
        gone = {word for word in _put_in(typed, matched.typed) if not has(word)}
        if not gone:
            return matched
        hidden |= gone
    return match(typed, Words(()), SCHEMA, languages)


def _put_in(typed: Typed, meant: Typed) -> Iterable[str]:
    """Yield the words that a correction put in the place of what was typed."""
    for group, other in zip(typed.wanted, meant.wanted, strict=True):
        for part, corrected in zip(group, other, strict=True):
            if part.words != corrected.words:
                yield from corrected.words
