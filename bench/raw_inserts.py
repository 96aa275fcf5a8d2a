"""The minimum cost of an import: the same rows, tables and indexes, written by `executemany`.

Run as `python -m bench.raw_inserts SOURCE TARGET BATCHES`; prints the seconds of writing.
"""

import gc
import json
import sqlite3
import sys
import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field

from bench.pragmas import PRAGMAS

Row = tuple[object, ...]

_STORIES = "articles"


@dataclass
class Table:
    """A table's insert, and its rows, batch by batch."""

    name: str
    insert: str
    batches: list[list[Row]] = field(default_factory=list)


def read_schema(source: sqlite3.Connection) -> list[str]:
    """Return the statements that create the tables and then their indexes."""
    statement = (
        "SELECT sql FROM sqlite_master WHERE type IN ('table', 'index') AND sql IS NOT NULL "
        "AND name NOT LIKE 'sqlite_%' ORDER BY type DESC, rowid"
    )
    return [row[0] for row in source.execute(statement)]


def read_tables(source: sqlite3.Connection, batches: int) -> list[Table]:
    """Read all rows, each in the batch of the story to which it belongs."""
    names = _parents_first(source)
    batch_of = _batch_of_stories(source, batches)
    return [_read_table(source, name, batch_of, batches) for name in names]


def write_tables(target: sqlite3.Connection, tables: list[Table], batches: int) -> None:
    """Write the rows, one transaction for each batch."""
    for batch in range(batches):
        target.execute("BEGIN IMMEDIATE")
        for table in tables:
            if table.batches[batch]:
                target.executemany(table.insert, table.batches[batch])
        target.execute("COMMIT")


def _parents_first(source: sqlite3.Connection) -> list[str]:
    """Return the names of the tables, referenced ones before those that refer to them."""
    statement = (
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' "
        "ORDER BY rowid"
    )
    waiting = {name: _parents(source, name) for (name,) in source.execute(statement)}
    ordered: list[str] = []
    while waiting:
        ready = [name for name, parents in waiting.items() if parents <= set(ordered)]
        if not ready:
            raise ValueError(f"These tables refer to one another: {sorted(waiting)}")
        ordered += ready
        waiting = {name: parents for name, parents in waiting.items() if name not in ready}
    return ordered


def _parents(source: sqlite3.Connection, name: str) -> set[str]:
    rows = source.execute('SELECT "table" FROM pragma_foreign_key_list(?)', (name,))
    return {parent for (parent,) in rows} - {name}


def _batch_of_stories(source: sqlite3.Connection, batches: int) -> dict[object, int]:
    ids = [row[0] for row in source.execute(f"SELECT id FROM {_STORIES} ORDER BY rowid")]
    size = -(-len(ids) // batches)
    return {id_: position // size for position, id_ in enumerate(ids)}


def _read_table(
    source: sqlite3.Connection, name: str, batch_of: dict[object, int], batches: int
) -> Table:
    columns = [row[0] for row in source.execute("SELECT name FROM pragma_table_info(?)", (name,))]
    listed = ", ".join(f'"{column}"' for column in columns)
    marks = ", ".join("?" * len(columns))
    table = Table(name, f'INSERT INTO "{name}" ({listed}) VALUES ({marks})')
    rows = source.execute(f'SELECT {listed} FROM "{name}"{_own_order(source, name)}')
    table.batches.extend(_deal_rows(rows, batch_of, batches))
    return table


def _own_order(source: sqlite3.Connection, name: str) -> str:
    statement = "SELECT wr FROM pragma_table_list(?) WHERE schema = 'main'"
    (without_rowid,) = source.execute(statement, (name,)).fetchone()
    return "" if without_rowid else " ORDER BY rowid"


def _deal_rows(rows: Iterable[Row], batch_of: dict[object, int], batches: int) -> list[list[Row]]:
    dealt: list[list[Row]] = [[] for _ in range(batches)]
    for row in rows:
        dealt[_batch_of_row(row, batch_of)].append(row)
    return dealt


def _batch_of_row(row: Row, batch_of: dict[object, int]) -> int:
    """Return the batch of the first story whose id is in the row; the first batch without one."""
    for value in row:
        if value in batch_of:
            return batch_of[value]
    return 0


def main() -> None:
    """Copy a database, and print the time of writing."""
    source_path, target_path, batches = sys.argv[1], sys.argv[2], int(sys.argv[3])
    with closing(sqlite3.connect(source_path)) as source:
        schema, tables = read_schema(source), read_tables(source, batches)
    with closing(sqlite3.connect(target_path, isolation_level=None)) as target:
        for statement in (*PRAGMAS, *schema):
            target.execute(statement)
        gc.disable()
        began = time.perf_counter()
        write_tables(target, tables, batches)
    # Closing is included: SQLite then checkpoints its write-ahead log.
    print(json.dumps({"seconds": time.perf_counter() - began}))


if __name__ == "__main__":
    main()
