"""The index in a local folder: many processes read it, one process writes it."""

import threading
from pathlib import Path

from tantivy import Index as TantivyMemory

from app.search.engine.folder import FileVersion, IndexFolder
from app.search.engine.generation import Generation
from app.search.engine.reader import TantivyReader
from app.search.engine.schema import SCHEMA, prepare_index
from app.search.engine.writer import TantivyWriter
from app.search.errors import IndexUnavailable, IndexUnusable
from app.search.index import IndexPosition, Writer


class TantivyIndex:
    """Implements the interface in `search.index`."""

    def __init__(self, path: Path) -> None:
        """Remember the folder; nothing is opened or created yet."""
        self._folder = IndexFolder(path)
        self._lock = threading.Lock()
        self._file_version: FileVersion | None = None
        self._generation: Generation | None = None
        self._empty: TantivyReader | None = None

    def reader(self) -> TantivyReader:
        """Return the newest committed state; a missing or broken index is empty.

        If the system refuses to open files, this is the state that was opened last.
        """
        with self._lock:
            try:
                return self._current().reader()
            except IndexUnavailable:
                if self._generation is None:
                    raise
                return self._generation.last_reader()
            except IndexUnusable:
                self._generation = None
                return self.empty_reader()

    def empty_reader(self) -> TantivyReader:
        """Return a state without stories, at the beginning of the log."""
        if self._empty is None:
            searcher = prepare_index(TantivyMemory(SCHEMA)).searcher()
            self._empty = TantivyReader(searcher, IndexPosition(complete=True))
        return self._empty

    def find_flaw(self) -> str | None:
        """Return what is wrong with the index, or None if it is missing or intact."""
        if self._folder.pointer_version() is None:
            return None
        try:
            return Generation(self._folder.current()).find_flaw()
        except IndexUnavailable:
            raise
        except IndexUnusable as wrong:
            return wrong.detail

    def write_fault(self) -> str | None:
        """Return why the index cannot be written, or None."""
        return self._folder.write_fault()

    def discard(self) -> None:
        """Discard a broken index: from now on it is missing."""
        self._folder.discard()

    def writer(self) -> TantivyWriter:
        """Return the writer; raise `IndexUnusable` if the index is missing or broken."""
        path = self._folder.current()
        # Opening for reading checks that all files are complete; the engine's writer does not.
        Generation(path)
        writer = TantivyWriter(path)
        self._folder.tidy()
        return writer

    def new_writer(self) -> TantivyWriter:
        """Return a writer to a new, empty index, which nobody reads yet."""
        path = self._folder.create_generation()
        try:
            return TantivyWriter(path, new=True)
        except IndexUnusable:
            self._folder.remove(path)
            raise

    def adopt(self, writer: Writer) -> None:
        """Replace the current index by a new one, at its last commit."""
        assert isinstance(writer, TantivyWriter)
        self._folder.adopt(writer.path)
        self._folder.tidy()

    def is_current(self, writer: Writer) -> bool:
        """Tell whether the index of a writer is intact and still the current one."""
        assert isinstance(writer, TantivyWriter)
        try:
            with self._lock:
                self._current().reader()
            return self._folder.current() == writer.path
        except IndexUnavailable:
            raise
        except IndexUnusable:
            return False

    def close(self) -> None:
        """Close files."""
        self._generation = None

    def _current(self) -> Generation:
        mark = self._folder.pointer_version()
        if self._generation is None or mark != self._file_version:
            self._generation = Generation(self._folder.current())
            self._file_version = mark
        return self._generation
