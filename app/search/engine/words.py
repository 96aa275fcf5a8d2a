"""The words of an index and of what stands beside it, as if they were one."""

from collections import Counter

from tantivy import Searcher


class WordsOfBoth:
    """Answers what a query has to know of words: how many stories have them, which there are."""

    def __init__(self, one: Searcher, other: Searcher) -> None:
        """Join two."""
        self._both = (one, other)

    @property
    def num_docs(self) -> int:
        """Count the stories."""
        return sum(one.num_docs for one in self._both)

    def doc_freq(self, field_name: str, field_value: str) -> int:
        """Count the stories that have a word."""
        return sum(one.doc_freq(field_name, field_value) for one in self._both)

    def terms_with_prefix(
        self, field_name: str, prefix: str, *, limit: int | None = None
    ) -> list[tuple[str, int]]:
        """Return the words that begin so, those of the most stories first."""
        counts: Counter[str] = Counter()
        for one in self._both:
            for word, count in one.terms_with_prefix(field_name, prefix, limit=limit):
                counts[word] += count
        return sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:limit]
