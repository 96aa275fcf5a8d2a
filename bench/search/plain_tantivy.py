"""Bare Tantivy: the simplest implementation, to compare with."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from tantivy import Document, Index, Query, SchemaBuilder, Searcher

from app.delivery.snapshot import PublicStory

_FIELDS = ["title", "summary", "body"]
_HEAP = 200_000_000


class PlainTantivy:
    """An index of titles, summaries and bodies, with the default analysis of Tantivy."""

    def __init__(self, folder: Path) -> None:
        """Create an empty index."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        builder = SchemaBuilder()
        builder.add_text_field("id", stored=True, tokenizer_name="raw")
        for name in _FIELDS:
            builder.add_text_field(name)
        self._index = Index(builder.build(), path=str(folder))

    def fill(self, stories: Sequence[PublicStory]) -> None:
        """Index stories."""
        writer = self._index.writer(_HEAP)
        for story in stories:
            writer.add_document(
                Document(
                    id=[story.id], title=[story.title], summary=[story.summary], body=[story.body]
                )
            )
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()

    def best(self, word: str) -> list[str]:
        """Return the ids of the best 20."""
        searcher = self.searcher()
        query = self._index.parse_query(word, _FIELDS)
        return [searcher.doc(address)["id"][0] for _, address in searcher.search(query, 20).hits]

    def word_in_half(self) -> str:
        """Return the word whose frequency is closest to half of all bodies."""
        searcher = self.searcher()
        half = searcher.num_docs / 2
        words = searcher.terms_with_prefix("body", "", limit=500)
        return min((word for word, _ in words), key=lambda word: abs(self._count(word) - half))

    def searcher(self) -> Searcher:
        """Return a searcher."""
        return self._index.searcher()

    def _count(self, word: str) -> int:
        query = Query.term_query(self._index.schema, "body", word)
        return int(self.searcher().search(query, 1).count)  # type: ignore[attr-defined]
