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

from app.kit.session import Reads

Rows = Sequence[Any]
_MOST_STATEMENTS = 300


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

    def __init__(self, connection: sqlite3.Connection, statements: "HotStatements") -> None:
        """Run on a connection on which a transaction is open."""
        self.dialect = "sqlite"
        self._connection = connection
        self._statements = statements

    def all(self, statement: Executable, params: Mapping[str, Any] | None = None) -> Rows:
        """Return every row."""
        compiled = self._statements.compiled(statement)
        values = {**compiled.values, **params} if params else compiled.values
        cursor = self._connection.execute(compiled.sql, [values[one] for one in compiled.names])
        rows = cursor.fetchall()
        if compiled.make is None:
            compiled.make = _maker([column[0] for column in cursor.description])
        return list(map(compiled.make, rows))


def _maker(names: list[str]) -> Callable[[Any], Any]:
    """Return what makes a row a named tuple; its own `_make` counts the columns every time."""
    return partial(tuple.__new__, namedtuple("Row", names))


class HotStatements:
    """Held connections to an SQLite file, one for each thread, and compiled statements."""

    def __init__(
        self,
        path: str,
        dialect: Dialect,
        pragmas: Sequence[str],
        of_main: Sequence[str],
        may_open: Callable[[], None],
    ) -> None:
        """Open nothing yet; pragmas `of_main` are for the connection of the main thread alone.

        `may_open` raises where there must be no further connection.
        """
        self._path = path
        self._dialect = dialect
        self._pragmas = pragmas
        self._of_main = of_main
        self._may_open = may_open
        self._compiled: dict[Executable, _Compiled] = {}
        self._held = threading.local()
        self._all: list[sqlite3.Connection] = []
        self._note: Callable[[str], None] | None = None

    @contextmanager
    def session(self) -> Iterator[HotSession]:
        """Open a transaction that sees one snapshot."""
        connection = self._connection()
        connection.execute("BEGIN")
        try:
            yield HotSession(connection, self)
        finally:
            connection.execute("COMMIT")

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
            if len(self._compiled) >= _MOST_STATEMENTS:
                self._compiled.clear()
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

    def _connection(self) -> sqlite3.Connection:
        held: sqlite3.Connection | None = getattr(self._held, "connection", None)
        if held is None:
            self._may_open()
            held = sqlite3.connect(
                self._path,
                isolation_level=None,
                check_same_thread=False,
                uri=self._path.startswith("file:"),
                cached_statements=512,
            )
            main = threading.current_thread() is threading.main_thread()
            for pragma in (*self._pragmas, *(self._of_main if main else ())):
                held.execute(pragma)
            held.set_trace_callback(self._note)
            self._held.connection = held
            self._all.append(held)
        return held
