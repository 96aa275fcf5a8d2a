"""Readers of the database: how long their statements may take, and what they borrow to read.

A read has a limit where it is run by `ReadLimit.run`; all else takes as long as it takes. It ends
when nobody waits for it any more.

Connections to an SQLite file are held open from one read to the next. To open one costs a hundred
times what a read does, and an open one has the pages that it read. Each is lent to one reader at a
time, the one that came back last first.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Connection, Engine, event

from app.kit.sql.driver_errors import translate_driver_errors
from app.kit.sql.session import ReadSession, RowT, Values
from app.kit.sql.statement import Statement, compile_statement

Result = TypeVar("Result")

_CANCEL_SECONDS = 5.0
# An option of connections: what their transactions begin with, or nothing.
BEGINS = "dateline_begins"
# Letters of the texts that the driver keeps prepared on a connection, of the loop and of
# any other: some twelve bytes each. It counts statements alone, so a connection that was asked
# for more is closed, and another one opened.
_LOOP_MAX_PREPARED, _THREAD_MAX_PREPARED = 512 * 1024, 128 * 1024
# The loop runs in the thread that opens the database, and answers most readers. A thousand stories
# of a million touch some seven pages each that are nobody else's. There are dozens of other
# threads, and what they read is in the system's memory. In KiB.
_LOOP_CACHE_KIB, _THREAD_CACHE_KIB = 40_960, 4_096
_POOLED = "dateline_lent"
# Steps of SQLite's virtual machine between looks whether a statement has to end: some ten
# milliseconds. Each look takes the interpreter's lock.
_PROGRESS_STEPS = 500_000
# Shown each statement that a reader runs, with its values filled in.
Trace = Callable[[str], None]


class ReadLimit:
    """The seconds that each statement of an answer may take."""

    __slots__ = ("_lock", "_server", "ends_at", "is_abandoned", "seconds")

    def __init__(self, seconds: float) -> None:
        """Allow each statement so many seconds."""
        self.seconds = seconds
        self.is_abandoned = False
        # When the statement ends that runs on a file, by `time.monotonic`.
        self.ends_at = 0.0
        self._lock = threading.Lock()
        self._server: psycopg.Connection[Any] | None = None

    def run(self, function: Callable[[], Result]) -> Result:
        """Return what a function returns; its reads have this limit."""
        token = _current.set(self)
        try:
            return function()
        finally:
            _current.reset(token)

    def is_over(self) -> bool:
        """Tell whether the statement on a file has to end."""
        return self.is_abandoned or time.monotonic() > self.ends_at

    @contextmanager
    def cancel_with(self, connection: psycopg.Connection[Any]) -> Iterator[None]:
        """Let `abandon` end what runs on a connection to PostgreSQL."""
        before, self._server = self._server, connection
        try:
            yield
        finally:
            with self._lock:
                self._server = before

    def abandon(self) -> None:
        """End the statement that runs, and refuse the next: nobody waits for the answer."""
        self.is_abandoned = True
        if self._server is not None:
            # It takes a connection of its own.
            threading.Thread(target=self._cancel, name="cancelling", daemon=True).start()

    def _cancel(self) -> None:
        # The connection is not given to anybody else meanwhile.
        with self._lock, suppress(psycopg.Error):
            if self._server is not None:
                self._server.cancel_safe(timeout=_CANCEL_SECONDS)


_current: ContextVar[ReadLimit | None] = ContextVar("read_limit", default=None)
# Returns the limit of the reads that are opened here; there may be none.
current_limit = _current.get


@contextmanager
def unlimited() -> Iterator[None]:
    """Let reads take as long as they take: many answers are made of what they return."""
    token = _current.set(None)
    try:
        yield
    finally:
        _current.reset(token)


class PooledConnection:
    """A connection for one reader or writer at a time, on which nothing is begun.

    A statement that is kept runs on the driver's own connection, which is the one that SQLAlchemy
    hands out for it. To run the first page of the stories through `exec_driver_sql` takes 88
    microseconds, and 39 so, which is a third of the whole request.
    """

    __slots__ = ("connection", "driver", "left", "limit", "prepared")

    def __init__(self, engine: Engine, most: int) -> None:
        """Open a connection, and count what is prepared on it; `most` letters may be."""
        self.connection = engine.connect().execution_options(**{BEGINS: None})
        self.driver: Any = self.connection.connection.driver_connection
        self.prepared: set[str] = set()
        self.left = most
        self.limit: ReadLimit | None = None
        self.connection.info[_POOLED] = self
        driver: Any = self.driver
        driver.set_progress_handler(self._is_over, _PROGRESS_STEPS)

    def _is_over(self) -> bool:
        return self.limit is not None and self.limit.is_over()

    def execute(self, text: str, values: dict[str, Any] | list[dict[str, Any]]) -> Any:
        """Run a text with values, or with each of a list of them; return the driver's cursor."""
        self.record(text)
        if isinstance(values, dict):
            return self.driver.execute(text, values)
        return self.driver.executemany(text, values)

    def record(self, text: str) -> None:
        """Note that a statement begins, and stays prepared."""
        if self.limit is not None:
            self.limit.ends_at = time.monotonic() + self.limit.seconds
        if text not in self.prepared:
            self.prepared.add(text)
            self.left -= len(text)


