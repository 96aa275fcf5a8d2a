"""Read and write sessions: two types, so that a signature says whether it may write."""

import sqlite3
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Any, TypeVar, cast, overload

import psycopg
from sqlalchemy import (
    BigInteger,
    Connection,
    CursorResult,
    Executable,
    Select,
    Text,
    bindparam,
    func,
    select,
)
from sqlalchemy.exc import IntegrityError

from app.kit import json
from app.kit.errors import ConstraintViolated
from app.kit.sql.schema import Base
from app.kit.sql.statement import (
    Mode,
    Nothing,
    Query,
    Statement,
    TypedRow,
    build_delete,
    build_insert,
    compile_statement,
    merge_rows,
)

Values = Mapping[str, Any] | None
Params = Values | Sequence[Mapping[str, Any]]
RowT = TypeVar("RowT")
Value = TypeVar("Value")
# The errors of each driver for a violated constraint.
INTEGRITY_ERRORS = (IntegrityError, sqlite3.IntegrityError, psycopg.IntegrityError)

# An INSERT of many rows costs little more than one of a single row, and SQLite releases the GIL
# once, not for each row. Each number of rows is a separate statement. Upserts are excluded: one
# statement cannot update the same row twice.
_MULTI_ROW_MODES, _ROWS_PER_STATEMENT, _MAX_ROWS = frozenset({"new", "missing"}), 16, 64


# Runs SQL with the values of its parameters, or with each item of a list of values.
Execute = Callable[[str, Any], Any]


class ReadSession:
    """Reads from one connection.

    Every method takes a reusable `Statement`, or a `Query` that is built for one call. In either
    case rows have the declared type, on both databases.
    """

    def __init__(self, connection: Connection, execute: Execute | None = None) -> None:
        """Wrap a connection, whose opener ends the transaction.

        `execute` runs reusable statements; the default is the connection.
        """
        self._connection = connection
        self._execute = execute or connection.exec_driver_sql
        self.dialect: str = connection.dialect.name

    def all(self, query: Query[RowT], params: Values = None) -> list[RowT]:
        """Return every row."""
        if isinstance(query, Statement):
            compiled = compile_statement(query, self._connection.dialect)
            values = compiled.values(params)
            cursor = self._execute(compiled.text, values)
            if compiled.merged_by is None:
                return compiled.rows(cursor.fetchall())
            with closing(cursor):
                return compiled.rows(merge_rows(cursor, compiled.merged_by, values["limit"]))
        result = self._execute_clause(query.clause, params)
        return list(map(query.build_row_factory(list(result.keys())), result))

    def _execute_clause(self, clause: Any, params: Params) -> CursorResult[Any]:
        """Run a clause through SQLAlchemy, which has its own cache of compiled statements."""
        return self._connection.execute(clause, params)

    def first(self, query: Query[RowT], params: Values = None) -> RowT | None:
        """Return the first row, or None."""
        rows = self.all(query, params)
        return rows[0] if rows else None

    def find(self, query: Query[RowT], values: Collection[Any], **params: Any) -> list[RowT]:
        """Return the rows for a list of values; without values, return no rows."""
        return self.all(query, {"values": values, **params}) if values else []

    def scalar(self, query: Query[Any] | Executable, params: Values = None) -> Any:
        """Return the first column of the first row, or None."""
        return next(iter(self.scalars(query, params)), None)

    @overload
    def scalars(self, query: Select[Value], params: Values = None) -> list[Value]: ...

    @overload
    def scalars(self, query: Query[Any] | Executable, params: Values = None) -> list[Any]: ...

    def scalars(self, query: Any, params: Any = None) -> Any:
        """Return the first column of every row."""
        rows = self.all(query if isinstance(query, Query) else Query(query), params)
        return [row[0] for row in rows]

    def estimate(self, statement: Statement[Any], params: Mapping[str, Any]) -> int:
        """Return PostgreSQL's estimate of the number of rows of a statement."""
        compiled = compile_statement(statement, self._connection.dialect)
        result = self._connection.exec_driver_sql(
            f"EXPLAIN (FORMAT JSON) {compiled.text}", compiled.values(params)
        )
        plan: Any = result.scalar()
        return int((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]["Plan Rows"])

    def stream(self, query: Query[RowT], chunk: int = 500) -> Iterator[RowT]:
        """Yield rows, which are read in chunks to limit memory."""
        options, clause = {"yield_per": chunk}, cast(Executable, query.clause)
        # Close the cursor even if the caller stops early.
        with self._connection.execute(clause, execution_options=options) as result:
            yield from map(query.build_row_factory(list(result.keys())), result)


