"""Lists of values as one parameter: a statement is the same however many values are asked for.

PostgreSQL takes an array, and SQLite a text of JSON, which it takes apart.
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
    """The type of a parameter that is a list, of texts or of numbers."""

    impl = Text
    cache_ok = True

    def __init__(self, *, numbers: bool) -> None:
        """Take a list of numbers, or of texts."""
        super().__init__()
        self.numbers = numbers

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Return what the database takes."""
        if dialect.name == "sqlite":
            return Text()
        return ARRAY(BigInteger if self.numbers else Text)

    def process_bind_param(self, value: Collection[Any] | None, dialect: Dialect) -> Any:
        """Return the values as the database takes them."""
        values = list(value or ())
        return json.dumps_text(values) if dialect.name == "sqlite" else values


class _IsListed(FunctionElement[bool]):
    """A column, the list, and how many of its values count (where that is not all of them)."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> Any:
        """Stay a condition: compared with 1, as on SQLite otherwise, it would use no index."""
        return self


def is_listed(
    column: Any,
    name: str = "values",
    values: Collection[Any] | None = None,
    first: int | None = None,
) -> ColumnElement[bool]:
    """Tell whether a column has one of the values of a list, or one of the `first` of them.

    The list is bound by its `name`, or to `values` where these are given.
    """
    type_ = ListOf(numbers=isinstance(column.type, Integer))
    listed = bindparam(name, values, type_=type_, unique=True) if values is not None else None
    most = () if first is None else (literal_column(str(first), Integer),)
    return _IsListed(column, bindparam(name, type_=type_) if listed is None else listed, *most)


def _parts(element: _IsListed, compiler: SQLCompiler, options: dict[str, Any]) -> list[str]:
    grouped = (clause.self_group(against=in_op) for clause in element.clauses)
    return [compiler.process(clause, **options) for clause in grouped]


@compiles(_IsListed, "sqlite")
def _on_sqlite(element: _IsListed, compiler: SQLCompiler, **options: Any) -> str:
    column, values, *first = _parts(element, compiler, options)
    most = f" LIMIT {first[0]}" if first else ""
    return f"{column} IN (SELECT value FROM json_each({values}){most})"  # noqa: S608


@compiles(_IsListed, "postgresql")
def _on_postgresql(element: _IsListed, compiler: SQLCompiler, **options: Any) -> str:
    column, values, *first = _parts(element, compiler, options)
    return f"{column} = ANY (({values})[:{first[0]}])" if first else f"{column} = ANY ({values})"
