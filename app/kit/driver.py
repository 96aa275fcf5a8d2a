"""The driver beneath SQLAlchemy's connection: runs what is prepared, in the same transaction.

SQLite is a call away. To PostgreSQL every statement goes a way, and its answer another, so
statements wait until the rows of one are needed, and go together, or with the commit.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from psycopg import OperationalError
from sqlalchemy import Connection, PoolProxiedConnection

from app.kit.postgres import Conversation, Rows, Statement

# Values in their places.
Values = Sequence[Any]
Note = Callable[[str], None]
# Gives the rows of what was asked, and waits for them.
Asked = Callable[[], Rows]
# No more rows than these are kept waiting: they take memory.
_MOST_ROWS = 100


class Driver(Protocol):
    """Runs statements in the driver's own words."""

    def ask(self, sql: str, values: Values) -> Asked:
        """Ask a statement, now or with the next; what is returned gives its rows."""
        ...

    def send(self, sql: str, rows: Sequence[Values]) -> None:
        """Run a statement that returns nothing, for each row of values; now, or before the next."""
        ...

    def settle(self) -> None:
        """Run whatever waits; failures of it show here at the latest."""
        ...

    def forget(self) -> None:
        """Let go of whatever waits: what it belonged to is undone."""
        ...

    def commit(self) -> None:
        """Run whatever waits, and end the transaction with it where that saves a way."""
        ...


class SqliteDriver:
    """Runs everything at once, and leaves the ends of transactions to SQLAlchemy."""

    def __init__(self, connection: Any) -> None:
        """Use the driver's connection."""
        self._connection = connection

    def ask(self, sql: str, values: Values) -> Asked:
        """Run a statement."""
        rows: Rows = self._connection.execute(sql, values).fetchall()
        return lambda: rows

    def send(self, sql: str, rows: Sequence[Values]) -> None:
        """Run a statement for each row of values."""
        if len(rows) == 1:
            self._connection.execute(sql, rows[0])
        else:
            self._connection.executemany(sql, rows)

    def settle(self) -> None:
        """Do nothing: nothing waits."""

    forget = commit = settle


class PostgresDriver:
    """Keeps everything until the rows of something are needed."""

    def __init__(self, connection: PoolProxiedConnection, *, alone: bool = False) -> None:
        """Use a connection of the pool; `alone` says that each statement is a transaction."""
        raw: Any = connection.dbapi_connection
        self._server = Conversation(raw, connection.info.setdefault("dateline_names", {}))
        self._alone = alone
        self._waiting: list[Statement] = []
        self._asked: dict[int, _Question] = {}

    def ask(self, sql: str, values: Values) -> Asked:
        """Let a statement wait until its rows, or those of another one, are needed."""
        question = self._asked[len(self._waiting)] = _Question(self)
        self._waiting.append((sql, values))
        return question

    def send(self, sql: str, rows: Sequence[Values]) -> None:
        """Let a statement wait; many rows are sent now."""
        for start in range(0, len(rows), _MOST_ROWS):
            part = rows[start : start + _MOST_ROWS]
            self._waiting += [(sql, values) for values in part]
            if len(part) == _MOST_ROWS:
                self.settle()

    def settle(self) -> None:
        """Run what waits, on one way."""
        if self._waiting:
            self._run()

    def forget(self) -> None:
        """Let go of what waits."""
        self._waiting, self._asked = [], {}

    def commit(self) -> None:
        """Run what waits and commit, on one way; SQLAlchemy then finds nothing to end."""
        if self._waiting or self._server.is_open:
            self._waiting.append(("COMMIT", ()))
            ended = self._run()[-1]
            if ended.command_status != b"COMMIT":
                raise OperationalError("The transaction had failed before, and was undone.")

    def rollback(self) -> None:
        """Undo what was run; a connection that is lost has undone it already.

        What is left to do here for those above libpq would let the server forget all statements.
        """
        self.forget()
        if self._server.is_open:
            self._server.run([("ROLLBACK", ())])

    def _run(self) -> list[Any]:
        """Run what waits, on one way."""
        waiting, asked = self._waiting, self._asked
        # They are over even where one fails: the transaction is, too.
        self.forget()
        begins = not self._alone and self._server.is_idle
        first = [(self._server.begin, ())] if begins else []
        results = self._server.run([*first, *waiting])[len(first) :]
        for place, question in asked.items():
            question.rows = self._server.rows(results[place])
        return results


class _Question:
    """Rows that are there once they are needed."""

    __slots__ = ("_driver", "rows")

    def __init__(self, driver: PostgresDriver) -> None:
        self._driver = driver
        self.rows: Rows | None = None

    def __call__(self) -> Rows:
        if self.rows is None:
            self._driver.settle()
        if self.rows is None:
            raise RuntimeError("What was asked belonged to something that was undone.")
        return self.rows


class NotedDriver:
    """Shows each statement to somebody who counts them, and runs it."""

    def __init__(self, driver: Driver, note: Note) -> None:
        """Stand in front of a driver."""
        self._driver = driver
        self._note = note
        self.settle = driver.settle
        self.forget = driver.forget
        self.commit = driver.commit

    def ask(self, sql: str, values: Values) -> Asked:
        """Ask a statement."""
        self._note(sql)
        return self._driver.ask(sql, values)

    def send(self, sql: str, rows: Sequence[Values]) -> None:
        """Run a statement that returns nothing, for each row of values."""
        self._note(sql)
        self._driver.send(sql, rows)


def driver_of(connection: Connection, note: Note | None) -> Driver:
    """Return the driver of a connection; `note` is shown each statement."""
    pooled = connection.connection
    embedded = connection.dialect.name == "sqlite"
    driver: Driver = SqliteDriver(pooled.dbapi_connection) if embedded else PostgresDriver(pooled)
    return noted(driver, note)


def noted(driver: Driver, note: Note | None) -> Driver:
    """Return a driver of which `note` is shown each statement."""
    return driver if note is None else NotedDriver(driver, note)
