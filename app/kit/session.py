"""Sessions: one that reads and one that may write, so that a signature says which."""

import sqlite3
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

import psycopg
from sqlalchemy import Connection, CursorResult, Dialect, Executable, Row
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.expression import ClauseElement

from app.kit import json
from app.kit.driver import Driver, Note, driver_of
from app.kit.errors import ConstraintViolated
from app.kit.prepared import Mode, Prepared, deletion, prepared, prepared_insert, prepared_insert_of
from app.kit.schema import Base, table_of

Params = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None
Record = Row[Any]
# Gives every row of what was asked, and waits for them.
Asked = Callable[[], Sequence[Record]]
# What says, in each driver's words, that a constraint was violated.
BROKEN = (IntegrityError, sqlite3.IntegrityError, psycopg.IntegrityError)

# The most values that one IN (…) is given: SQLite allows 32,766 variables a statement.
_CHUNK = 5_000
# A statement of many rows costs little more than one of a single row, and to SQLite it lets other
# threads take a turn once, not with each row. Each number of rows is another statement; and of two
# rows with one key the second cannot replace the first.
_MANY, _AT_ONCE, _MOST_ROWS = frozenset({"new", "missing"}), 16, 64
Value = TypeVar("Value")


def chunks(values: Collection[Value]) -> Iterator[list[Value]]:
    """Yield values in lists that one IN (…) can take."""
    listed = list(values)
    for start in range(0, len(listed), _CHUNK):
        yield listed[start : start + _CHUNK]


def filled(values: Collection[Value]) -> list[Value]:
    """Return some values as 1, 2, 4, … of them, the last one repeated.

    So an IN (…) for any number of values takes one of few statements, which can be prepared.
    """
    listed = list(values)
    return listed + [listed[-1]] * ((1 << (len(listed) - 1).bit_length()) - len(listed))


