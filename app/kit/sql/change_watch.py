"""Change detection: a version that changes with every write, read in a microsecond per answer.

On SQLite the version comes from SQLite's shared memory. On PostgreSQL the processes of a machine
share a counter in a mapped file, which is increased before a write is acknowledged. Processes on
other machines receive NOTIFY. While that connection does not answer, a notification may be missing,
so the counter is increased several times a second, and every process reads the log.
"""

import hashlib
import logging
import sqlite3
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from itertools import count
from math import inf
from typing import Any, NamedTuple, Protocol

import psycopg

from app.kit.errors import Misconfigured
from app.kit.sql.postgres import TICK_SECONDS, PostgresServer, is_standby
from app.kit.sql.shared_counter import SharedCounter
from app.kit.sql.wal_index import map_wal_index

_log = logging.getLogger("dateline.watch")
CHANNEL = "dateline"
# An opaque value, which is only compared for equality.
Version = int | bytes
# Interval of the check that the server answers. Its answer arrives after all earlier notifications.
_POLL_SECONDS = 0.25
# After this time without an answer, a notification may be missing.
_MAX_SILENCE_SECONDS = 0.5
_CLOSE_SECONDS = 10.0
# More commits than notifications can be late. A commit that was dropped counts twice.
_MAX_ANNOUNCED = 256


class VersionProof(NamedTuple):
    """A version that is known to be complete; times are from `time.monotonic`.

    At the time `at` the version was `version`; the last known write was at `moved_at`.
    """

    at: float
    version: Version
    moved_at: float


class Watch(Protocol):
    """Provides a version that changes with every write acknowledged on this machine."""

    def version(self) -> Version:
        """Return the version; if it is equal to an earlier one, nothing was written in between."""
        ...

    def rights_version(self) -> Version:
        """Return a version that changes with every write that may change the rights of callers."""
        ...

    def listen(self) -> None:
        """Start to receive notifications of writes on other machines."""
        ...

    def announce(self, commit: str = "") -> None:
        """Change the version: a write was committed, and will be acknowledged.

        `commit` is the payload of its notification, if it has one.
        """
        ...

    def proof(self) -> VersionProof:
        """Return the last version that is known to be complete."""
        ...

    def close(self) -> None:
        """Close files and connections."""
        ...


class SqliteWatch:
    """Reads the header of SQLite's WAL index, which every commit rewrites.

    The index is shared memory in a file next to the database, and its header is part of the file
    format ("WAL-mode File Format", section 2.1). It is written before a commit returns. If it
    cannot be mapped, `PRAGMA data_version` replaces it, ten times slower. The connection is used
    for nothing else: `data_version` does not show its own writes, and while it is open, the index
    is not deleted. Close this after all other connections to the database (see `wal_index`).
    """

    def __init__(self, path: str) -> None:
        """Open the database file for reading."""
        self._connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, uri=path.startswith("file:")
        )
        self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        self._index = map_wal_index(path)
        # An attribute, not a method: it is called several times for each answer.
        self.version: Callable[[], Version] = (
            self._index.header if self._index is not None else self._read_data_version
        )
        # The last version that was compared, and how many of them may have changed rights.
        self._compared: Version = self.version()
        self._rights = 0

    def rights_version(self) -> Version:
        """Return the number of changes of the version, without those of `keep_rights`."""
        version = self.version()
        if version != self._compared:
            self._compared = version
            self._rights += 1
        return self._rights

    def keep_rights(self, before: Version) -> None:
        """Note that the transaction that this thread just committed changes no rights.

        `before` is the version that was read inside the transaction, which has changed rows. If
        another process has committed since, or another thread has compared the version,
        `rights_version` changes as usual.
        """
        if self._index is None or self._compared != before:
            return
        after = self.version()
        if _count_commits(before, after) == 1:
            self._compared = after

    def listen(self) -> None:
        """Do nothing: no other machine can write."""

    def announce(self, commit: str = "") -> None:
        """Do nothing: the commit has changed the header."""

    def proof(self) -> VersionProof:
        """Return the current version, which is always complete."""
        return VersionProof(time.monotonic(), self.version(), -inf)

    def close(self) -> None:
        """Close the connection and the index."""
        self._connection.close()
        if self._index is not None:
            self._index.close()

    def _read_data_version(self) -> int:
        version: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        return version


