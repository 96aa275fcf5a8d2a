"""The costs of the statements that a function runs: recorded, and explained with their values."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from psycopg import ClientCursor
from sqlalchemy import Engine, event

from app.kit.sql.database import Database
from app.kit.sql.session import WriteSession

# Statements without a plan, or without rows to find.
_PLAIN = ("SAVEPOINT", "RELEASE", "ROLLBACK", "SELECT pg_")
# SQLite's virtual machine takes at most some hundred steps a row if it reads by an index.
_STEPS_A_ROW = 100
_PARAMETER = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True)
class Cost:
    """A statement, the steps of its plan, and the most rows that one of them read.

    On SQLite, the rows are computed from all steps of its virtual machine.
    """

    sql: str
    steps: list[str]
    visited: int


def costs(
    database: Database, work: Callable[[Any], object], engine: Engine | None = None
) -> list[Cost]:
    """Run a function, roll its transaction back, and return the cost of each statement."""
    engine = engine or database.engine
    with engine.connect() as connection:
        transaction = connection.begin()
        session = WriteSession(connection)
        with _record_statements(engine) as statements:
            work(session)
        transaction.rollback()
    explain = _on_sqlite if database.dialect == "sqlite" else _on_postgresql
    results = []
    for sql, values in statements:
        if not sql.startswith(_PLAIN):
            with engine.connect() as connection:
                transaction = connection.begin()
                results.append(explain(connection.connection.dbapi_connection, sql, values))
                transaction.rollback()
    assert results
    return results


@contextmanager
def _record_statements(engine: Engine) -> Iterator[list[tuple[str, Any]]]:
    """Collect statements with their values."""
    statements: list[tuple[str, Any]] = []

    def note(_c: object, _cursor: object, sql: str, values: Any, _x: object, many: bool) -> None:
        statements.append((sql, values[0] if many else values))

    event.listen(engine, "before_cursor_execute", note)
    try:
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
    """Explain a prepared statement as it runs, with the planner settings of that moment."""
    names = list(dict.fromkeys(_PARAMETER.findall(sql)))
    numbered = _PARAMETER.sub(lambda match: f"${names.index(match[1]) + 1}", sql)
    parameters = f"({', '.join(['%s'] * len(names))})" if names else ""
    cursor = ClientCursor(raw)
    cursor.execute(f"PREPARE explained AS {numbered.replace('%%', '%')}")
    cursor.execute(
        f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) EXECUTE explained{parameters}",
        [values[name] for name in names],
    )
    ((plan,),) = cursor.fetchall()
    cursor.execute("DEALLOCATE explained")
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