def _numbered(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the values of rows as the parameters of one statement."""
    return {
        f"{name}{number}": value for number, row in enumerate(rows) for name, value in row.items()
    }


class Reads(Protocol):
    """What can be read with: a `ReadSession`, or a hot one on a held connection."""

    dialect: str

    def all(self, statement: Executable, params: Mapping[str, Any] | None = None) -> Any:
        """Return every row."""
        ...

    def first(self, statement: Executable, params: Mapping[str, Any] | None = None) -> Any:
        """Return the first row, or nothing."""
        rows = self.all(statement, params)
        return rows[0] if rows else None

    def scalar(self, statement: Executable, params: Mapping[str, Any] | None = None) -> Any:
        """Return the first column of the first row, or nothing."""
        row = self.first(statement, params)
        return None if row is None else row[0]


class ReadSession:
    """A transaction that only reads."""

    def __init__(self, connection: Connection, note: Note | None = None) -> None:
        """Wrap a connection on which a transaction is open.

        `note` is shown each statement that SQLAlchemy does not see.
        """
        self._connection = connection
        self._driver = driver_of(connection, note)
        self.dialect: str = connection.dialect.name
        self.found: dict[Any, Any] = {}
        """What was looked up in this transaction; who changes it here forgets it."""

    def all(self, statement: Executable, params: Params = None) -> Sequence[Record]:
        """Return every row."""
        return self._result(statement, params).all()

    def first(self, statement: Executable, params: Params = None) -> Record | None:
        """Return the first row, or nothing."""
        return self._result(statement, params).first()

    def scalar(self, statement: Executable, params: Params = None) -> Any:
        """Return the first column of the first row, or nothing."""
        return self._result(statement, params).scalar()

    def prepared(self, statement: Executable, params: Mapping[str, Any]) -> Sequence[Record]:
        """Return every row of a statement that is kept: an object, not one made each time."""
        return self.asked(statement, params)()

    def asked(self, statement: Executable, params: Mapping[str, Any]) -> Asked:
        """Ask a statement that is kept; what is returned gives every row of it.

        Whatever is asked before the first rows are needed goes one way together.
        """
        ready = prepared(statement, self._connection.dialect)
        found = self._driver.ask(ready.sql, ready.values(params))
        return lambda: ready.rows(found())

    def estimate(self, statement: ClauseElement, params: Mapping[str, Any]) -> int:
        """Return how many rows PostgreSQL's planner expects of a statement."""
        compiled = statement.compile(dialect=self._connection.dialect)
        result = self._connection.exec_driver_sql(
            f"EXPLAIN (FORMAT JSON) {compiled}", dict(compiled.construct_params(params) or {})
        )
        plan: Any = result.scalar()
        return int((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]["Plan Rows"])

    def stream(self, statement: Executable, chunk: int = 500) -> Iterator[Record]:
        """Yield rows in chunks, in memory that does not grow with their number."""
        options = {"yield_per": chunk}
        self._driver.settle()
        # Whoever stops reading in the middle leaves no cursor open on the server.
        with self._connection.execute(statement, execution_options=options) as result:
            yield from result

    def _result(self, statement: Executable, params: Params) -> CursorResult[Any]:
        self._driver.settle()
        return self._connection.execute(statement, params)


class SingleSession(Reads):
    """A read of one statement, which is a transaction by itself.

    Statements have to be objects that are kept, as for a hot one.
    """

    def __init__(self, driver: Driver, dialect: Dialect) -> None:
        """Ask a driver that begins no transaction."""
        self.dialect: str = dialect.name
        self._words = dialect
        self._driver = driver

    def all(self, statement: Executable, params: Mapping[str, Any] | None = None) -> Any:
        """Return every row."""
        ready = prepared(statement, self._words)
        return ready.rows(self._driver.ask(ready.sql, ready.values(params or {}))())


class WriteSession(ReadSession):
    """A transaction that may write."""

    def execute(self, statement: Executable, params: Params = None) -> int:
        """Run a statement (with a list of parameters: for each of them); count its rows."""
        if isinstance(params, Sequence) and not params:
            return 0
        return self._result(statement, params).rowcount

    def execute_prepared(self, statement: Executable, params: Mapping[str, Any]) -> None:
        """Run a statement that is kept, and returns no rows."""
        self._run(prepared(statement, self._connection.dialect), [params])

    def execute_for_each(self, statement: Executable, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run a statement that is kept for each row of parameters."""
        if rows:
            self._run(prepared(statement, self._connection.dialect), rows)

    def delete(self, column: Any, values: Collection[Value]) -> None:
        """Delete the rows in which a column of a model has one of these values."""
        for part in chunks(values):
            named = filled(part)
            statement, names = deletion(column.property.columns[0], len(named))
            self.execute_prepared(statement, dict(zip(names, named, strict=True)))

    def insert(self, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows that all have the same columns."""
        self._insert(model, rows, "new")

    def insert_missing(self, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows, leaving alone those whose key is there already."""
        self._insert(model, rows, "missing")

    def insert_whole(self, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows, replacing those whose key is there already.

        Entries of indexes stay where they say the same, which a deletion would not let them.
        """
        self._insert(model, rows, "whole")

    def insert_changed(self, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows, replacing those whose key is there already and that say something else."""
        self._insert(model, rows, "changed")

    def _insert(self, model: type[Base], rows: Sequence[Mapping[str, Any]], mode: Mode) -> None:
        if not rows:
            return
        table, columns, dialect = table_of(model), tuple(rows[0]), self._connection.dialect
        if mode in _MANY and 1 < len(rows) <= _MOST_ROWS:
            for start in range(0, len(rows), _AT_ONCE):
                part = rows[start : start + _AT_ONCE]
                ready = prepared_insert_of(table, columns, dialect, mode, len(part))
                self._run(ready, [_numbered(part)])
        else:
            self._run(prepared_insert(table, columns, dialect, mode), rows)

    def _run(self, ready: Prepared, rows: Sequence[Mapping[str, Any]]) -> None:
        self._driver.send(ready.sql, [ready.values(row) for row in rows])

    def commit(self) -> None:
        """Run what waits to be run with the next statement; it may be committed with that."""
        self._driver.commit()

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Open a part of the transaction that is undone by itself where it fails."""
        self._run_now("SAVEPOINT attempt")
        try:
            yield
            self._run_now("RELEASE SAVEPOINT attempt")
        except BaseException as wrong:
            # What waits yet would run after all, with what comes next.
            self._driver.forget()
            # Of several in each other the innermost is meant; it is there until it is released.
            self._run_now("ROLLBACK TO SAVEPOINT attempt")
            self._run_now("RELEASE SAVEPOINT attempt")
            if isinstance(wrong, BROKEN):
                raise ConstraintViolated("Somebody else changed the same thing at once.") from wrong
            raise
        finally:
            # Some of it may be undone.
            self.found.clear()

    def _run_now(self, sql: str) -> None:
        self._driver.send(sql, [()])
        self._driver.settle()

    def lock(self, name: str, *, shared: bool = False) -> None:
        """Wait for a named lock that lasts to the end of the transaction.

        SQLite has one writer, so there the transaction itself is the lock.
        """
        if self.dialect == "postgresql":
            function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
            self._driver.send(f"SELECT {function}($1)", [(_lock_key(name),)])

    def notify(self, channel: str) -> None:
        """Tell who listens on PostgreSQL, when and if this transaction is committed."""
        if self.dialect == "postgresql":
            self._driver.send("SELECT pg_notify($1, '')", [(channel,)])

    def try_lock(self, name: str) -> bool:
        """Take a named lock if it is free, and say whether it was."""
        if self.dialect != "postgresql":
            return True
        ((taken,),) = self._driver.ask("SELECT pg_try_advisory_xact_lock($1)", (_lock_key(name),))()
        return bool(taken)


def _lock_key(name: str) -> int:
    return zlib.crc32(name.encode())
