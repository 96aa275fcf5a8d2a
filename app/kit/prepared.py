"""Prepared statements: compiled once, values turned into what the driver takes as their types say.

SQLAlchemy looks up a compiled statement, and prepares its values, anew each time that one is run.
That costs more than SQLite needs to run it. What is written for every story, and read to write
it, is prepared here once; it runs on the same connection, in the same transaction.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    Column,
    Delete,
    Dialect,
    Executable,
    Table,
    bindparam,
    delete,
    insert,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql import ClauseElement

_MOST = 300
_Processor = Callable[[Any], Any] | None


class Prepared:
    """The text of a statement, and what makes its values of parameters."""

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        """Compile a statement for a dialect whose parameters have places, not names."""
        assert isinstance(statement, ClauseElement)
        compiled: Any = statement.compile(dialect=dialect)
        self.sql = str(compiled)
        self._given: dict[str, Any] = {
            name: value for name, value in compiled.params.items() if value is not None
        }
        self._places: list[tuple[str, _Processor]] = [
            (name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
            for name in compiled.positiontup or ()
        ]

    def values(self, params: Mapping[str, Any]) -> tuple[Any, ...]:
        """Return the values of parameters in their places."""
        if self._given:
            params = {**self._given, **params}
        return tuple(
            params[name] if process is None else process(params[name])
            for name, process in self._places
        )


@lru_cache(maxsize=_MOST)
def prepared(statement: Executable, dialect: Dialect) -> Prepared:
    """Return a statement prepared; it has to be an object that is kept, not one made each time."""
    return Prepared(statement, dialect)


@lru_cache(maxsize=_MOST)
def deletion(column: Column[Any], count: int) -> tuple[Delete, tuple[str, ...]]:
    """Return what deletes the rows in which a column has one of so many values, and their names."""
    names = tuple(f"value{number}" for number in range(count))
    values: list[BindParameter[Any]] = [bindparam(name) for name in names]
    return delete(column.table).where(column.in_(values)), names


@lru_cache(maxsize=_MOST)
def prepared_insert(
    table: Table, columns: Sequence[str], dialect: Dialect, *, missing: bool
) -> Prepared:
    """Return what inserts rows of these columns; `missing` leaves alone those that are there."""
    statement = sqlite.insert(table).on_conflict_do_nothing() if missing else insert(table)
    return Prepared(statement.values(dict.fromkeys(columns)), dialect)
