"""Whether a database may have changed, told in a microsecond, before every answer.

On SQLite its own shared memory tells. On PostgreSQL the processes of one
machine share a counter in a mapped file, raised before a write is acknowledged; processes on
other machines hear by NOTIFY, or look several times a second while nothing vouches for that
connection: one that is open and silent looks like one on which nothing happens.
"""

import hashlib
import logging
import sqlite3
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
# An opaque value: only whether it is equal to another means something.
Version = int | bytes
# So often the server is asked whether it answers. The answer comes behind all that was to be told
# before.
_POLL_SECONDS = 0.25
# Without an answer for so long, a write may have been missed, and every look has to find out.
_MAX_SILENCE_SECONDS = 0.5
_CLOSE_SECONDS = 10.0
# More commits than notifications are late. One that is forgotten moves the version twice.
_MAX_ANNOUNCED = 256


class VersionProof(NamedTuple):
    """What is known of a version for sure; moments are those of `time.monotonic`.

    At `at` it was `version`, and at `moved_at` there was a write for the last time.
    """

    at: float
    version: Version
    moved_at: float


class Watch(Protocol):
    """Tells a version that moves with every write that was acknowledged on this machine."""

    def version(self) -> Version:
        """Return the version; an equal one means that nothing was written in between."""
        ...

    def listen(self) -> None:
        """Begin to hear of writes on other machines, where there can be some."""
        ...

    def announce(self, commit: str = "") -> None:
        """Move the version: a write was committed, and is about to be acknowledged.

        `commit` is what its notification said, if there was one.
        """
        ...

    def proof(self) -> VersionProof:
        """Return what is known of the version for sure."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


class SqliteWatch:
    """Looks at the header of SQLite's WAL index, which every commit rewrites.

    The index is shared memory in a file beside the database, and its header is part of the
    file format ("WAL-mode File Format", section 2.1). A commit returns after it has been
    written. Where it cannot be mapped, `PRAGMA data_version` tells the same ten times slower.
    The connection is held for nothing else: it would not see its own writes, and while it is
    open the index is not taken away.
    Close it after whatever else has the database open (see `walindex`).
    """

    def __init__(self, path: str) -> None:
        """Open the database file for reading."""
        self._connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, uri=path.startswith("file:")
        )
        self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        self._index = map_wal_index(path)
        # What moves with every commit to the file. It is asked for several times for each answer,
        # so nothing stands between.
        self.version: Callable[[], Version] = (
            self._index.header if self._index is not None else self._read_data_version
        )

    def listen(self) -> None:
        """Do nothing: there is no other machine."""

    def announce(self, commit: str = "") -> None:
        """Do nothing: the commit has told already."""

    def proof(self) -> VersionProof:
        """Return that the version is that of now."""
        return VersionProof(time.monotonic(), self.version(), -inf)

    def close(self) -> None:
        """Let go of the connection and the index."""
        self._connection.close()
        if self._index is not None:
            self._index.close()

    def _read_data_version(self) -> int:
        version: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
        return version


class PostgresWatch:
    """Shares a counter with the other processes of this machine, and listens for the others."""

    def __init__(self, server: PostgresServer) -> None:
        """Open the counter of this database; listening begins with `listen`."""
        self._server = server
        self._counter = SharedCounter(_build_counter_name(server.address))
        # It is asked for several times for each answer, so nothing stands between.
        self.version: Callable[[], Version] = self._counter.value
        self._stopped = threading.Event()
        self._heard_at = 0.0
        self._proof: tuple[float, Version] = (-inf, -1)
        self._moved_at = -inf
        # Commits for which the version moved already, and of which the other one that hears of
        # them, the writer or the listener, has not said so yet.
        self._announced: deque[str] = deque(maxlen=_MAX_ANNOUNCED)
        self._announcing = threading.Lock()
        self._threads = [
            threading.Thread(target=self._listen, name="listener", daemon=True),
            threading.Thread(target=self._watch_silence, name="doubt", daemon=True),
        ]

    def listen(self) -> None:
        """Begin to hear of writes on other machines."""
        for thread in self._threads:
            thread.start()

    def announce(self, commit: str = "") -> None:
        """Raise the shared counter; what was committed is acknowledged, whatever becomes of it.

        It is raised once for a commit, by the writer or by the listener that is notified of it,
        whichever is first: each version costs all readers a look at the log.
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
        except Misconfigured as wrong:
            _log.error("other processes hear of writes by NOTIFY alone: %s", wrong)

    def proof(self) -> VersionProof:
        """Return when the server was last asked, and the version once all was heard until then."""
        return VersionProof(*self._proof, self._moved_at)

    def close(self) -> None:
        """Stop listening and let go of the counter."""
        self._stopped.set()
        # What is still open by now has nobody who waits for it, but threads that would not end.
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
            except psycopg.Error as wrong:
                if noted_at != self._heard_at and not self._stopped.is_set():
                    _log.warning("not listening to the database: %s", type(wrong).__name__)
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
                    # What came before the answer is announced by now. If there is more than one
                    # notification, what is read since the first sees what the others tell of.
                    self._proof = self._heard_at, self.version()
                asked_at = time.monotonic()
                connection.execute("SELECT 1")
                self._server.record_answer()
                if listens:
                    self._heard_at = asked_at

    def _start_listening(self, connection: psycopg.Connection[Any]) -> bool:
        """Listen, and say so; a standby lets nobody, and is looked at again and again instead."""
        if is_standby(connection):
            return False
        connection.execute(f"LISTEN {CHANNEL}")
        # What was written before we listened was told to nobody here.
        self._increase_counter()
        return True

    def _watch_silence(self) -> None:
        for turn in count():
            if self._stopped.wait(TICK_SECONDS):
                return
            self._server.tick()
            self._reopen_counter()
            # As often as the server is asked.
            if turn % 2 and time.monotonic() - self._heard_at > _MAX_SILENCE_SECONDS:
                self._increase_counter()

    def _reopen_counter(self) -> None:
        try:
            self._counter.reopen()
        except Misconfigured as wrong:
            _log.error("other processes hear of writes by NOTIFY alone: %s", wrong)


def _build_counter_name(address: str) -> str:
    """Return the name of a database's counter: the same text of its address, the same counter."""
    return hashlib.blake2b(address.encode(), digest_size=8).hexdigest()
