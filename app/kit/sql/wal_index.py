"""The index of SQLite's write-ahead log, mapped once for all watches of a database in a process.

Closing any descriptor of a file releases all POSIX locks of the process on it, SQLite's included.
Without its lock on the index, another process takes the index for stale and rebuilds it while it is
in use. So a descriptor is closed only when no watch of the process uses the database.
"""

import mmap
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

# Two copies of the header, 48 bytes each; a commit is done when both are written.
HEADER = 96

_Identity = tuple[int, int]


@dataclass(slots=True)
class _Mapping:
    descriptor: int
    index: mmap.mmap
    users: int = 0


class WalIndex:
    """The header of the index of a database, which SQLite shares between processes."""

    def __init__(self, identity: _Identity, mapping: _Mapping) -> None:
        """Add a user of a mapping; see `map_wal_index`."""
        self._identity = identity
        # Returns a value that changes with every commit. A partial, as it runs several times per
        # answer.
        self.header: Callable[[], Any] = partial(mapping.index.__getitem__, slice(HEADER))
        mapping.users += 1

    def close(self) -> None:
        """Remove this user; the last one closes the file."""
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
    """Map the index of an open database; return None if it cannot be read."""
    path = f"{database}-shm"
    with _lock:
        try:
            found = os.stat(path)  # noqa: PTH116 - needs a string, and a Path costs more
            identity = (found.st_dev, found.st_ino)
            if identity not in _mappings:
                _mappings[identity] = _map_file(path)
        except (OSError, ValueError):
            return None
        return WalIndex(identity, _mappings[identity])


def _map_file(path: str) -> _Mapping:
    descriptor = os.open(path, os.O_RDONLY)
    # A file that is too short raises ValueError. The descriptor stays open: see above.
    return _Mapping(descriptor, mmap.mmap(descriptor, HEADER, access=mmap.ACCESS_READ))
