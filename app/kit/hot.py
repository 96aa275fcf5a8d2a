"""Hot statements: compiled once, run on a connection that is held, rows as named tuples.

Opening a session through SQLAlchemy and decoding its result costs several times what SQLite
needs to find twenty rows. A statement that is run for every reader is built by SQLAlchemy all
the same, in a `store`; only its running is done here.
"""

import sqlite3
import threading
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Dialect, Executable
from sqlalchemy.sql import ClauseElement

from app.kit.bounded import BoundedCache
from app.kit.session import Reads

Rows = Sequence[Any]
# Bytes of the statements that are kept, with what they were compiled to; and what one takes for
# each letter of its text: the objects that it is built of are far larger than that.
_MOST_COMPILED, _BYTES_A_LETTER = 8 * 2**20, 40
# Letters of the texts that the driver keeps prepared on a connection, of the main thread and of
# any other: some twelve bytes each. It counts statements alone, so a connection that was asked
# for more is closed, and another one opened.
_MOST_PREPARED_OF_MAIN, _MOST_PREPARED = 512 * 1024, 128 * 1024


@dataclass(slots=True)
class _Compiled:
    """A statement as the driver wants it; `make` turns a row into a named tuple."""

    sql: str
    names: Sequence[str]
    values: Mapping[str, Any]
    make: Callable[[Any], Any] | None = None


class HotSession(Reads):
    """A read on a held connection: one transaction, columns as the driver gives them.

    Statements have to be module-level or cached objects: each is compiled once and kept.
    """

    def __init__(self, held: "_Held", statements: "HotStatements") -> None:
        """Run on a connection on which a transaction is open."""
        self.dialect = "sqlite"
        self._held = held
        self._connection = held.connection
        self._statements = statements

    def all(self, statement: Executable, params: Mapping[str, Any] | None = None) -> Rows:
        """Return every row."""
        compiled = self._statements.compiled(statement)
        if compiled.sql not in self._held.prepared:
            self._held.note(compiled.sql)
        values = {**compiled.values, **params} if params else compiled.values
        cursor = self._connection.execute(compiled.sql, [values[one] for one in compiled.names])
        rows = cursor.fetchall()
        if compiled.make is None:
            compiled.make = _maker([column[0] for column in cursor.description])
        return list(map(compiled.make, rows))


def _maker(names: list[str]) -> Callable[[Any], Any]:
    """Return what makes a row a named tuple; its own `_make` counts the columns every time."""
    return partial(tuple.__new__, namedtuple("Row", names))


class _Held:
    """The connection of a thread, and the statements that were prepared on it."""

    __slots__ = ("connection", "left", "prepared")

    def __init__(self, connection: sqlite3.Connection, most: int) -> None:
        self.connection = connection
        self.prepared: set[str] = set()
        self.left = most

    def note(self, sql: str) -> None:
        """Note that a statement is prepared."""
        self.prepared.add(sql)
        self.left -= len(sql)


class HotStatements:
    """Held connections to an SQLite file, one for each thread, and compiled statements."""

    def __init__(
        self,
        path: str,
        dialect: Dialect,
        pragmas: Sequence[str],
        of_main: Sequence[str],
        of_others: Sequence[str],
        may_open: Callable[[], None],
    ) -> None:
        """Open nothing yet; some pragmas are for the main thread's connection, or for others.

        `may_open` raises where there must be no further connection.
        """
        self._path = path
        self._dialect = dialect
        self._pragmas = pragmas
        self._of_main = of_main
        self._of_others = of_others
        self._may_open = may_open
        self._compiled: BoundedCache[Executable, _Compiled] = BoundedCache(
            _MOST_COMPILED, lambda _, made: _BYTES_A_LETTER * len(made.sql)
        )
        self._held = threading.local()
        self._all: list[sqlite3.Connection] = []
        self._note: Callable[[str], None] | None = None

    @contextmanager
    def session(self) -> Iterator[HotSession]:
        """Open a transaction that sees one snapshot."""
        held = self._connection()
        held.connection.execute("BEGIN")
        try:
            yield HotSession(held, self)
        finally:
            held.connection.execute("COMMIT")

    def single(self) -> HotSession:
        """Return a session for one statement, which is a transaction by itself."""
        return HotSession(self._connection(), self)

    def compiled(self, statement: Executable) -> _Compiled:
        """Return a statement as the driver wants it."""
        known = self._compiled.get(statement)
        if known is None:
            assert isinstance(statement, ClauseElement)
            made = statement.compile(dialect=self._dialect)
            # The stubs name the base of what compiles; only SQL has positions.
            names = list(made.positiontup or ())  # type: ignore[attr-defined]
            known = _Compiled(str(made), names, dict(made.params))
            self._compiled[statement] = known
        return known

    def trace(self, note: Callable[[str], None] | None) -> None:
        """Show each statement to `note`, on connections held now and later."""
        self._note = note
        for connection in self._all:
            connection.set_trace_callback(note)

    def close(self) -> None:
        """Close every connection."""
        for connection in self._all:
            connection.close()

    def _connection(self) -> _Held:
        held: _Held | None = getattr(self._held, "of_thread", None)
        if held is not None and (held.left >= 0 or held.connection.in_transaction):
            return held
        opened = self._opened()
        if held is not None:
            self._all.remove(held.connection)
            held.connection.close()
        main = threading.current_thread() is threading.main_thread()
        held = self._held.of_thread = _Held(
            opened, _MOST_PREPARED_OF_MAIN if main else _MOST_PREPARED
        )
        return held

    def _opened(self) -> sqlite3.Connection:
        """Open a connection for this thread."""
        self._may_open()
        opened = sqlite3.connect(
            self._path,
            isolation_level=None,
            check_same_thread=False,
            uri=self._path.startswith("file:"),
            cached_statements=512,
        )
        main = threading.current_thread() is threading.main_thread()
        for pragma in (*self._pragmas, *(self._of_main if main else self._of_others)):
            opened.execute(pragma)
        opened.set_trace_callback(self._note)
        self._all.append(opened)
        return opened
