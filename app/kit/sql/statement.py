"""Reusable statements, compiled once for a dialect to SQL and type conversions.

SQLAlchemy builds and compiles a statement. The result is cached here, with a limit in bytes: a
lookup in SQLAlchemy's cache, which compares the structure of statements, costs more than SQLite
needs to run one. Values and columns are converted by their types, so rows are the same on both
databases.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache, partial
from itertools import chain
from operator import attrgetter
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar, cast

from sqlalchemy import (
    Column,
    Dialect,
    Insert,
    Table,
    bindparam,
    delete,
    insert,
    or_,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import ClauseElement
from sqlalchemy.types import TypeEngine

from app.kit.bounded_cache import BoundedCache
from app.kit.sql.list_parameters import is_listed
from app.kit.sql.schema import Base, table_of

RowT_co = TypeVar("RowT_co", covariant=True)
# What an insert does if the key exists: fail, keep the row, replace it, or replace it if it
# differs.
Mode = Literal["new", "missing", "whole", "changed"]
# The row type of a statement whose rows do not matter.
Nothing = tuple[()]
_Processor = Callable[[Any], Any]
_MAX_BUILT = 300
# A parameter of psycopg, or a percent sign.
_PARAMETER = re.compile(r"%(?:\((\w+)\)s|%)")


class Query(Generic[RowT_co]):
    """A query for one call, with the type of its rows.

    `row` is a named tuple or a dataclass whose fields are the columns in order; the default is a
    plain tuple. For `merged_by` see `Statement`.
    """

    __slots__ = ("clause", "merged_by", "row")

    def __init__(
        self,
        clause: ClauseElement,
        row: type[RowT_co] | None = None,
        *,
        merged_by: str | None = None,
    ) -> None:
        """Combine a clause of SQLAlchemy with a row type."""
        self.clause = clause
        self.row = row
        self.merged_by = merged_by

    def build_row_factory(self, names: Sequence[str]) -> Callable[[Sequence[Any]], RowT_co]:
        """Return a function that builds a row from the values of the named columns."""
        row: Any = self.row or tuple
        if row is tuple:
            return cast(Callable[[Sequence[Any]], RowT_co], tuple)
        if not issubclass(row, tuple):
            return lambda values: row(**dict(zip(names, values, strict=True)))
        if row._fields != tuple(names):
            raise TypeError(f"{row.__name__} has other fields than the columns {list(names)}.")
        # Faster than `_make` of a named tuple, which checks the length every time.
        return partial(tuple.__new__, row)


class Statement(Query[RowT_co]):
    """A reusable query: a module constant or a cached object, which is compiled once.

    With `merged_by`, rows with the same first column follow each other, and one of them is
    returned: the one with the smallest value of the column of this name. SQLite then reads only as
    many rows as the parameter `limit` needs.
    """

    __slots__ = ()


class _Tuple(Protocol):
    def _asdict(self) -> dict[str, Any]: ...


class _Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Any]]


# A row to insert: a named tuple or a dataclass, whose fields are columns.
TypedRow = _Tuple | _Dataclass


class InsertStatement(Statement[Nothing]):
    """An INSERT of one or more rows; the parameter names of a row end with its number."""

    __slots__ = ("_names", "_values")

    def __init__(self, clause: ClauseElement, fields: Sequence[str], names: Sequence[str]) -> None:
        """Store a clause; `names` are its parameter names, row by row."""
        super().__init__(clause)
        self._names = names
        # `attrgetter` returns a tuple for two names or more; every table has as many columns.
        self._values = attrgetter(*fields)

    def params(self, rows: Sequence[TypedRow]) -> dict[str, Any]:
        """Return the parameters for rows."""
        values = chain.from_iterable(map(self._values, rows))
        return dict(zip(self._names, values, strict=True))


class CompiledStatement(Generic[RowT_co]):
    """A statement compiled for a dialect: SQL, and conversions of parameters and rows."""

    def __init__(self, statement: Statement[RowT_co], dialect: Dialect) -> None:
        """Compile a statement for a dialect."""
        compiled: Any = statement.clause.compile(dialect=dialect)
        self.text: str = compiled.string
        self._constants = {
            name: value
            for name, value in compiled.params.items()
            if not compiled.binds[name].required
        }
        self._processors = _keep_processors(
            (name, _resolve_type(compiled.binds[name].type, dialect).bind_processor(dialect))
            for name in compiled.params
        )
        columns = getattr(statement.clause, "exported_columns", None) or {}
        self._columns = _keep_processors(
            (place, _resolve_type(column.type, dialect).result_processor(dialect, None))
            for place, column in enumerate(columns)
        )
        names = list(columns.keys() if columns else ())
        self._make = statement.build_row_factory(names)
        # The place of the column that decides between rows that are merged.
        self.merged_by = None if statement.merged_by is None else names.index(statement.merged_by)

    @cached_property
    def numbered_sql(self) -> tuple[str, Callable[[Mapping[str, Any]], Sequence[Any]]]:
        """Return the SQL with numbered parameters, and a function that returns their values."""
        numbers: dict[str, int] = {}

        def number(found: re.Match[str]) -> str:
            name = found[1]
            return "%" if name is None else f"${numbers.setdefault(name, len(numbers) + 1)}"

        text = _PARAMETER.sub(number, self.text)
        return text, lambda values: [values[name] for name in numbers]

    def values(self, params: Mapping[str, Any] | None) -> dict[str, Any]:
        """Convert parameters for the driver."""
        values = {**self._constants, **params} if params else dict(self._constants)
        for name, process in self._processors:
            values[name] = process(values[name])
        return values

    def rows(self, found: Iterable[Sequence[Any]]) -> list[RowT_co]:
        """Convert the driver's rows to the declared type."""
        if not self._columns:
            return list(map(self._make, found))
        rows = []
        for row in found:
            values = list(row)
            for place, process in self._columns:
                values[place] = process(values[place])
            rows.append(self._make(values))
        return rows


