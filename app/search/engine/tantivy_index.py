"""The index in a folder of this machine, read by many processes and written by one."""

import threading
from pathlib import Path

from tantivy import Index as TantivyMemory

from app.search.engine.folder import Folder, Mark
from app.search.engine.generation import Generation
from app.search.engine.reader import TantivyReader
from app.search.engine.schema import SCHEMA, prepare
from app.search.engine.writer import TantivyWriter
from app.search.errors import IndexUnavailable, IndexUnusable
from app.search.index import Position, Writer


class TantivyIndex:
    """Stands in for the interface in `search.index`."""

    def __init__(self, path: Path) -> None:
        """Name the folder; nothing is opened or made yet."""
        self._folder = Folder(path)
        self._lock = threading.Lock()
        self._mark: Mark | None = None
        self._generation: Generation | None = None
        self._empty: TantivyReader | None = None

    def reader(self) -> TantivyReader:
        """Return the newest committed state; an index that is missing or broken is empty.

        Where the system lets nobody open files, it is the last one that was opened.
        """
        with self._lock:
            try:
                return self._current().reader()
            except IndexUnavailable:
                if self._generation is None:
                    raise
                return self._generation.last()
            except IndexUnusable:
                self._generation = None
                return self.empty()

    def empty(self) -> TantivyReader:
        """Return a state without stories, as of the beginning of the log."""
        if self._empty is None:
            searcher = prepare(TantivyMemory(SCHEMA)).searcher()
            self._empty = TantivyReader(searcher, Position(complete=True))
        return self._empty

    def flaw(self) -> str | None:
        """Return what is wrong with the index, if it is there and not whole to the last byte."""
        if self._folder.mark() is None:
            return None
        try:
            return Generation(self._folder.current()).flaw()
        except IndexUnavailable:
            raise
        except IndexUnusable as wrong:
            return wrong.detail

    def write_fault(self) -> str | None:
        """Return why the index cannot be written, if that is so."""
        return self._folder.write_fault()

    def discard(self) -> None:
        """Let go of an index that turned out to be broken: from now on it is missing."""
        self._folder.discard()

    def writer(self) -> TantivyWriter:
        """Return the writer; raises `IndexUnusable` where the index is missing or broken."""
        path = self._folder.current()
        # Readers look whether all files are whole, which the engine's writer does not.
        Generation(path)
        writer = TantivyWriter(path)
        self._folder.tidy()
        return writer

    def new(self) -> TantivyWriter:
        """Return a writer to a new and empty index, which readers do not see yet."""
        path = self._folder.make()
        try:
            return TantivyWriter(path, new=True)
        except IndexUnusable:
            self._folder.remove(path)
            raise

    def adopt(self, writer: Writer) -> None:
        """Let a new index take the place of the old one, from its last commit on."""
        assert isinstance(writer, TantivyWriter)
        self._folder.adopt(writer.path)
        self._folder.tidy()

    def is_current(self, writer: Writer) -> bool:
        """Tell whether what a writer writes to is whole, and still what readers see."""
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
        """Let go of files."""
        self._generation = None

    def _current(self) -> Generation:
        mark = self._folder.mark()
        if self._generation is None or mark != self._mark:
            self._generation = Generation(self._folder.current())
            self._mark = mark
        return self._generation
