"""The driver beneath SQLAlchemy's connection: runs what is prepared, in the same transaction.

SQLite is a call away. To PostgreSQL every statement goes a way, and its answer another, so those
that return nothing wait, and go together with the next one that does, or with the last.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Connection

# Values in their places for SQLite, by name for PostgreSQL.
Values = Sequence[Any] | Mapping[str, Any]
Note = Callable[[str], None]
# More rows than these are not kept waiting: they take memory.
_MOST_ROWS = 100


class Driver(Protocol):
    """Runs statements in the driver's own words."""

    def ask(self, sql: str, values: Values) -> Sequence[Sequence[Any]]:
        """Run a statement and return its rows."""
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


class SqliteDriver:
    """Runs everything at once."""

    def __init__(self, connection: Any) -> None:
        """Use the driver's connection."""
        self._connection = connection

    def ask(self, sql: str, values: Values) -> Sequence[Sequence[Any]]:
        """Run a statement and return its rows."""
        rows: Sequence[Sequence[Any]] = self._connection.execute(sql, values).fetchall()
        return rows

    def send(self, sql: str, rows: Sequence[Values]) -> None:
        """Run a statement for each row of values."""
        if len(rows) == 1:
            self._connection.execute(sql, rows[0])
        else:
            self._connection.executemany(sql, rows)

    def settle(self) -> None:
        """Do nothing: nothing waits."""

    def forget(self) -> None:
        """Do nothing: nothing waits."""


class PostgresDriver:
    """Keeps what returns nothing until something is asked for."""

    def __init__(self, connection: Any) -> None:
        """Use the driver's connection."""
        self._connection = connection
        self._waiting: list[tuple[str, Values]] = []

    def ask(self, sql: str, values: Values) -> Sequence[Sequence[Any]]:
        """Run what waits and then a statement, on one way, and return its rows."""
        cursor = self._connection.cursor()
        if self._waiting:
            with self._connection.pipeline():
                self._send_waiting()
                cursor.execute(sql, values)
        else:
            cursor.execute(sql, values)
        rows: Sequence[Sequence[Any]] = cursor.fetchall()
        return rows

    def send(self, sql: str, rows: Sequence[Values]) -> None:
        """Let a statement wait; many rows are sent now."""
        if len(rows) > _MOST_ROWS:
            self.settle()
            self._connection.cursor().executemany(sql, rows)
        else:
            self._waiting += [(sql, values) for values in rows]

    def settle(self) -> None:
        """Run what waits, on one way."""
        if self._waiting:
            with self._connection.pipeline():
                self._send_waiting()

    def forget(self) -> None:
        """Let go of what waits."""
        self._waiting = []

    def _send_waiting(self) -> None:
        # They are over even where one fails: the transaction is, too.
        waiting, self._waiting = self._waiting, []
        cursor = self._connection.cursor()
        for sql, values in waiting:
            cursor.execute(sql, values)


class NotedDriver:
    """Shows each statement to somebody who counts them, and runs it."""

    def __init__(self, driver: Driver, note: Note) -> None:
        """Stand in front of a driver."""
        self._driver = driver
        self._note = note
        self.settle = driver.settle
        self.forget = driver.forget

    def ask(self, sql: str, values: Values) -> Sequence[Sequence[Any]]:
        """Run a statement and return its rows."""
        self._note(sql)
        return self._driver.ask(sql, values)

    def send(self, sql: str, rows: Sequence[Values]) -> None:
        """Run a statement that returns nothing, for each row of values."""
        self._note(sql)
        self._driver.send(sql, rows)


def driver_of(connection: Connection, note: Note | None) -> Driver:
    """Return the driver of a connection; `note` is shown each statement."""
    raw = connection.connection.dbapi_connection
    embedded = connection.dialect.name == "sqlite"
    driver: Driver = SqliteDriver(raw) if embedded else PostgresDriver(raw)
    return driver if note is None else NotedDriver(driver, note)
