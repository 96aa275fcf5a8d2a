"""Lists as a single bind parameter, so that a statement is the same for any number of values.

PostgreSQL receives an array, and SQLite a JSON array, which `json_each` expands.
"""

from collections.abc import Collection
from typing import Any

from sqlalchemy import BigInteger, Boolean, Dialect, Integer, Text, bindparam, literal_column
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import ColumnElement
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import in_op
from sqlalchemy.types import TypeDecorator, TypeEngine

from app.kit import json


class ListOf(TypeDecorator[Collection[Any]]):
    """The type of a list parameter, of texts or of numbers."""

    impl = Text
    cache_ok = True

    def __init__(self, *, numbers: bool) -> None:
        """Create the type, of numbers or of texts."""
        super().__init__()
        self.numbers = numbers

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return the type for a dialect."""
        if dialect.name == "sqlite":
            return Text()
        return ARRAY(BigInteger if self.numbers else Text)

    def process_bind_param(self, value: Collection[Any] | None, dialect: Dialect) -> Any:
        """Convert the values for a dialect."""
        values = list(value or ())
        return json.dumps_text(values) if dialect.name == "sqlite" else values


class _IsListed(FunctionElement[bool]):
    """A column, the list, and optionally how many of its first values count."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:
        """Stay a condition: SQLAlchemy would add `= 1` on SQLite, which disables the index."""
        return self


def is_listed(
    column: Any,
    name: str = "values",
    values: Collection[Any] | None = None,
    first: int | None = None,
) -> ColumnElement[bool]:
    """Return the condition that a column has one of the values of a list, or of its `first` ones.

    The list is the parameter `name`, unless `values` are given.
    """
    type_ = ListOf(numbers=isinstance(column.type, Integer))
    listed = bindparam(name, values, type_=type_, unique=True) if values is not None else None
    most = () if first is None else (literal_column(str(first), Integer),)
    return _IsListed(column, bindparam(name, type_=type_) if listed is None else listed, *most)


def _compile_clauses(
    element: _IsListed, compiler: SQLCompiler, options: dict[str, Any]
) -> list[str]:
    grouped = (clause.self_group(against=in_op) for clause in element.clauses)
    return [compiler.process(clause, **options) for clause in grouped]


@compiles(_IsListed, "sqlite")
def _compile_for_sqlite(element: _IsListed, compiler: SQLCompiler, **options: Any) -> str:
    column, values, *first = _compile_clauses(element, compiler, options)
    most = f" LIMIT {first[0]}" if first else ""
    return f"{column} IN (SELECT value FROM json_each({values}){most})"  # noqa: S608


@compiles(_IsListed, "postgresql")
def _compile_for_postgresql(element: _IsListed, compiler: SQLCompiler, **options: Any) -> str:
    column, values, *first = _compile_clauses(element, compiler, options)
    return f"{column} = ANY (({values})[:{first[0]}])" if first else f"{column} = ANY ({values})"