class SqliteReadPool:
    """Lends connections that are open, and opens another one where all are lent."""

    def __init__(self, engine: Engine) -> None:
        """Open nothing yet."""
        self._engine = engine
        self._loop = threading.get_ident()
        # Kept apart, so that the thread of the loop gets the pages back that it has read.
        self._loop_connections: list[PooledConnection] = []
        self._thread_connections: list[PooledConnection] = []
        self._trace: Trace | None = None
        self._is_closed = False
        event.listen(engine, "before_cursor_execute", _record_statement)

    def fetch(self, statement: Statement[RowT], params: Values = None) -> list[RowT]:
        """Return the rows of one statement, which sees what is committed when it begins."""
        compiled = compile_statement(statement, self._engine.dialect)
        pooled = self._acquire()
        try:
            rows = pooled.execute(compiled.text, compiled.values(params)).fetchall()
        except BaseException:
            pooled.connection.close()
            with translate_driver_errors():
                raise
        self._release(pooled)
        return compiled.rows(rows)

    @contextmanager
    def session(self, *, snapshot: bool) -> Iterator[ReadSession]:
        """Read with a connection that is held open; one on which a read failed is not kept."""
        pooled = self._acquire()
        try:
            if snapshot:
                pooled.driver.execute("BEGIN")
            yield ReadSession(pooled.connection, pooled.execute)
            if snapshot:
                pooled.driver.execute("ROLLBACK")
        except BaseException:
            pooled.connection.close()
            raise
        self._release(pooled)

    def _acquire(self) -> PooledConnection:
        """Return a connection for the caller alone."""
        is_in_loop = threading.get_ident() == self._loop
        try:
            pooled = (self._loop_connections if is_in_loop else self._thread_connections).pop()
        except IndexError:
            with translate_driver_errors():
                pooled = self._open(is_in_loop=is_in_loop)
        pooled.limit = current_limit()
        return pooled

    def _release(self, pooled: PooledConnection) -> None:
        """Keep a connection for the next reader, unless too much was prepared on it."""
        if pooled.left < 0 or self._is_closed:
            pooled.connection.close()
        else:
            is_in_loop = threading.get_ident() == self._loop
            (self._loop_connections if is_in_loop else self._thread_connections).append(pooled)

    def trace(self, trace: Trace | None) -> None:
        """Show the statements of readers that begin later; nothing ends it."""
        self._trace = trace
        for pooled in (*self._loop_connections, *self._thread_connections):
            pooled.driver.set_trace_callback(trace)

    def close(self) -> None:
        """Close what is not lent; the rest is closed when it comes back."""
        self._is_closed = True
        for kept in (self._loop_connections, self._thread_connections):
            while kept:
                kept.pop().connection.close()

    def _open(self, *, is_in_loop: bool) -> PooledConnection:
        cache = _LOOP_CACHE_KIB if is_in_loop else _THREAD_CACHE_KIB
        pooled = PooledConnection(
            self._engine, _LOOP_MAX_PREPARED if is_in_loop else _THREAD_MAX_PREPARED
        )
        pooled.driver.execute(f"PRAGMA cache_size = -{cache}")
        pooled.driver.set_trace_callback(self._trace)
        return pooled


def _record_statement(connection: Connection, _cursor: object, text: str, *_: Any) -> None:
    """Note a statement that is not kept, too."""
    pooled: PooledConnection | None = connection.info.get(_POOLED)
    if pooled is not None:
        pooled.record(text)
