"""Prepared statements: compiled once, values turned into what the driver takes as their types say.

SQLAlchemy looks up a compiled statement, and prepares its values, anew each time that one is run.
That costs more than SQLite needs to run it. What is written for every story, and read to write
it, is prepared here once; it runs on the driver's connection beneath SQLAlchemy's, in the same
transaction.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache, partial
from typing import Any, Literal, cast

from sqlalchemy import (
    BindParameter,
    Column,
    Delete,
    Dialect,
    Executable,
    Insert,
    Table,
    bindparam,
    delete,
    insert,
    or_,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import ClauseElement

from app.kit import json
from app.kit.bounded import BoundedCache
from app.kit.driver import Values

_MOST = 300
_Processor = Callable[[Any], Any] | None
# What an insert does where its key is there already: fails, leaves the row alone, replaces it, or
# where it differs.
Mode = Literal["new", "missing", "whole", "changed"]


class Prepared:
    """The text of a statement, what makes its values of parameters, and rows of what comes."""

    def __init__(
        self, statement: Executable, dialect: Dialect, columns: Sequence[str] | None = None
    ) -> None:
        """Compile a statement for a dialect; `columns` are those of an insert."""
        assert isinstance(statement, ClauseElement)
        dialect = _in_places(dialect)
        compiled: Any = statement.compile(
            dialect=dialect, column_keys=None if columns is None else list(columns)
        )
        self.sql: str = str(compiled)
        self._given: dict[str, Any] = {
            name: value for name, value in compiled.params.items() if value is not None
        }
        binds = {name: bind for bind, name in compiled.bind_names.items()}
        self._places: list[tuple[str, _Processor]] = [
            (name, binds[name].type.dialect_impl(dialect).bind_processor(dialect))
            for name in compiled.positiontup
        ]
        names = [one.keyname for one in compiled._result_columns]
        # Its own `_make` counts the columns every time.
        self._make = partial(tuple.__new__, namedtuple("Row", names))
        self._columns: list[tuple[int, Callable[[Any], Any]]] = [
            (place, process)
            for place, one in enumerate(compiled._result_columns)
            if (process := one.type.dialect_impl(dialect).result_processor(dialect, None))
        ]

    def values(self, params: Mapping[str, Any]) -> Values:
        """Return the values of parameters, in their places."""
        if self._given:
            params = {**self._given, **params}
        return [
            params[name] if process is None else process(params[name])
            for name, process in self._places
        ]

    def rows(self, found: Iterable[Sequence[Any]]) -> list[Any]:
        """Return the driver's rows as named tuples, columns as their types say."""
        return [self._make(self._converted(row)) for row in found]

    def _converted(self, row: Sequence[Any]) -> Sequence[Any]:
        if not self._columns:
            return row
        values = list(row)
        for place, process in self._columns:
            values[place] = process(values[place])
        return values


@cache
def _in_places(dialect: Dialect) -> Dialect:
    """Return a dialect that numbers the places of values, as PostgreSQL itself does.

    SQLite's has places already; the one of PostgreSQL's driver names them.
    """
    if dialect.name == "sqlite":
        return dialect
    made: Any = type(dialect)
    return cast(
        Dialect,
        made(
            dbapi=dialect.dbapi,
            paramstyle="numeric_dollar",
            json_serializer=json.dumps_text,
            json_deserializer=json.loads,
        ),
    )


def prepared(statement: Executable, dialect: Dialect) -> Prepared:
    """Return a statement prepared; it has to be an object that is kept, not one made each time."""
    known = _prepared.get((statement, dialect))
    if known is None:
        known = _prepared[statement, dialect] = Prepared(statement, dialect)
    return known


# Bytes, and what a statement takes for each letter of its text.
_MOST_BYTES, _BYTES_A_LETTER = 16 * 2**20, 40
_prepared: BoundedCache[tuple[Executable, Dialect], Prepared] = BoundedCache(
    _MOST_BYTES, lambda _, made: _BYTES_A_LETTER * len(made.sql)
)


@lru_cache(maxsize=_MOST)
def deletion(column: Column[Any], count: int) -> tuple[Delete, tuple[str, ...]]:
    """Return what deletes the rows in which a column has one of so many values, and their names."""
    names = tuple(f"value{number}" for number in range(count))
    values: list[BindParameter[Any]] = [bindparam(name) for name in names]
    return delete(column.table).where(column.in_(values)), names


@lru_cache(maxsize=_MOST)
def prepared_insert(table: Table, columns: Sequence[str], dialect: Dialect, mode: Mode) -> Prepared:
    """Return what inserts rows of these columns."""
    return Prepared(insertion(table, columns, dialect.name, mode), dialect, columns)


@lru_cache(maxsize=_MOST)
def prepared_insert_of(
    table: Table, columns: Sequence[str], dialect: Dialect, mode: Mode, count: int
) -> Prepared:
    """Return what inserts so many rows at once; the parameters of each have its number."""
    rows: list[dict[str, Any]] = [
        {name: bindparam(f"{name}{number}", type_=table.c[name].type) for name in columns}
        for number in range(count)
    ]
    return Prepared(insertion(table, columns, dialect.name, mode).values(rows), dialect)


@lru_cache(maxsize=_MOST)
def insertion(table: Table, columns: Sequence[str], dialect: str, mode: Mode) -> Insert:
    """Return the statement that inserts rows; `columns` are what one that replaces them sets."""
    # Inline: no key that the database makes is asked back.
    if mode == "new":
        return insert(table).inline()
    # The two have the same methods, and no common class that says so.
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