def merge_rows(found: Iterable[Sequence[Any]], merged_by: int, limit: int) -> list[Sequence[Any]]:
    """Return the first `limit` rows of a statement, without what `merged_by` leaves out."""
    rows: list[Sequence[Any]] = []
    last: object = rows
    for row in found:
        if row[0] != last:
            if len(rows) == limit:
                break
            last = row[0]
            rows.append(row)
        elif row[merged_by] < rows[-1][merged_by]:
            rows[-1] = row
    return rows


PlaceT = TypeVar("PlaceT")


def _keep_processors(
    some: Iterable[tuple[PlaceT, _Processor | None]],
) -> tuple[tuple[PlaceT, _Processor], ...]:
    """Return the places that have a processor."""
    return tuple((place, process) for place, process in some if process is not None)


def _resolve_type(type_: TypeEngine[Any], dialect: Dialect) -> TypeEngine[Any]:
    return type_.dialect_impl(dialect)


# The limit of compiled statements in bytes, and the size of one for each character of its SQL: the
# objects of the clause are far larger than the text.
_MAX_COMPILED_BYTES, _BYTES_PER_CHARACTER = 8 * 2**20, 40
_compiled: BoundedCache[tuple[Statement[Any], str], CompiledStatement[Any]] = BoundedCache(
    _MAX_COMPILED_BYTES, lambda _, made: _BYTES_PER_CHARACTER * len(made.text)
)


def compile_statement(
    statement: Statement[RowT_co], dialect: Dialect
) -> CompiledStatement[RowT_co]:
    """Return a statement compiled for a dialect, from the cache if possible."""
    key = (statement, dialect.name)
    known: CompiledStatement[RowT_co] | None = _compiled.get(key)
    if known is None:
        known = _compiled[key] = CompiledStatement(statement, dialect)
    return known


@lru_cache(maxsize=_MAX_BUILT)
def build_delete(column: Column[Any]) -> Statement[Nothing]:
    """Build the statement that deletes rows in which a column has one of the `values`."""
    return Statement(delete(column.table).where(is_listed(column)))


@lru_cache(maxsize=_MAX_BUILT)
def build_insert(
    model: type[Base], row: type[TypedRow], dialect: str, mode: Mode, count: int
) -> InsertStatement:
    """Build the statement that inserts `count` rows of a type, without identity columns."""
    columns = table_of(model).c
    of_row: Any = row
    fields = [
        name
        for name in getattr(of_row, "_fields", None) or of_row.__dataclass_fields__
        if columns[name].identity is None
    ]
    rows = [
        {name: bindparam(f"{name}{number}", type_=columns[name].type) for name in fields}
        for number in range(count)
    ]
    names = [parameter.key for values in rows for parameter in values.values()]
    clause = _build_insert_clause(table_of(model), fields, dialect, mode).values(rows)
    return InsertStatement(clause, fields, names)


def _build_insert_clause(table: Table, columns: Sequence[str], dialect: str, mode: Mode) -> Insert:
    """Build the INSERT for a mode; `columns` are what an upsert sets."""
    # Inline: no RETURNING for generated keys.
    if mode == "new":
        return insert(table).inline()
    # Both dialects have the same methods, but no common type.
    dialects: Any = sqlite if dialect == "sqlite" else postgresql
    statement = dialects.insert(table).inline()
    if mode == "missing":
        return cast(Insert, statement.on_conflict_do_nothing())
    key = [column.name for column in table.primary_key]
    others = {name: statement.excluded[name] for name in columns if name not in key}
    differs = or_(*(table.c[name].is_distinct_from(value) for name, value in others.items()))
    replacing = statement.on_conflict_do_update(
        index_elements=key, set_=others, where=differs if mode == "changed" else None
    )
    return cast(Insert, replacing)
