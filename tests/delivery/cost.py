"""The cost of a statement: the steps of its plan, and the work or rows that it takes."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.sql.expression import ClauseElement

from app.kit.sql.database import Database
from app.kit.sql.statement import CompiledStatement, Statement


@dataclass(frozen=True)
class Cost:
    """The steps of a plan, its number of rows, and the most rows that one of its steps read.

    On SQLite that number is computed from the instructions of its virtual machine.
    """

    steps: list[str]
    returned: int
    visited: int

    @property
    def sorts(self) -> bool:
        """Whether rows are collected and sorted."""
        return any("TEMP B-TREE" in step or "Sort" in step for step in self.steps)


def cost(
    database: Database, statement: ClauseElement | Statement[Any], params: dict[str, Any]
) -> Cost:
    """Run a statement of a public list and measure its cost."""
    typed_statement = statement if isinstance(statement, Statement) else Statement[Any](statement)
    compiled = CompiledStatement(typed_statement, database.engine.dialect)
    values = compiled.values(params)
    if database.dialect == "sqlite":
        return _on_sqlite(database, compiled.text, values)
    return _on_postgresql(database, compiled.text, values)


def _on_sqlite(database: Database, sql: str, values: dict[str, Any]) -> Cost:
    work = 0

    def tick() -> int:
        nonlocal work
        work += 1
        return 0

    with database.engine.connect() as connection:
        raw: Any = connection.connection.dbapi_connection
        plan = raw.execute(f"EXPLAIN QUERY PLAN {sql}", values).fetchall()
        raw.set_progress_handler(tick, 1)
        rows = raw.execute(sql, values).fetchall()
        raw.set_progress_handler(None, 0)
    return Cost([row[3] for row in plan], len(rows), work)


def _on_postgresql(database: Database, sql: str, values: dict[str, Any]) -> Cost:
    with database.engines[-1].connect() as connection:
        explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}"
        plan = connection.exec_driver_sql(explain, values).scalar_one()[0]["Plan"]
    steps: list[str] = []
    counts = [0]
    _walk(plan, steps, counts)
    return Cost(steps, int(plan["Actual Rows"]), max(counts))


def _walk(node: dict[str, Any], steps: list[str], counts: list[int]) -> None:
    # A step that runs once for the statement (the end of the log) is not part of the list.
    if node.get("Parent Relationship") == "InitPlan":
        return
    steps.append(node["Node Type"])
    rows = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    counts.append(int(rows * node["Actual Loops"]))
    for inner in node.get("Plans", ()):
        _walk(inner, steps, counts)
