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
from app.kit.sql.sqlite_readers import Lent, Trace

# Whoever closes the database waits so long for a writer, and no longer.
_PATIENCE_SECONDS = 5.0
# Letters of the texts that the driver keeps prepared on the connection, as for readers.
_MOST = 1024 * 1024


class Writing:
    """A connection to write on, kept from one transaction to the next."""

    def __init__(self, engine: Engine, busy_timeout: float) -> None:
        """Open nothing yet; a connection waits so many seconds for SQLite's lock."""
        self._engine = engine
        self._busy_timeout = busy_timeout
        self._place = threading.Lock()
        self._kept: Lent | None = None
        self._trace: Trace | None = None

    @contextmanager
    def turn(self, seconds: float) -> Iterator[WriteSession]:
        """Write in a transaction; wait at most so many seconds for the place, and for the lock.

        A connection on which something went wrong, or too much was prepared, is not kept.
        """
        if not self._place.acquire(timeout=seconds):
            raise DatabaseBusy("Other writers keep the database busy. Try again shortly.")
        try:
            lent, self._kept = self._kept or self._open(), None
            try:
                if seconds != self._busy_timeout:
                    lent.driver.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")
                lent.driver.execute("BEGIN IMMEDIATE")
                yield WriteSession(lent.connection, lent.execute)
                lent.driver.execute("COMMIT")
                if seconds != self._busy_timeout:
                    usual = int(self._busy_timeout * 1000)
                    lent.driver.execute(f"PRAGMA busy_timeout = {usual}")
            except BaseException:
                lent.connection.close()
                raise
            if lent.left < 0:
                lent.connection.close()
            else:
                self._kept = lent
        finally:
            self._place.release()

    def _open(self) -> Lent:
        lent = Lent(self._engine, _MOST)
        lent.driver.set_trace_callback(self._trace)
        return lent

    def trace(self, trace: Trace | None) -> None:
        """Show the statements of writers that begin later; nothing ends it."""
        with self._place:
            self._trace = trace
            if self._kept is not None:
                self._kept.driver.set_trace_callback(trace)

    def close(self) -> None:
        """Let go of the connection, once nobody writes any more; a writer who hangs keeps it."""
        if not self._place.acquire(timeout=_PATIENCE_SECONDS):
            return
        try:
            kept, self._kept = self._kept, None
            if kept is not None:
                kept.connection.close()
        finally:
            self._place.release()
