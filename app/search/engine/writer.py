"""Writing: stories put in and taken out, and committed together with how far that comes."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from tantivy import Index, IndexWriter

from app.search.engine.engine_errors import telling_faults
from app.search.engine.generation import opened, position
from app.search.engine.schema import (
    POSITION_ID,
    SCHEMA,
    document,
    position_document,
    prepare,
)
from app.search.index import IndexedStory, Position

# Bytes for what is not committed yet, and threads that work on it.
_FOLLOWING = (30_000_000, 1)
_BUILDING = (200_000_000, 2)


class TantivyWriter:
    """The writer of one generation. The engine lets no other write there at the same time."""

    def __init__(self, path: Path, *, new: bool = False) -> None:
        """Open a generation, or make one in an empty folder."""
        self.path = path
        with telling_faults():
            self._index = prepare(Index(SCHEMA, path=str(path))) if new else opened(path)
            self._position = Position(complete=False) if new else position(self._index)
            heap, threads = _FOLLOWING if self._position.complete else _BUILDING
            self._writer: IndexWriter | None = self._index.writer(heap, threads)

    @property
    def position(self) -> Position:
        """Return how far the last commit came."""
        return self._position

    def put(self, stories: Sequence[IndexedStory]) -> None:
        """Write stories, in the place of those with the same ids."""
        self._remove(story.id for story in stories)
        with telling_faults():
            for story in stories:
                self._open().add_document(document(story))

    def add(self, stories: Sequence[IndexedStory]) -> None:
        """Write stories that are not there yet."""
        with telling_faults():
            for story in stories:
                self._open().add_document(document(story))

    def remove(self, ids: Sequence[str]) -> None:
        """Take stories out."""
        self._remove(ids)

    def save(self, position: Position) -> None:
        """Make all that was written visible, together with how far that comes, or nothing."""
        self._remove([POSITION_ID])
        with telling_faults():
            self._open().add_document(position_document(position))
            self._open().commit()
        self._position = position

    def close(self) -> None:
        """Stop writing; what was not committed is lost."""
        writer, self._writer = self._writer, None
        if writer is not None:
            with telling_faults():
                writer.rollback()

    def _remove(self, ids: Iterable[str]) -> None:
        with telling_faults():
            for one in ids:
                self._open().delete_documents_by_term("id", one)

    def _open(self) -> IndexWriter:
        assert self._writer is not None
        return self._writer
