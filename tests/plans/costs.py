"""What the statements cost that a function runs: recorded, and explained with their values."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import psycopg
from sqlalchemy import Engine, event

from app.kit.database import Database
from app.kit.driver import PostgresDriver, SqliteDriver
from app.kit.session import WriteSession

# What no planner runs, or has no rows to find for.
_PLAIN = ("SAVEPOINT", "RELEASE", "ROLLBACK", "SELECT pg_")
# SQLite's virtual machine takes some hundred steps a row at the most where it reads by an index.
_STEPS_A_ROW = 100


@dataclass(frozen=True)
class Cost:
    """A statement, the steps of its plan, and the most rows that one of them looked at.

    On SQLite they are reckoned from the steps of its virtual machine, in all.
    """

    sql: str
    steps: list[str]
    visited: int


def costs(
    database: Database, work: Callable[[Any], object], engine: Engine | None = None
) -> list[Cost]:
    """Run work in a transaction that is undone, and return what each of its statements costs."""
    engine = engine or database.engine
    with engine.connect() as connection:
        transaction = connection.begin()
        session = WriteSession(connection)
        with _recorded(engine) as statements:
            work(session)
            session._driver.settle()
        transaction.rollback()
    explain = _on_sqlite if database.dialect == "sqlite" else _on_postgresql
    found = []
    for sql, values in statements:
        if not sql.startswith(_PLAIN):
            with engine.connect() as connection:
                transaction = connection.begin()
                found.append(explain(connection.connection.dbapi_connection, sql, values))
                transaction.rollback()
    assert found
    return found


@contextmanager
def _recorded(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """Collect statements with their values, those included that SQLAlchemy does not see."""
    statements: list[tuple[str, Any]] = []
    driver: Any = SqliteDriver if engine.dialect.name == "sqlite" else PostgresDriver
    ask, send = driver.ask, driver.send

    def note(_c: object, _cursor: object, sql: str, values: Any, _x: object, many: bool) -> None:
        statements.append((sql, values[0] if many else values))

    def note_asked(self: Any, sql: str, values: Any) -> Any:
        statements.append((sql, values))
        return ask(self, sql, values)

    def note_sent(self: Any, sql: str, rows: Any) -> None:
        statements.append((sql, rows[0]))
        send(self, sql, rows)

    event.listen(engine, "before_cursor_execute", note)
    try:
        with patch.object(driver, "ask", note_asked), patch.object(driver, "send", note_sent):
            yield statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


def _on_sqlite(raw: Any, sql: str, values: Any) -> Cost:
    done = 0

    def tick() -> int:
        nonlocal done
        done += 1
        return 0

    plan = raw.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()
    raw.set_progress_handler(tick, 10)
    raw.execute(sql, values).fetchall()
    raw.set_progress_handler(None, 0)
    return Cost(sql, [row[3] for row in plan], done * 10 // _STEPS_A_ROW)


def _on_postgresql(raw: Any, sql: str, values: Any) -> Cost:
    # The driver writes `$1` where SQLAlchemy names a value.
    kind = psycopg.RawCursor if isinstance(values, list | tuple) else psycopg.Cursor
    explain = f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {sql}"
    ((plan,),) = kind(raw).execute(explain, values).fetchall()
    steps: list[str] = []
    visited = [0]
    _walk(plan[0]["Plan"], steps, visited)
    return Cost(sql, steps, max(visited))


def _walk(node: dict[str, Any], steps: list[str], visited: list[int]) -> None:
    steps.append(" ".join(node[name] for name in ("Node Type", "Relation Name") if name in node))
    removed = (
        "Rows Removed by Filter",
        "Rows Removed by Index Recheck",
        "Rows Removed by Join Filter",
    )
    rows = node["Actual Rows"] + sum(node.get(name, 0) for name in removed)
    visited.append(int(rows * node["Actual Loops"]))
    for inner in node.get("Plans", ()):
        _walk(inner, steps, visited)
