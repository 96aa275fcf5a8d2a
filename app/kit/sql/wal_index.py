"""The index of SQLite's write-ahead log, mapped once for all that watch a database here.

Closing any descriptor of a file takes all POSIX locks on it from the whole process, SQLite's own
among them. Without its lock on the index, another process takes the index for left over, and
makes it anew beneath us. So a descriptor is closed when nobody here watches the database any more.
"""

import mmap
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

# The header stands twice, 48 bytes each; a commit is done when both are written.
HEADER = 96

_Identity = tuple[int, int]


@dataclass(slots=True)
class _Mapping:
    descriptor: int
    index: mmap.mmap
    users: int = 0


class WalIndex:
    """The header of the index of one database, as SQLite shares it between processes."""

    def __init__(self, identity: _Identity, mapping: _Mapping) -> None:
        """Be one more user of a mapping; see `map_wal_index`."""
        self._identity = identity
        # Returns what moves with every commit. It runs several times for each answer.
        self.header: Callable[[], Any] = partial(mapping.index.__getitem__, slice(HEADER))
        mapping.users += 1

    def close(self) -> None:
        """Let go of it; the last one to do so closes the file."""
        with _lock:
            mapping = _mappings[self._identity]
            mapping.users -= 1
            if mapping.users == 0:
                del _mappings[self._identity]
                mapping.index.close()
                os.close(mapping.descriptor)


_mappings: dict[_Identity, _Mapping] = {}
_lock = threading.Lock()


def map_wal_index(database: str) -> WalIndex | None:
    """Return the index of a database that is open, or nothing where there is none to be read."""
    path = f"{database}-shm"
    with _lock:
        try:
            found = os.stat(path)  # noqa: PTH116 - what is told of a file, not of a path
            identity = (found.st_dev, found.st_ino)
            if identity not in _mappings:
                _mappings[identity] = _map_file(path)
        except (OSError, ValueError):
            return None
        return WalIndex(identity, _mappings[identity])


def _map_file(path: str) -> _Mapping:
    descriptor = os.open(path, os.O_RDONLY)
    # One that is too short is refused with a ValueError; the descriptor stays, as it has to.
    return _Mapping(descriptor, mmap.mmap(descriptor, HEADER, access=mmap.ACCESS_READ))
