"""The place of the one who writes to SQLite: inside one process writers queue up for it.

SQLite's own waiting is a lottery. Whoever has the place has its connection, too. A connection
knows the pages that it read for as long as no other one writes, so the next writer finds those of
the one before: with one of many, each reads some two hundred again.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine

from app.kit.errors import DatabaseBusy
from app.kit.readers import BEGINS

# Whoever closes the database waits so long for a writer, and no longer.
_PATIENCE_SECONDS = 5.0


class Writing:
    """A connection to write on, kept from one transaction to the next."""

    def __init__(self, engine: Engine) -> None:
        """Open nothing yet."""
        self._engine = engine
        self._place = threading.Lock()
        self._kept: Connection | None = None

    @contextmanager
    def turn(self, seconds: float) -> Iterator[Connection]:
        """Wait for the place at most so many seconds, and hold it; what went wrong is not kept."""
        if not self._place.acquire(timeout=seconds):
            raise DatabaseBusy("Other writers keep the database busy. Try again shortly.")
        try:
            connection, self._kept = self._kept or opened(self._engine), None
            try:
                yield connection
            except BaseException:
                connection.close()
                raise
            self._kept = connection
        finally:
            self._place.release()

    def close(self) -> None:
        """Let go of the connection, once nobody writes any more; a writer who hangs keeps it."""
        if not self._place.acquire(timeout=_PATIENCE_SECONDS):
            return
        try:
            kept, self._kept = self._kept, None
            if kept is not None:
                kept.close()
        finally:
            self._place.release()


def opened(engine: Engine) -> Connection:
    """Open a connection whose transactions may write."""
    return engine.connect().execution_options(**{BEGINS: "BEGIN IMMEDIATE"})
