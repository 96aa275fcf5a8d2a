"""Copy all rows of one database into another; each may be SQLite or PostgreSQL.

The tables are those of the models, in the order in which they refer to each other, so that a new
table is copied without another line here.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import Column, Table, bindparam, func, insert, select, text, update

from app.kit.errors import Misconfigured
from app.kit.sql.schema import Base
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Query

# A body may have a megabyte, and a batch is in memory.
_BATCH = 200


def tables_to_copy(left_out: Collection[str]) -> list[Table]:
    """Return the tables to copy; a table comes after those to which it refers."""
    return [table for table in Base.metadata.sorted_tables if table.name not in left_out]


def count_rows(session: ReadSession, tables: Sequence[Table]) -> int:
    """Count the rows of tables."""
    return sum(_count(session, table) for table in tables)


def claim_empty(session: WriteSession, tables: Sequence[Table], seeded: Collection[str]) -> None:
    """Keep other writers out until the transaction ends, and insist that all tables are empty.

    What migrations write into the `seeded` tables is deleted.
    """
    if session.dialect == "postgresql":
        names = ", ".join(table.name for table in tables)
        session.execute(text(f"LOCK TABLE {names} IN EXCLUSIVE MODE"))
    for table in tables:
        if table.name in seeded:
            session.execute(table.delete())
        elif session.scalar(select(select(table).exists())):
            raise Misconfigured(
                f"The target is not empty: its table {table.name!r} has rows. Name a new database."
            )


def copy_rows(source: ReadSession, target: WriteSession, tables: Sequence[Table]) -> Iterator[int]:
    """Copy the rows of tables; yield the size of each batch once it is written.

    The source has to be one snapshot, and the target has to be claimed.
    """
    for table in tables:
        own = _self_references(table)
        written = 0
        for rows in _batches(source, table, own):
            target.execute(insert(table), rows)
            written += len(rows)
            yield len(rows)
        for name in own:
            _restore_reference(source, target, table, name)
        _continue_numbers(source, target, table)
        if (found := _count(target, table)) != written:
            raise Misconfigured(f"Table {table.name!r} has {found} rows instead of {written}.")
    if target.dialect == "postgresql":
        # The planner knows nothing of new tables before.
        target.execute(text("ANALYZE"))


def _batches(
    source: ReadSession, table: Table, own: Sequence[str]
) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of a table without `own`, which may refer to rows that come later."""
    names, none = table.columns.keys(), dict.fromkeys(own)
    batch: list[dict[str, Any]] = []
    for row in source.stream(Query[tuple[Any, ...]](select(table)), chunk=_BATCH):
        batch.append(dict(zip(names, row, strict=True)) | none)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _self_references(table: Table) -> list[str]:
    """Return the columns of a table that refer to the same table."""
    return [key.parent.name for key in table.foreign_keys if key.column.table is table]


def _restore_reference(source: ReadSession, target: WriteSession, table: Table, name: str) -> None:
    """Write a reference within a table, once all of its rows are there."""
    (key,) = table.primary_key.columns
    column = table.c[name]
    wanted = select(key.label("row"), column.label("refers")).where(column.is_not(None))
    statement = update(table).where(key == bindparam("row")).values({name: bindparam("refers")})
    batch: list[dict[str, Any]] = []
    for row, refers in source.stream(Query[tuple[Any, Any]](wanted), chunk=_BATCH):
        batch.append({"row": row, "refers": refers})
        if len(batch) == _BATCH:
            target.execute(statement, batch)
            batch = []
    target.execute(statement, batch)


def _continue_numbers(source: ReadSession, target: WriteSession, table: Table) -> None:
    """Let a table that numbers its rows go on after the last number that the source gave out."""
    for column in table.columns:
        if column.identity is not None:
            last = max(_last_number(source, column), _highest(target, column))
            _set_last_number(target, column, last)


def _highest(session: ReadSession, column: Column[Any]) -> int:
    highest: int | None = session.scalar(select(func.max(column)))
    return highest or 0


def _last_number(session: ReadSession, column: Column[Any]) -> int:
    names = {"table": column.table.name, "column": column.name}
    statement = (
        "SELECT pg_sequence_last_value(pg_get_serial_sequence(:table, :column)::regclass)"
        if session.dialect == "postgresql"
        else "SELECT seq FROM sqlite_sequence WHERE name = :table"
    )
    wanted = text(statement)
    used = {name: value for name, value in names.items() if f":{name}" in statement}
    last: int | None = session.scalar(wanted, used)
    return last or 0


def _set_last_number(session: WriteSession, column: Column[Any], last: int) -> None:
    table = column.table.name
    if not last:
        return
    if session.dialect == "postgresql":
        statement = text("SELECT setval(pg_get_serial_sequence(:table, :column), :last)")
        session.scalar(statement, {"table": table, "column": column.name, "last": last})
        return
    session.execute(text("DELETE FROM sqlite_sequence WHERE name = :table"), {"table": table})
    session.execute(
        text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :last)"),
        {"table": table, "last": last},
    )


def _count(session: ReadSession, table: Table) -> int:
    count: int = session.scalar(select(func.count()).select_from(table))
    return count
