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

from app.kit.sql.driver_errors import translated_failures
from app.kit.sql.session import ReadSession, RowT, Values
from app.kit.sql.statement import Statement, compiled_for

Result = TypeVar("Result")

_CANCEL_SECONDS = 5.0
# An option of connections: what their transactions begin with, or nothing.
BEGINS = "dateline_begins"
# Letters of the texts that the driver keeps prepared on a connection, of the loop and of
# any other: some twelve bytes each. It counts statements alone, so a connection that was asked
# for more is closed, and another one opened.
_MOST_OF_LOOP, _MOST_OF_OTHERS = 512 * 1024, 128 * 1024
# The loop runs in the thread that opens the database, and answers most readers. A thousand stories
# of a million touch some seven pages each that are nobody else's. There are dozens of other
# threads, and what they read is in the system's memory. In KiB.
_CACHE_OF_LOOP, _CACHE_OF_OTHERS = 40_960, 4_096
_LENT = "dateline_lent"
# Steps of SQLite's virtual machine between looks whether a statement has to end: some ten
# milliseconds. Each look takes the interpreter's lock.
_LOOK_EVERY = 500_000
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
    def on_server(self, connection: psycopg.Connection[Any]) -> Iterator[None]:
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


class Lent:
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
        self.connection.info[_LENT] = self
        driver: Any = self.driver
        driver.set_progress_handler(self._has_to_end, _LOOK_EVERY)

    def _has_to_end(self) -> bool:
        return self.limit is not None and self.limit.is_over()

    def execute(self, text: str, values: dict[str, Any] | list[dict[str, Any]]) -> Any:
        """Run a text with values, or with each of a list of them; return the driver's cursor."""
        self.note(text)
        if isinstance(values, dict):
            return self.driver.execute(text, values)
        return self.driver.executemany(text, values)

    def note(self, text: str) -> None:
        """Note that a statement begins, and stays prepared."""
        if self.limit is not None:
            self.limit.ends_at = time.monotonic() + self.limit.seconds
        if text not in self.prepared:
            self.prepared.add(text)
            self.left -= len(text)


class Readers:
    """Lends connections that are open, and opens another one where all are lent."""

    def __init__(self, engine: Engine) -> None:
        """Open nothing yet."""
        self._engine = engine
        self._loop = threading.get_ident()
        # Kept apart, so that the thread of the loop gets the pages back that it has read.
        self._of_loop: list[Lent] = []
        self._of_others: list[Lent] = []
        self._trace: Trace | None = None
        self._is_closed = False
        event.listen(engine, "before_cursor_execute", _note_prepared)

    def fetch(self, statement: Statement[RowT], params: Values = None) -> list[RowT]:
        """Return the rows of one statement, which sees what is committed when it begins."""
        compiled = compiled_for(statement, self._engine.dialect)
        lent = self._lend()
        try:
            rows = lent.execute(compiled.text, compiled.values(params)).fetchall()
        except BaseException:
            lent.connection.close()
            with translated_failures():
                raise
        self._take_back(lent)
        return compiled.rows(rows)

    @contextmanager
    def session(self, *, snapshot: bool) -> Iterator[ReadSession]:
        """Read with a connection that is held open; one on which a read failed is not kept."""
        lent = self._lend()
        try:
            if snapshot:
                lent.driver.execute("BEGIN")
            yield ReadSession(lent.connection, lent.execute)
            if snapshot:
                lent.driver.execute("ROLLBACK")
        except BaseException:
            lent.connection.close()
            raise
        self._take_back(lent)

    def _lend(self) -> Lent:
        """Return a connection for the caller alone."""
        is_in_loop = threading.get_ident() == self._loop
        try:
            lent = (self._of_loop if is_in_loop else self._of_others).pop()
        except IndexError:
            with translated_failures():
                lent = self._opened(is_in_loop=is_in_loop)
        lent.limit = current_limit()
        return lent

    def _take_back(self, lent: Lent) -> None:
        """Keep a connection for the next reader, unless too much was prepared on it."""
        if lent.left < 0 or self._is_closed:
            lent.connection.close()
        else:
            is_in_loop = threading.get_ident() == self._loop
            (self._of_loop if is_in_loop else self._of_others).append(lent)

    def trace(self, trace: Trace | None) -> None:
        """Show the statements of readers that begin later; nothing ends it."""
        self._trace = trace
        for lent in (*self._of_loop, *self._of_others):
            lent.driver.set_trace_callback(trace)

    def close(self) -> None:
        """Close what is not lent; the rest is closed when it comes back."""
        self._is_closed = True
        for kept in (self._of_loop, self._of_others):
            while kept:
                kept.pop().connection.close()

    def _opened(self, *, is_in_loop: bool) -> Lent:
        cache = _CACHE_OF_LOOP if is_in_loop else _CACHE_OF_OTHERS
        lent = Lent(self._engine, _MOST_OF_LOOP if is_in_loop else _MOST_OF_OTHERS)
        lent.driver.execute(f"PRAGMA cache_size = -{cache}")
        lent.driver.set_trace_callback(self._trace)
        return lent


def _note_prepared(connection: Connection, _cursor: object, text: str, *_: Any) -> None:
    """Note a statement that is not kept, too."""
    lent: Lent | None = connection.info.get(_LENT)
    if lent is not None:
        lent.note(text)