def _count_commits(before: Version, after: Version) -> int | None:
    """Return the number of commits between two headers of the WAL index, or None."""
    if isinstance(before, int) or isinstance(after, int):
        return None
    # The field `iChange` of the header, in the byte order of the machine.
    first, last = (int.from_bytes(header[8:12], sys.byteorder) for header in (before, after))
    return last - first


class PostgresWatch:
    """Shares a counter with the processes of this machine, and listens to other machines."""

    def __init__(self, server: PostgresServer) -> None:
        """Open the counter of this database; listening begins with `listen`."""
        self._server = server
        self._counter = SharedCounter(_build_counter_name(server.address))
        # An attribute, not a method: it is called several times for each answer.
        self.version: Callable[[], Version] = self._counter.value
        # Other machines do not say what they have written.
        self.rights_version = self.version
        self._stopped = threading.Event()
        self._heard_at = 0.0
        self._proof: tuple[float, Version] = (-inf, -1)
        self._moved_at = -inf
        # Commits that have changed the version, and that only one of writer and listener has
        # announced yet.
        self._announced: deque[str] = deque(maxlen=_MAX_ANNOUNCED)
        self._announcing = threading.Lock()
        self._threads = [
            threading.Thread(target=self._listen, name="listener", daemon=True),
            threading.Thread(target=self._watch_silence, name="doubt", daemon=True),
        ]

    def listen(self) -> None:
        """Start to receive notifications of writes on other machines."""
        for thread in self._threads:
            thread.start()

    def announce(self, commit: str = "") -> None:
        """Increase the shared counter; errors are logged, since the commit has to be acknowledged.

        The counter increases once for a commit, by the writer or by the listener, whichever is
        first: each version makes all processes read the log.
        """
        with self._announcing:
            if commit and commit in self._announced:
                self._announced.remove(commit)
                return
            self._moved_at = time.monotonic()
            self._increase_counter()
            if commit:
                self._announced.append(commit)

    def _increase_counter(self) -> None:
        try:
            self._counter.increase()
        except Misconfigured as error:
            _log.error("other processes hear of writes by NOTIFY alone: %s", error)

    def proof(self) -> VersionProof:
        """Return the time of the last check, and the version that includes all writes before it."""
        return VersionProof(*self._proof, self._moved_at)

    def close(self) -> None:
        """Stop listening and close the counter."""
        self._stopped.set()
        # Open connections at this point belong to threads that would not end otherwise.
        self._server.disconnect_all()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout=_CLOSE_SECONDS)
        self._counter.close()

    def _listen(self) -> None:
        noted_at: float | None = None
        while not self._stopped.is_set():
            try:
                self._follow_notifications()
            except psycopg.Error as error:
                if noted_at != self._heard_at and not self._stopped.is_set():
                    _log.warning("not listening to the database: %s", type(error).__name__)
                noted_at = self._heard_at
                self._stopped.wait(_POLL_SECONDS)

    def _follow_notifications(self) -> None:
        with self._server.connect_monitor() as connection:
            listens, began_at = False, time.monotonic()
            while not self._stopped.is_set():
                listens = listens or self._start_listening(connection)
                for notification in connection.notifies(timeout=_POLL_SECONDS, stop_after=1):
                    self.announce(notification.payload)
                if listens and self._heard_at > began_at:
                    # Notifications from before the answer are announced now. If there are several,
                    # a read after the first one sees the writes of all of them.
                    self._proof = self._heard_at, self.version()
                asked_at = time.monotonic()
                connection.execute("SELECT 1")
                self._server.record_answer()
                if listens:
                    self._heard_at = asked_at

    def _start_listening(self, connection: psycopg.Connection[Any]) -> bool:
        """Send LISTEN; return False on a standby, which does not support it."""
        if is_standby(connection):
            return False
        connection.execute(f"LISTEN {CHANNEL}")
        # There are no notifications of earlier writes.
        self._increase_counter()
        return True

    def _watch_silence(self) -> None:
        for turn in count():
            if self._stopped.wait(TICK_SECONDS):
                return
            self._server.tick()
            self._reopen_counter()
            # Every second tick, as often as the server is checked.
            if turn % 2 and time.monotonic() - self._heard_at > _MAX_SILENCE_SECONDS:
                self._increase_counter()

    def _reopen_counter(self) -> None:
        try:
            self._counter.reopen()
        except Misconfigured as error:
            _log.error("other processes hear of writes by NOTIFY alone: %s", error)


def _build_counter_name(address: str) -> str:
    """Return the name of a database's counter, which depends on the text of its URL."""
    return hashlib.blake2b(address.encode(), digest_size=8).hexdigest()
