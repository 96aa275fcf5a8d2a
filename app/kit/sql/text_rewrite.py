"""Search and rewrite text in the columns of any table."""

from collections.abc import Callable, Collection, Iterator
from operator import eq
from typing import Any

from sqlalchemy import JSON, LargeBinary, String, Table, Update, and_, bindparam, select, update

from app.kit.sql.schema import Base
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Query


def rewrite(session: WriteSession, tables: Collection[str], change: Callable[[Any], Any]) -> int:
    """Apply a function to the texts of tables, except keys; return the number of changed rows."""
    count = 0
    for table in (Base.metadata.tables[name] for name in tables):
        keys = list(table.primary_key.columns)
        columns = [column for column in _find_text_columns(table) if not column.primary_key]
        query = Query[tuple[Any, ...]](select(*keys, *columns))
        rows = []
        for row in session.stream(query):
            values, changed = row[len(keys) :], [change(value) for value in row[len(keys) :]]
            if list(values) != changed:
                numbered = (*row[: len(keys)], *changed)
                rows.append({f"value{at}": value for at, value in enumerate(numbered)})
        session.execute(_build_update(table, keys, columns), rows)
        count += len(rows)
    return count


def _build_update(table: Table, keys: list[Any], columns: list[Any]) -> Update:
    """Build the UPDATE of one row; its parameters are numbered, the keys first."""
    values = [
        bindparam(f"value{at}", type_=column.type) for at, column in enumerate([*keys, *columns])
    ]
    its = and_(*map(eq, keys, values))
    others = zip(columns, values[len(keys) :], strict=True)
    return update(table).where(its).values({column.name: value for column, value in others})


def find_tables_with(
    session: ReadSession, is_wanted: Callable[[str], bool]
) -> Iterator[tuple[str, int]]:
    """Yield the tables with texts that match, and the number of matching rows."""
    for table in Base.metadata.sorted_tables:
        columns = _find_text_columns(table)
        rows = session.stream(Query[tuple[Any, ...]](select(*columns))) if columns else iter(())
        found = sum(any(is_wanted(_to_text(value)) for value in row) for row in rows)
        if found:
            yield table.name, found


def _find_text_columns(table: Table) -> list[Any]:
    return [
        column for column in table.columns if isinstance(column.type, String | JSON | LargeBinary)
    ]


def _to_text(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
