"""One generation, opened for reading: followed through its commits, and known to be whole."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from tantivy import Index, Query

from app.kit import json
from app.search.engine.checksums import is_sound
from app.search.engine.engine_errors import telling_faults
from app.search.engine.folder import Mark, mark_of
from app.search.engine.open_files import Files
from app.search.engine.reader import TantivyReader
from app.search.engine.schema import POSITION_ID, SCHEMA, position_of, prepare
from app.search.errors import IndexUnusable
from app.search.index import Position

_META = "meta.json"
# The files that the engine takes away when nobody needs them; its writer reads it, and no reader.
_MANAGED = ".managed.json"
_POSITION = Query.term_query(SCHEMA, "id", POSITION_ID, "basic")


class Generation:
    """An index in a folder, as it was last committed."""

    def __init__(self, path: Path) -> None:
        """Open an index; raise `IndexUnusable` where it is missing, broken or another one."""
        self._path = path
        self._meta = path / _META
        self._mark: Mark | None = None
        self._files = Files({})
        with telling_faults():
            self._index = opened(path)
            self._schema = _meta(path)["schema"]
        self._reader = self._loaded()

    def reader(self) -> TantivyReader:
        """Return the newest committed state."""
        if mark_of(self._meta) != self._mark:
            self._reader = self._loaded()
        elif not self._files.are_whole() and mark_of(self._meta) == self._mark:
            # Pages of a file that was cut must not be touched: the system ends who does.
            raise IndexUnusable("Files of the index were cut.")
        return self._reader

    def last(self) -> TantivyReader:
        """Return the state that was loaded last, where no newer one can be."""
        if not self._files.are_whole():
            raise IndexUnusable("Files of the index were cut.")
        return self._reader

    def flaw(self) -> str | None:
        """Return what is wrong with the content of a file, as its checksum shows; reads it all."""
        with telling_faults():
            return next((f"{one.name} was overwritten." for one in self._overwritten()), None)

    def _overwritten(self) -> Iterator[Path]:
        managed = self._path / _MANAGED
        if managed.exists() and not _is_json(managed.read_bytes()):
            yield managed
        for name in _sizes(self._path, _meta(self._path)):
            # A file that is gone is of a commit that is no longer the last.
            with suppress(FileNotFoundError):
                if not is_sound(Path(name)):
                    yield Path(name)

    def _loaded(self) -> TantivyReader:
        """Load the last commit; again, if it was not the last any more while it was loaded."""
        while True:
            mark = mark_of(self._meta)
            try:
                return self._load(mark)
            except IndexUnusable:
                if mark_of(self._meta) == mark:
                    raise

    def _load(self, mark: Mark | None) -> TantivyReader:
        with telling_faults():
            meta = _meta(self._path)
            if meta["schema"] != self._schema:
                raise IndexUnusable("The index was replaced by another one.")
            files = Files(_sizes(self._path, meta))
            self._index.reload()
            reader = TantivyReader(self._index.searcher(), position(self._index))
        self._mark, self._files = mark, files
        return reader


def opened(path: Path) -> Index:
    """Open the index in a folder."""
    if not Index.exists(str(path)):
        raise IndexUnusable("The index is missing.")
    return prepare(Index(SCHEMA, path=str(path)))


def position(index: Index) -> Position:
    """Return how far an index has come; each commit of ours says so."""
    searcher = index.searcher()
    found = searcher.search(_POSITION, 1, count=False).hits
    if not found:
        raise IndexUnusable("The index does not say how far it has come.")
    return position_of(searcher.doc(found[0][1]))


def _is_json(content: bytes) -> bool:
    try:
        json.loads(content)
    except json.JSONDecodeError:
        return False
    return True


def _meta(path: Path) -> dict[str, Any]:
    """Return what the engine notes about its last commit."""
    found = json.loads((path / _META).read_bytes())
    if not isinstance(found, dict) or not {"schema", "segments"} <= found.keys():
        raise IndexUnusable("The index is broken.")
    return found


def _sizes(path: Path, meta: dict[str, Any]) -> dict[str, int]:
    """Return the files of the segments that were last committed, and how long they are."""
    names = {segment["segment_id"].replace("-", "") for segment in meta["segments"]}
    with os.scandir(path) as found:
        return {
            one.path: one.stat().st_size for one in found if one.name.partition(".")[0] in names
        }
