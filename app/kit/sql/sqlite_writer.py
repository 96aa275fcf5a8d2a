"""The place of the one who writes to SQLite: inside one process writers queue up for it.

SQLite's own waiting is a lottery. Whoever has the place has its connection, too. A connection
knows the pages that it read for as long as no other one writes, so the next writer finds those of
the one before: with one of many, each reads some two hundred again.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from app.kit.errors import DatabaseBusy
from app.kit.sql.session import WriteSession
from app.kit.sql.sqlite_readers import PooledConnection, Trace

# Whoever closes the database waits so long for a writer, and no longer.
_CLOSE_SECONDS = 5.0
# Letters of the texts that the driver keeps prepared on the connection, as for readers.
_MAX_PREPARED = 1024 * 1024


class SqliteWriter:
    """A connection to write on, kept from one transaction to the next."""

    def __init__(self, engine: Engine, busy_timeout: float) -> None:
        """Open nothing yet; a connection waits so many seconds for SQLite's lock."""
        self._engine = engine
        self._busy_timeout = busy_timeout
        self._lock = threading.Lock()
        self._pooled: PooledConnection | None = None
        self._trace: Trace | None = None

    @contextmanager
    def transaction(self, seconds: float) -> Iterator[WriteSession]:
        """Write in a transaction; wait at most so many seconds for the place, and for the lock.

        A connection on which something went wrong, or too much was prepared, is not kept.
        """
        if not self._lock.acquire(timeout=seconds):
            raise DatabaseBusy("Other writers keep the database busy. Try again shortly.")
        try:
            pooled, self._pooled = self._pooled or self._open(), None
            try:
                if seconds != self._busy_timeout:
                    pooled.driver.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")
                pooled.driver.execute("BEGIN IMMEDIATE")
                yield WriteSession(pooled.connection, pooled.execute)
                pooled.driver.execute("COMMIT")
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
        """Show the statements of writers that begin later; nothing ends it."""
        with self._lock:
            self._trace = trace
            if self._pooled is not None:
                self._pooled.driver.set_trace_callback(trace)

    def close(self) -> None:
        """Let go of the connection, once nobody writes any more; a writer who hangs keeps it."""
        if not self._lock.acquire(timeout=_CLOSE_SECONDS):
            return
        try:
            pooled, self._pooled = self._pooled, None
            if pooled is not None:
                pooled.connection.close()
        finally:
            self._lock.release()
