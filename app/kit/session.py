"""Sessions: one that reads and one that may write, so that a signature says which."""

import sqlite3
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar, overload

import psycopg
from sqlalchemy import (
    BigInteger,
    Connection,
    CursorResult,
    Executable,
    Row,
    Text,
    bindparam,
    func,
    select,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.sql.expression import ClauseElement

from app.kit import json
from app.kit.errors import ConstraintViolated
from app.kit.schema import Base, table_of
from app.kit.statement import Mode, Statement, compiled_for, deletion, insertion, insertion_of

Params = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None
Record = Row[Any]
RowT = TypeVar("RowT")
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

    So an IN (…) for any number of values takes one of few statements, which can be kept.
    """
    listed = list(values)
    return listed + [listed[-1]] * ((1 << (len(listed) - 1).bit_length()) - len(listed))


def _numbered(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the values of rows as the parameters of one statement."""
    return {
        f"{name}{number}": value for number, row in enumerate(rows) for name, value in row.items()
    }


class ReadSession:
    """Reads from one connection.

    Every method takes a `Statement` that is kept, or what SQLAlchemy built for this one time;
    columns are converted as their types say, in either case and on both databases.
    """

    def __init__(self, connection: Connection) -> None:
        """Wrap a connection; its opener ends the transaction."""
        self._connection = connection
        self.dialect: str = connection.dialect.name

    @overload
    def all(self, statement: Statement[RowT], params: Params = None) -> Sequence[RowT]: ...

    @overload
    def all(self, statement: Executable, params: Params = None) -> Sequence[Record]: ...

    def all(self, statement: Any, params: Any = None) -> Any:
        """Return every row."""
        if isinstance(statement, Statement):
            ready = compiled_for(statement, self._connection.dialect)
            return ready.rows(self._fetched(ready.text, ready.values(params)))
        return self._connection.execute(statement, params).all()

    def _fetched(self, text: str, values: dict[str, Any]) -> Sequence[Sequence[Any]]:
        """Return the driver's rows of a statement that is compiled."""
        return self._connection.exec_driver_sql(text, values).all()

    @overload
    def first(self, statement: Statement[RowT], params: Params = None) -> RowT | None: ...

    @overload
    def first(self, statement: Executable, params: Params = None) -> Record | None: ...

    def first(self, statement: Any, params: Any = None) -> Any:
        """Return the first row, or nothing."""
        rows = self.all(statement, params)
        return rows[0] if rows else None

    def scalar(self, statement: Statement[Any] | Executable, params: Params = None) -> Any:
        """Return the first column of the first row, or nothing."""
        row: Any = self.first(statement, params)
        return None if row is None else row[0]

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
        # Whoever stops reading in the middle leaves no cursor open on the server.
        with self._connection.execute(statement, execution_options=options) as result:
            yield from result


class WriteSession(ReadSession):
    """A transaction that may write."""

    def execute(self, statement: Statement[Any] | Executable, params: Params = None) -> int:
        """Run a statement (with a list of parameters: for each of them); count its rows."""
        if isinstance(params, Sequence) and not params:
            return 0
        if isinstance(statement, Statement):
            rows = [params or {}] if isinstance(params, Mapping | None) else params
            return self._run(statement, rows).rowcount
        return self._connection.execute(statement, params).rowcount

    def delete(self, column: Any, values: Collection[Value]) -> None:
        """Delete the rows in which a column of a model has one of these values."""
        for part in chunks(values):
            named = filled(part)
            statement, names = deletion(column.property.columns[0], len(named))
            self.execute(statement, dict(zip(names, named, strict=True)))

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
        table, columns = table_of(model), tuple(rows[0])
        if mode in _MANY and 1 < len(rows) <= _MOST_ROWS:
            for start in range(0, len(rows), _AT_ONCE):
                part = rows[start : start + _AT_ONCE]
                statement = insertion_of(table, columns, self.dialect, mode, len(part))
                self._run(statement, [_numbered(part)])
        else:
            self._run(insertion(table, columns, self.dialect, mode), rows)

    def _run(
        self, statement: Statement[Any], rows: Sequence[Mapping[str, Any]]
    ) -> CursorResult[Any]:
        ready = compiled_for(statement, self._connection.dialect)
        values = [ready.values(row) for row in rows]
        return self._connection.exec_driver_sql(
            ready.text, values if len(values) > 1 else values[0]
        )

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Open a part of the transaction that is undone by itself where it fails."""
        try:
            with self._connection.begin_nested():
                yield
        except BROKEN as wrong:
            raise ConstraintViolated("Somebody else changed the same thing at once.") from wrong

    def lock(self, name: str, *, shared: bool = False) -> None:
        """Wait for a named lock that lasts to the end of the transaction.

        SQLite has one writer, so there the transaction itself is the lock.
        """
        if self.dialect == "postgresql":
            self.all(_LOCK_SHARED if shared else _LOCK, {"key": _lock_key(name)})

    def notify(self, channel: str) -> None:
        """Tell who listens on PostgreSQL, when and if this transaction is committed."""
        if self.dialect == "postgresql":
            self.all(_NOTIFY, {"channel": channel})

    def try_lock(self, name: str) -> bool:
        """Take a named lock if it is free, and say whether it was."""
        if self.dialect != "postgresql":
            return True
        return bool(self.scalar(_TRY_LOCK, {"key": _lock_key(name)}))


_key = bindparam("key", type_=BigInteger)
_LOCK: Statement[Any] = Statement(select(func.pg_advisory_xact_lock(_key)))
_LOCK_SHARED: Statement[Any] = Statement(select(func.pg_advisory_xact_lock_shared(_key)))
_TRY_LOCK: Statement[Any] = Statement(select(func.pg_try_advisory_xact_lock(_key)))
_NOTIFY: Statement[Any] = Statement(select(func.pg_notify(bindparam("channel", type_=Text), "")))


def _lock_key(name: str) -> int:
    return zlib.crc32(name.encode())
