"""One generation, opened for reading."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from tantivy import Index, Query

from app.kit import json
from app.search.engine.checksums import has_valid_checksum
from app.search.engine.engine_errors import translate_errors
from app.search.engine.folder import FileVersion, file_version
from app.search.engine.open_files import OpenFiles
from app.search.engine.reader import TantivyReader
from app.search.engine.schema import POSITION_ID, SCHEMA, parse_position, prepare_index
from app.search.errors import IndexUnusable
from app.search.index import IndexPosition

_META = "meta.json"
# The engine's list of files that it may delete; only its writer reads it.
_MANAGED = ".managed.json"
_POSITION = Query.term_query(SCHEMA, "id", POSITION_ID, "basic")


class Generation:
    """An index in a folder, at its last commit."""

    def __init__(self, path: Path) -> None:
        """Open an index; raise `IndexUnusable` if it is missing, broken or of another schema."""
        self._path = path
        self._meta = path / _META
        self._file_version: FileVersion | None = None
        self._files = OpenFiles({})
        with translate_errors():
            self._index = open_index(path)
            self._schema = _read_meta(path)["schema"]
        self._reader = self._load_last()

    def reader(self) -> TantivyReader:
        """Return the newest committed state."""
        if file_version(self._meta) != self._file_version:
            self._reader = self._load_last()
        elif not self._files.are_complete() and file_version(self._meta) == self._file_version:
            # Reading beyond the end of a mapped file would end the process (SIGBUS).
            raise IndexUnusable("Files of the index were cut.")
        return self._reader

    def last_reader(self) -> TantivyReader:
        """Return the state that was loaded last, if no newer one can be loaded."""
        if not self._files.are_complete():
            raise IndexUnusable("Files of the index were cut.")
        return self._reader

    def find_flaw(self) -> str | None:
        """Return the first file whose checksum is wrong, or None; reads every file."""
        with translate_errors():
            return next(
                (f"{path.name} was overwritten." for path in self._find_overwritten()), None
            )

    def _find_overwritten(self) -> Iterator[Path]:
        managed = self._path / _MANAGED
        if managed.exists() and not _is_json(managed.read_bytes()):
            yield managed
        for name in _read_sizes(self._path, _read_meta(self._path)):
            # A missing file belongs to an older commit.
            with suppress(FileNotFoundError):
                if not has_valid_checksum(Path(name)):
                    yield Path(name)

    def _load_last(self) -> TantivyReader:
        """Load the last commit; retry if another commit came while it was loaded."""
        while True:
            mark = file_version(self._meta)
            try:
                return self._load(mark)
            except IndexUnusable:
                if file_version(self._meta) == mark:
                    raise

    def _load(self, mark: FileVersion | None) -> TantivyReader:
        with translate_errors():
            meta = _read_meta(self._path)
            if meta["schema"] != self._schema:
                raise IndexUnusable("The index was replaced by another one.")
            files = OpenFiles(_read_sizes(self._path, meta))
            self._index.reload()
            reader = TantivyReader(self._index.searcher(), read_position(self._index))
        self._file_version, self._files = mark, files
        return reader


def open_index(path: Path) -> Index:
    """Open the index in a folder."""
    if not Index.exists(str(path)):
        raise IndexUnusable("The index is missing.")
    return prepare_index(Index(SCHEMA, path=str(path)))


def read_position(index: Index) -> IndexPosition:
    """Return the log position of an index; each commit contains it."""
    searcher = index.searcher()
    hits = searcher.search(_POSITION, 1, count=False).hits
    if not hits:
        raise IndexUnusable("The index does not say how far it has come.")
    return parse_position(searcher.doc(hits[0][1]))


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except json.JSONDecodeError:
        return False
    return True


def _read_meta(path: Path) -> dict[str, Any]:
    """Return the engine's metadata of the last commit."""
    content = json.loads((path / _META).read_bytes())
    if not isinstance(content, dict) or not {"schema", "segments"} <= content.keys():
        raise IndexUnusable("The index is broken.")
    return content


def _read_sizes(path: Path, meta: dict[str, Any]) -> dict[str, int]:
    """Return the files of the committed segments, and their lengths."""
    names = {segment["segment_id"].replace("-", "") for segment in meta["segments"]}
    with os.scandir(path) as entries:
        return {
            entry.path: entry.stat().st_size
            for entry in entries
            if entry.name.partition(".")[0] in names
        }
