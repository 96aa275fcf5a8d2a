"""Time limits of reads, and the pool of connections that read an SQLite file.

A read that runs inside `ReadLimit.run` has a time limit, and ends when the caller abandons it.
Other reads have no limit.

Connections to an SQLite file stay open between reads: opening one costs a hundred times a read, and
an open one caches pages. The most recently used connection is used first.
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
from app.kit.sql.statement import Statement, compile_statement, merge_rows

Result = TypeVar("Result")

_CANCEL_SECONDS = 5.0
# An execution option: the statement that begins transactions, or None.
BEGINS = "dateline_begins"
# Characters of the prepared statements of a connection, of the event loop's thread and of others. A
# character takes some twelve bytes. The driver limits only the number of statements, so a
# connection above this limit is closed.
_LOOP_MAX_PREPARED, _THREAD_MAX_PREPARED = 512 * 1024, 128 * 1024
# Page caches in KiB. The event loop runs in the thread that opens the database, and answers most
# requests. A story of a large archive needs some seven pages of its own. There are dozens of other
# threads, which use the cache of the operating system.
_LOOP_CACHE_KIB, _THREAD_CACHE_KIB = 40_960, 4_096
_POOLED = "dateline_lent"
# Instructions of SQLite's virtual machine between two checks of the limit: some ten milliseconds.
# Each check takes the GIL.
_PROGRESS_STEPS = 500_000
# Called with each statement, with its values filled in.
Trace = Callable[[str], None]


class ReadLimit:
    """The time limit of each statement of an answer."""

    __slots__ = ("_lock", "_server", "ends_at", "is_abandoned", "seconds")

    def __init__(self, seconds: float) -> None:
        """Set the seconds that each statement may take."""
        self.seconds = seconds
        self.is_abandoned = False
        # When the current statement on SQLite ends, by `time.monotonic`.
        self.ends_at = 0.0
        self._lock = threading.Lock()
        self._server: psycopg.Connection[Any] | None = None

    def run(self, function: Callable[[], Result]) -> Result:
        """Call a function with this limit for its reads; return its result."""
        token = _current.set(self)
        try:
            return function()
        finally:
            _current.reset(token)

    def is_over(self) -> bool:
        """Tell whether the current statement on SQLite has to end."""
        return self.is_abandoned or time.monotonic() > self.ends_at

    @contextmanager
    def cancel_with(self, connection: psycopg.Connection[Any]) -> Iterator[None]:
        """Let `abandon` cancel statements on a connection to PostgreSQL."""
        before, self._server = self._server, connection
        try:
            yield
        finally:
            with self._lock:
                self._server = before

    def abandon(self) -> None:
        """Cancel the current statement, and refuse later ones: nobody waits for the answer."""
        self.is_abandoned = True
        if self._server is not None:
            # Cancelling needs a separate connection.
            threading.Thread(target=self._cancel, name="cancelling", daemon=True).start()

    def _cancel(self) -> None:
        # The lock keeps the connection from being reused meanwhile.
        with self._lock, suppress(psycopg.Error):
            if self._server is not None:
                self._server.cancel_safe(timeout=_CANCEL_SECONDS)


_current: ContextVar[ReadLimit | None] = ContextVar("read_limit", default=None)
# Returns the limit of the current context, or None.
current_limit = _current.get


@contextmanager
def lift_time_limit() -> Iterator[None]:
    """Remove the time limit, for reads whose result serves many answers."""
    token = _current.set(None)
    try:
        yield
    finally:
        _current.reset(token)


class PooledConnection:
    """A connection of a pool, for one reader or writer at a time, without a transaction.

    Compiled statements run on the driver's connection, which SQLAlchemy gives access to. The first
    page of the stories takes 88 microseconds through `exec_driver_sql`, and 39 this way: the
    difference is a third of the whole request.
    """

    __slots__ = ("connection", "driver", "left", "limit", "prepared")

    def __init__(self, engine: Engine, max_prepared: int) -> None:
        """Open a connection; `max_prepared` limits the characters of prepared statements."""
        self.connection = engine.connect().execution_options(**{BEGINS: None})
        self.driver: Any = self.connection.connection.driver_connection
        self.prepared: set[str] = set()
        self.left = max_prepared
        self.limit: ReadLimit | None = None
        self.connection.info[_POOLED] = self
        driver: Any = self.driver
        driver.set_progress_handler(self._is_over, _PROGRESS_STEPS)

    def _is_over(self) -> bool:
        return self.limit is not None and self.limit.is_over()

    def execute(self, text: str, values: dict[str, Any] | list[dict[str, Any]]) -> Any:
        """Run SQL with values, or with each item of a list; return the driver's cursor."""
        self.record(text)
        if isinstance(values, dict):
            return self.driver.execute(text, values)
        return self.driver.executemany(text, values)

    def record(self, text: str) -> None:
        """Start the time limit of a statement, and count its prepared text."""
        if self.limit is not None:
            self.limit.ends_at = time.monotonic() + self.limit.seconds
        if text not in self.prepared:
            self.prepared.add(text)
            self.left -= len(text)


class SqliteReadPool:
    """A pool of open connections; opens another one if all are in use."""

    def __init__(self, engine: Engine) -> None:
        """Open nothing yet."""
        self._engine = engine
        self._loop = threading.get_ident()
        # Separate, so that the thread of the event loop gets its own page caches back.
        self._loop_connections: list[PooledConnection] = []
        self._thread_connections: list[PooledConnection] = []
        self._trace: Trace | None = None
        self._is_closed = False
        event.listen(engine, "before_cursor_execute", _record_statement)

    def fetch(self, statement: Statement[RowT], params: Values = None) -> list[RowT]:
        """Return the rows of a statement, which sees what is committed when it begins."""
        compiled = compile_statement(statement, self._engine.dialect)
        pooled = self._acquire()
        try:
            values = compiled.values(params)
            cursor = pooled.execute(compiled.text, values)
            if compiled.merged_by is None:
                rows = cursor.fetchall()
            else:
                rows = merge_rows(cursor, compiled.merged_by, values["limit"])
                # The cursor may have more rows, and would hold its snapshot.
                cursor.close()
        except BaseException:
            pooled.connection.close()
            with translate_driver_errors():
                raise
        self._release(pooled)
        return compiled.rows(rows)

    @contextmanager
    def session(self, *, snapshot: bool) -> Iterator[ReadSession]:
        """Read with a connection of the pool, which is closed if the read fails."""
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
        """Return a connection that only the caller uses."""
        is_in_loop = threading.get_ident() == self._loop
        try:
            pooled = (self._loop_connections if is_in_loop else self._thread_connections).pop()
        except IndexError:
            with translate_driver_errors():
                pooled = self._open(is_in_loop=is_in_loop)
        pooled.limit = current_limit()
        return pooled

    def _release(self, pooled: PooledConnection) -> None:
        """Return a connection to the pool, unless too much is prepared on it."""
        if pooled.left < 0 or self._is_closed:
            pooled.connection.close()
        else:
            is_in_loop = threading.get_ident() == self._loop
            (self._loop_connections if is_in_loop else self._thread_connections).append(pooled)

    def trace(self, trace: Trace | None) -> None:
        """Set a callback for the statements of later readers; None removes it."""
        self._trace = trace
        for pooled in (*self._loop_connections, *self._thread_connections):
            pooled.driver.set_trace_callback(trace)

    def close(self) -> None:
        """Close all unused connections; others are closed when they are released."""
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
    """Record a statement that SQLAlchemy runs."""
    pooled: PooledConnection | None = connection.info.get(_POOLED)
    if pooled is not None:
        pooled.record(text)
