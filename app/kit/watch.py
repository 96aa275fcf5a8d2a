"""Whether a database may have changed, told in a microsecond, before every answer.

On SQLite the file itself tells (`PRAGMA data_version`). On PostgreSQL the processes of one
machine share a counter in a mapped file, raised before a write is acknowledged; processes on
other machines hear by NOTIFY, or look twice a second while that connection is down.
"""

import fcntl
import hashlib
import logging
import mmap
import os
import sqlite3
import struct
import tempfile
import threading
from pathlib import Path
from typing import Protocol

import psycopg

_log = logging.getLogger("dateline.watch")
CHANNEL = "dateline"
_COUNTER = struct.Struct("=Q")
_POLL_SECONDS = 0.5
_LISTEN_SECONDS = 5.0


class Watch(Protocol):
    """Tells a version that moves with every write that was acknowledged on this machine."""

    def version(self) -> int:
        """Return the version; an equal one means that nothing was written in between."""
        ...

    def listen(self) -> None:
        """Begin to hear of writes on other machines, where there can be some."""
        ...

    def announce(self) -> None:
        """Move the version: a write was committed, and is about to be acknowledged."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


class SqliteWatch:
    """Asks SQLite, on a connection of its own.

    `data_version` moves with every write of any other connection. It would stand still while
    its own connection has a transaction open, and ignores that connection's own writes; so
    this one does nothing else.
    """

    def __init__(self, path: str) -> None:
        """Open the database file for reading."""
        self._connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, uri=path.startswith("file:")
        )

    def version(self) -> int:
        """Return SQLite's own version of the file."""
        version: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        return version

    def listen(self) -> None:
        """Do nothing: there is no other machine."""

    def announce(self) -> None:
        """Do nothing: the commit has told already."""

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class PostgresWatch:
    """Shares a counter with the other processes of this machine, and listens for the others."""

    def __init__(self, conninfo: str) -> None:
        """Map the counter of this database; listening begins with `listen`."""
        self._conninfo = conninfo
        path = _counter_file(conninfo)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        if os.fstat(self._file).st_size < _COUNTER.size:
            os.ftruncate(self._file, _COUNTER.size)
        self._map = mmap.mmap(self._file, _COUNTER.size)
        self._stopped = threading.Event()
        self._listener = threading.Thread(target=self._listen, name="listener", daemon=True)

    def listen(self) -> None:
        """Begin to hear of writes on other machines."""
        self._listener.start()

    def version(self) -> int:
        """Return the shared counter."""
        version: int = _COUNTER.unpack_from(self._map)[0]
        return version

    def announce(self) -> None:
        """Raise the shared counter; the lock is for other processes that raise it at once."""
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            _COUNTER.pack_into(self._map, 0, self.version() + 1)
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def close(self) -> None:
        """Stop listening and let go of the counter."""
        self._stopped.set()
        if self._listener.is_alive():
            self._listener.join(timeout=2 * _LISTEN_SECONDS)
        self._map.close()
        os.close(self._file)

    def _listen(self) -> None:
        while not self._stopped.is_set():
            try:
                self._follow_notifications()
            except psycopg.Error as wrong:
                _log.warning("not listening to the database: %s", type(wrong).__name__)
                # Nobody tells us now, so every look has to find out for itself.
                self.announce()
                self._stopped.wait(_POLL_SECONDS)

    def _follow_notifications(self) -> None:
        with psycopg.connect(self._conninfo, autocommit=True, connect_timeout=5) as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            # What was written before we listened was told to nobody here.
            self.announce()
            while not self._stopped.is_set():
                for _ in connection.notifies(timeout=_POLL_SECONDS, stop_after=1):
                    self.announce()


def _counter_file(conninfo: str) -> Path:
    """Return where the counter of a database is: one file for each database and user."""
    name = hashlib.blake2b(conninfo.encode(), digest_size=8).hexdigest()
    return Path(tempfile.gettempdir()) / f"dateline-{os.getuid()}-{name}.counter"
