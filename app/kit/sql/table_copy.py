"""Copy all rows of one database to another; each may be SQLite or PostgreSQL.

The tables come from the models, in the order of their foreign keys, so a new table needs no change
here.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import Column, Table, bindparam, func, insert, select, text, update

from app.kit.errors import Misconfigured
from app.kit.sql.schema import Base
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Query

# A batch is in memory, and a body may have a megabyte.
_BATCH = 200


def select_tables(left_out: Collection[str]) -> list[Table]:
    """Return the tables to copy; a table comes after those that it refers to."""
    return [table for table in Base.metadata.sorted_tables if table.name not in left_out]


def count_rows(session: ReadSession, tables: Sequence[Table]) -> int:
    """Count the rows of tables."""
    return sum(_count_rows(session, table) for table in tables)


def lock_empty_tables(
    session: WriteSession, tables: Sequence[Table], seeded: Collection[str]
) -> None:
    """Lock tables against other writers until the transaction ends; refuse one that has rows.

    Rows that migrations insert into the `seeded` tables are deleted.
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
    """Copy the rows of tables; yield the size of each batch after it is written.

    The source session must have a snapshot, and the tables of the target must be locked.
    """
    for table in tables:
        self_references = _find_self_references(table)
        written = 0
        for rows in _read_batches(source, table, self_references):
            target.execute(insert(table), rows)
            written += len(rows)
            yield len(rows)
        for name in self_references:
            _restore_reference(source, target, table, name)
        _continue_sequences(source, target, table)
        if (found := _count_rows(target, table)) != written:
            raise Misconfigured(f"Table {table.name!r} has {found} rows instead of {written}.")
    if target.dialect == "postgresql":
        # The planner has no statistics of new tables.
        target.execute(text("ANALYZE"))


def _read_batches(
    source: ReadSession, table: Table, self_references: Sequence[str]
) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of a table, with NULL in the columns that may refer to later rows."""
    names, none = table.columns.keys(), dict.fromkeys(self_references)
    batch: list[dict[str, Any]] = []
    for row in source.stream(Query[tuple[Any, ...]](select(table)), chunk=_BATCH):
        batch.append(dict(zip(names, row, strict=True)) | none)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _find_self_references(table: Table) -> list[str]:
    """Return the columns with a foreign key to the same table."""
    return [key.parent.name for key in table.foreign_keys if key.column.table is table]


def _restore_reference(source: ReadSession, target: WriteSession, table: Table, name: str) -> None:
    """Set a self-reference after all rows of the table are inserted."""
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


def _continue_sequences(source: ReadSession, target: WriteSession, table: Table) -> None:
    """Set the sequences of a table, so that they continue after the last number of the source."""
    for column in table.columns:
        if column.identity is not None:
            last = max(_read_last_number(source, column), _find_highest(target, column))
            _set_last_number(target, column, last)


def _find_highest(session: ReadSession, column: Column[Any]) -> int:
    highest: int | None = session.scalar(select(func.max(column)))
    return highest or 0


def _read_last_number(session: ReadSession, column: Column[Any]) -> int:
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


def _count_rows(session: ReadSession, table: Table) -> int:
    count: int = session.scalar(select(func.count()).select_from(table))
    return count
