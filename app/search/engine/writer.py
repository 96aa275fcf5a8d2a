"""Write the index: stories are added and removed, and committed with the log position."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from tantivy import Index, IndexWriter

from app.search.engine.engine_errors import translate_errors
from app.search.engine.generation import open_index, read_position
from app.search.engine.schema import (
    POSITION_ID,
    SCHEMA,
    build_document,
    build_position_document,
    prepare_index,
)
from app.search.index import IndexedStory, IndexPosition

# Heap bytes for uncommitted stories, and number of threads.
_FOLLOWING = (30_000_000, 1)
_BUILDING = (200_000_000, 2)


class TantivyWriter:
    """The writer of one generation; the engine allows no second one."""

    def __init__(self, path: Path, *, new: bool = False) -> None:
        """Open a generation, or create one in an empty folder."""
        self.path = path
        with translate_errors():
            self._index = prepare_index(Index(SCHEMA, path=str(path))) if new else open_index(path)
            self._position = IndexPosition(complete=False) if new else read_position(self._index)
            heap, threads = _FOLLOWING if self._position.complete else _BUILDING
            self._writer: IndexWriter | None = self._index.writer(heap, threads)

    @property
    def position(self) -> IndexPosition:
        """Return the log position of the last commit."""
        return self._position

    def put(self, stories: Sequence[IndexedStory]) -> None:
        """Write stories, and replace those with the same ids."""
        self._remove(story.id for story in stories)
        with translate_errors():
            for story in stories:
                self._open().add_document(build_document(story))

    def add(self, stories: Sequence[IndexedStory]) -> None:
        """Write stories that are not in the index yet."""
        with translate_errors():
            for story in stories:
                self._open().add_document(build_document(story))

    def remove(self, ids: Sequence[str]) -> None:
        """Remove stories."""
        self._remove(ids)

    def save(self, position: IndexPosition) -> None:
        """Commit everything that was written together with the log position, atomically."""
        self._remove([POSITION_ID])
        with translate_errors():
            self._open().add_document(build_position_document(position))
            self._open().commit()
        self._position = position

    def close(self) -> None:
        """Stop writing; uncommitted changes are lost."""
        writer, self._writer = self._writer, None
        if writer is not None:
            with translate_errors():
                writer.rollback()

    def _remove(self, ids: Iterable[str]) -> None:
        with translate_errors():
            for id_ in ids:
                self._open().delete_documents_by_term("id", id_)

    def _open(self) -> IndexWriter:
        assert self._writer is not None
        return self._writer