class WriteSession(ReadSession):
    """A transaction that may write."""

    def execute(self, statement: Statement[Any] | Executable, params: Params = None) -> int:
        """Run a statement, once or for each item of a list of parameters; return its row count."""
        if isinstance(params, Sequence) and not params:
            return 0
        if not isinstance(statement, Statement):
            return self._execute_clause(statement, params).rowcount
        compiled = compile_statement(statement, self._connection.dialect)
        if params is None or isinstance(params, Mapping):
            values: Any = compiled.values(params)
        elif len(params) == 1:
            values = compiled.values(params[0])
        else:
            values = [compiled.values(row) for row in params]
        count: int = self._execute(compiled.text, values).rowcount
        return count

    def delete(self, column: Any, values: Collection[Value]) -> None:
        """Delete the rows in which a column of a model has one of the values."""
        if values:
            self.execute(build_delete(column.property.columns[0]), {"values": values})

    def insert(self, model: type[Base], rows: Sequence[TypedRow], mode: Mode = "new") -> None:
        """Insert rows of one type; the mode says what happens to rows whose key exists.

        An upsert keeps unchanged index entries, unlike a deletion and an insertion.
        """
        if not rows:
            return
        if mode not in _MULTI_ROW_MODES or len(rows) > _MAX_ROWS:
            single = build_insert(model, type(rows[0]), self.dialect, mode, 1)
            self.execute(single, [single.params([row]) for row in rows])
            return
        for start in range(0, len(rows), _ROWS_PER_STATEMENT):
            part = rows[start : start + _ROWS_PER_STATEMENT]
            several = build_insert(model, type(rows[0]), self.dialect, mode, len(part))
            self.execute(several, several.params(part))

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Open a savepoint; an exception rolls back to it."""
        try:
            with self._connection.begin_nested():
                yield
        except INTEGRITY_ERRORS as error:
            raise ConstraintViolated("Somebody else changed the same thing at once.") from error

    def lock(self, name: str, *, shared: bool = False) -> None:
        """Acquire a named lock, which is held to the end of the transaction.

        SQLite has one writer, so there the transaction itself is the lock.
        """
        if self.dialect == "postgresql":
            self.all(_LOCK_SHARED if shared else _LOCK, {"key": _lock_key(name)})

    def notify(self, channel: str, payload: str) -> None:
        """Send a notification on PostgreSQL when this transaction is committed."""
        if self.dialect == "postgresql":
            self.all(_NOTIFY, {"channel": channel, "payload": payload})

    def try_lock(self, name: str) -> bool:
        """Acquire a named lock if it is free; return whether it was."""
        if self.dialect != "postgresql":
            return True
        return bool(self.scalar(_TRY_LOCK, {"key": _lock_key(name)}))


_KEY = bindparam("key", type_=BigInteger)
_LOCK: Statement[Nothing] = Statement(select(func.pg_advisory_xact_lock(_KEY)))
_LOCK_SHARED: Statement[Nothing] = Statement(select(func.pg_advisory_xact_lock_shared(_KEY)))
_TRY_LOCK: Statement[tuple[bool]] = Statement(select(func.pg_try_advisory_xact_lock(_KEY)))
_NOTIFY: Statement[Nothing] = Statement(
    select(func.pg_notify(bindparam("channel", type_=Text), bindparam("payload", type_=Text)))
)


def _lock_key(name: str) -> int:
    return zlib.crc32(name.encode())
