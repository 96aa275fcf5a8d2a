"""The connection that writes to SQLite: the writers of a process queue for it.

SQLite's busy handler polls, so without a queue the order of writers is random. All writers share
one connection: its page cache is valid as long as no other connection writes, so a writer finds the
pages of the previous one. With several connections, each writer reads some two hundred pages again.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from app.kit.errors import DatabaseBusy
from app.kit.sql.change_watch import SqliteWatch
from app.kit.sql.session import WriteSession
from app.kit.sql.sqlite_readers import PooledConnection, Trace

# The longest time that `close` waits for a writer.
_CLOSE_SECONDS = 5.0
# Characters of the prepared statements of the connection.
_MAX_PREPARED = 1024 * 1024


class SqliteWriter:
    """The connection for writes, which stays open between transactions."""

    def __init__(self, engine: Engine, busy_timeout: float) -> None:
        """Prepare the writer; `busy_timeout` is how many seconds it waits for SQLite's lock."""
        self._engine = engine
        self._busy_timeout = busy_timeout
        self._lock = threading.Lock()
        self._pooled: PooledConnection | None = None
        self._trace: Trace | None = None

    @contextmanager
    def transaction(
        self, seconds: float, watch: SqliteWatch | None = None
    ) -> Iterator[WriteSession]:
        """Open a transaction; wait at most `seconds` for the queue, and for SQLite's lock.

        The connection is closed after an error, or if too much is prepared on it. If there is a
        `watch`, it learns that the transaction changes no rights.
        """
        if not self._lock.acquire(timeout=seconds):
            raise DatabaseBusy("Other writers keep the database busy. Try again shortly.")
        try:
            pooled, self._pooled = self._pooled or self._open(), None
            try:
                if seconds != self._busy_timeout:
                    pooled.driver.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")
                pooled.driver.execute("BEGIN IMMEDIATE")
                before = None if watch is None else watch.version()
                changed_rows = pooled.driver.total_changes
                yield WriteSession(pooled.connection, pooled.execute)
                # Without changes there is no commit, and the next one may be that of another
                # process.
                is_commit = pooled.driver.total_changes > changed_rows
                pooled.driver.execute("COMMIT")
                if watch is not None and before is not None and is_commit:
                    watch.keep_rights(before)
                if seconds != self._busy_timeout:
                    usual = int(self._busy_timeout * 1000)
                    pooled.driver.execute(f"PRAGMA busy_timeout = {usual}")
            except BaseException:
                pooled.connection.close()
                raise
            if pooled.left < 0:
                pooled.connection.close()
            else:
                self._pooled = pooled
        finally:
            self._lock.release()

    def _open(self) -> PooledConnection:
        pooled = PooledConnection(self._engine, _MAX_PREPARED)
        pooled.driver.set_trace_callback(self._trace)
        return pooled

    def trace(self, trace: Trace | None) -> None:
        """Set a callback for the statements of later writers; None removes it."""
        with self._lock:
            self._trace = trace
            if self._pooled is not None:
                self._pooled.driver.set_trace_callback(trace)

    def close(self) -> None:
        """Close the connection when no writer uses it; a writer that hangs keeps it."""
        if not self._lock.acquire(timeout=_CLOSE_SECONDS):
            return
        try:
            pooled, self._pooled = self._pooled, None
            if pooled is not None:
                pooled.connection.close()
        finally:
            self._lock.release()
