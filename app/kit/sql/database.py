"""The database: opens read and write sessions, on SQLite and PostgreSQL.

A `ReadSession` cannot write; a `WriteSession` can. The `with` block of a session ends its
transaction: a write is committed at the end of the block, and rolled back by an exception.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Literal

import psycopg
from sqlalchemy import (
    URL,
    Connection,
    Engine,
    event,
    text,
)

from app.kit.errors import DatabaseUnavailable, ReadTooLong
from app.kit.process import file_permissions
from app.kit.sql.async_reads import AsyncReads
from app.kit.sql.change_watch import PostgresWatch, SqliteWatch, Watch
from app.kit.sql.driver_errors import translate_driver_errors
from app.kit.sql.engines import create_postgresql_engines, create_sqlite_engine, limit_statements
from app.kit.sql.leadership import (
    FileLeadership,
    Leadership,
    LeaseLeadership,
    check_leadership,
    check_leadership_in,
)
from app.kit.sql.postgres import PostgresServer, is_postgresql_url
from app.kit.sql.session import ReadSession, RowT, Values, WriteSession
from app.kit.sql.sqlite_readers import ReadLimit, SqliteReadPool, Trace, current_limit
from app.kit.sql.sqlite_writer import SqliteWriter
from app.kit.sql.statement import Statement


class Database:
    """A database with its connections; begins and ends all transactions."""

    @classmethod
    def of_file(cls, path: Path) -> "Database":
        """Return the database in an SQLite file; its name may contain any character."""
        return cls(URL.create("sqlite", database=str(path.absolute())))

    def __init__(
        self,
        url: str | URL,
        *,
        busy_timeout: float = 5.0,
        pool_size: int = 20,
        read_seconds: float = 0,
    ) -> None:
        """Prepare the engine; the first session opens the first connection.

        `busy_timeout` is how many seconds a transaction waits for a lock, and `read_seconds` the
        time limit of async reads.
        """
        self._busy_timeout = busy_timeout
        address = url if isinstance(url, str) else url.render_as_string(hide_password=False)
        self._server = PostgresServer(address, busy_timeout) if is_postgresql_url(address) else None
        self.dialect: Literal["sqlite", "postgresql"] = "postgresql" if self._server else "sqlite"
        # PostgreSQL only: on SQLite, `fetch` needs no network.
        self.async_reads: AsyncReads | None = None
        if self._server is not None:
            self.engine, self._list_engine = create_postgresql_engines(self._server, pool_size)
            self.async_reads = AsyncReads(
                self._server, self.engine.dialect, max(1, pool_size // 2), read_seconds
            )
        else:
            self.engine = self._list_engine = create_sqlite_engine(url, busy_timeout)
        name = str(self.engine.url.database)
        # SQLite also accepts a URI: `file:FILE?mode=ro`.
        is_uri = name.startswith("file:")
        self._path = name.removeprefix("file:").partition("?")[0] if is_uri else name
        self._identity: tuple[int, int] | None = None
        self._read_pool: SqliteReadPool | None = None
        self._writer: SqliteWriter | None = None
        self._sqlite_watch: SqliteWatch | None = None
        # PostgreSQL only; see `trace`.
        self._write_trace: Trace | None = None
        if self.dialect == "sqlite":
            # If the file was removed, a new connection would create another one.
            event.listen(self.engine, "do_connect", lambda *_: self._prepare_file())
            # Before the connection is used, and again in WAL mode, which keeps the shared lock.
            event.listen(self.engine, "connect", self._check_opened, insert=True)
            event.listen(self.engine, "connect", self._check_in_wal_mode)
            self._read_pool = SqliteReadPool(self.engine)
            self._writer = SqliteWriter(self.engine, busy_timeout)
            # On a file, `fetch` is the method of the pool itself: one call less for each statement.
            self.fetch = self._read_pool.fetch  # type: ignore[method-assign]

    @property
    def engines(self) -> Sequence[Engine]:
        """The engines of this database, without duplicates: the general one, and that for lists."""
        return (
            (self.engine,) if self._list_engine is self.engine else (self.engine, self._list_engine)
        )

    @property
    def file(self) -> Path | None:
        """The SQLite file; None on PostgreSQL."""
        return Path(self._path) if self.dialect == "sqlite" else None

    def fetch(self, statement: Statement[RowT], params: Values = None) -> list[RowT]:
        """Return the rows of a statement, which sees what is committed when it begins.

        On SQLite this attribute is `SqliteReadPool.fetch`, which runs without a transaction.
        """
        with self.read(snapshot=False) as session:
            return session.all(statement, params)

    @contextmanager
    def read(self, *, snapshot: bool = True, lists: bool = False) -> Iterator[ReadSession]:
        """Open a read-only transaction with a snapshot.

        Without a snapshot there is no transaction: each statement sees what is committed when it
        begins. With `lists`, the connection to PostgreSQL has planner settings that are for public
        lists only: they read an index in order instead of sorting.
        """
        if self._read_pool is not None:
            reading = self._read_pool.session(snapshot=snapshot)
        else:
            reading = _read_on_server(
                self._list_engine if lists else self.engine, snapshot=snapshot
            )
        check_leadership()
        limit = current_limit()
        if limit is not None and limit.is_abandoned:
            raise ReadTooLong("Nobody waits for the answer any more.")
        with translate_driver_errors(), reading as session:
            yield session

    @contextmanager
    def write(
        self, lock_timeout: float | None = None, *, changes_rights: bool = True
    ) -> Iterator[WriteSession]:
        """Open a transaction, which is committed at the end of the block.

        `lock_timeout` replaces the default number of seconds to wait for a lock. After a
        transaction that changes nothing that the rights of callers depend on, keys need not be
        verified again, which would take longer than most answers.
        """
        self.check_file()
        if self._writer is not None:
            seconds = self._busy_timeout if lock_timeout is None else lock_timeout
            watch = None if changes_rights else self._sqlite_watch
            writing = self._writer.transaction(seconds, watch)
        else:
            writing = _write_on_server(self.engine, lock_timeout, self._write_trace)
        with translate_driver_errors(), writing as session:
            check_leadership_in(session)
            yield session

    def check_file(self) -> None:
        """Check that the SQLite file is still the one that was opened.

        A removed file can be written to while it is open, and its data is lost afterwards.
        """
        if self.dialect != "sqlite":
            return
        # Device and inode identify a file.
        found: tuple[int, int] | None = None
        with suppress(OSError):
            status = os.stat(self._path)  # noqa: PTH116 - before every write, and a Path costs more
            found = status.st_dev, status.st_ino
        if self._identity is None:
            self._identity = found
        elif found != self._identity:
            raise DatabaseUnavailable(
                "The database file was removed or replaced while it was open. Put it back, and "
                "start Dateline again."
            )

    def _prepare_file(self) -> None:
        """Check the file before a connection opens it; create a new one for this user only."""
        self.check_file()
        name = str(self.engine.url.database)
        # For a URI, SQLite creates no file by default. Its other files get the mode of this one.
        if self._identity is None and not name.startswith("file:"):
            with suppress(OSError):
                file_permissions.create_file(Path(name))
            self.check_file()

    def _check_opened(self, connection: sqlite3.Connection, _record: object) -> None:
        """Check that the file was not replaced while it was opened.

        The read waits for a restore, which locks the file. In WAL mode the open connection also
        holds SQLite's shared lock, so no restore can begin.
        """
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        self.check_file()

    def _check_in_wal_mode(self, connection: sqlite3.Connection, record: object) -> None:
        self._check_opened(connection, record)

    def open_watch(self) -> Watch:
        """Open a watch, which tells whether the database may have changed."""
        if self._server is not None:
            return PostgresWatch(self._server)
        self._sqlite_watch = SqliteWatch(str(self.engine.url.database))
        return self._sqlite_watch

    def open_leadership(self) -> Leadership:
        """Return the leadership for background work, which is not acquired yet."""
        if self._server is None:
            return FileLeadership(str(self.engine.url.database))
        return LeaseLeadership(self.write)

    def refuse_transaction_pooling(self) -> None:
        """Refuse a connection pooler that pools transactions."""
        if self._server is not None:
            # An unreachable server is reported when a connection is needed.
            with suppress(psycopg.Error):
                self._server.refuse_transaction_pooling()

    def is_writable(self) -> bool:
        """Tell whether the database accepts writes, without trying one."""
        if self._server is None:
            is_read_only = "mode=ro" in str(self.engine.url.database)
            return not is_read_only and os.access(self._path, os.W_OK)
        with self.read(snapshot=False) as session:
            return bool(session.scalar(text(_IS_WRITABLE)))

    def trace(self, trace: Trace | None) -> None:
        """Set a callback for statements that bypass SQLAlchemy and its events.

        On SQLite these are the statements of later sessions; on PostgreSQL those of async reads and
        of later writes.
        """
        self._write_trace = trace
        if self.async_reads is not None:
            self.async_reads.trace = trace
        if self._read_pool is not None:
            self._read_pool.trace(trace)
        if self._writer is not None:
            self._writer.trace(trace)

    def find_integrity_errors(self) -> list[str]:
        """Return the integrity errors of an SQLite file; none on PostgreSQL."""
        if self.dialect != "sqlite":
            return []
        with translate_driver_errors(), self.engine.connect() as connection:
            whole = connection.exec_driver_sql("PRAGMA integrity_check").all()
            foreign = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        found = [str(row[0]) for row in whole if row[0] != "ok"]
        return found + [f"a row of {row[0]} names a missing row of {row[2]}" for row in foreign]

    def checkpoint(self) -> None:
        """Move commits from SQLite's write-ahead log to its file, without blocking anybody.

        Pages that a reader may still need stay until the next checkpoint.
        """
        if self.dialect == "sqlite":
            with translate_driver_errors(), self.engine.connect() as connection:
                driver: Any = connection.connection.dbapi_connection
                driver.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def close(self) -> None:
        """Close all connections."""
        if self.async_reads is not None:
            self.async_reads.close()
        if self._read_pool is not None:
            self._read_pool.close()
        if self._writer is not None:
            self._writer.close()
        for engine in self.engines:
            engine.dispose()


@contextmanager
def _read_on_server(engine: Engine, *, snapshot: bool) -> Iterator[ReadSession]:
    """Read with a connection of the pool, within the current read limit."""
    limit = current_limit()
    with engine.connect() as connection, ExitStack() as stack:
        limit_statements(connection, 0 if limit is None else limit.seconds)
        if limit is not None:
            driver: Any = connection.connection.driver_connection
            # A late cancellation could hit the next statement on this connection.
            stack.callback(_drop_cancelled, connection, limit)
            stack.enter_context(limit.cancel_with(driver))
        if snapshot:
            connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        else:
            connection.execution_options(isolation_level="AUTOCOMMIT")
        # Commit: after a rollback, the driver deallocates all prepared statements.
        with connection.begin():
            yield ReadSession(connection)


def _drop_cancelled(connection: Connection, limit: ReadLimit) -> None:
    if limit.is_abandoned:
        connection.invalidate()


def _execute(driver: Any, trace: Trace | None, text: str, values: Any) -> Any:
    """Run SQL with values, or with each item of a list; return the driver's cursor.

    Through SQLAlchemy, the thread of a publication takes a third more processor time.
    """
    if trace is not None:
        trace(text)
    cursor = driver.cursor()
    if isinstance(values, list):
        cursor.executemany(text, values)
    else:
        cursor.execute(text, values)
    return cursor


@contextmanager
def _write_on_server(
    engine: Engine, lock_timeout: float | None, trace: Trace | None
) -> Iterator[WriteSession]:
    """Write with a connection of the pool; `lock_timeout` replaces the default."""
    with engine.connect() as connection, ExitStack() as stack:
        limit_statements(connection, 0)
        stack.enter_context(connection.begin())
        if lock_timeout is not None:
            connection.execute(text(f"SET LOCAL lock_timeout = {int(lock_timeout * 1000)}"))
        driver: Any = connection.connection.driver_connection
        yield WriteSession(connection, partial(_execute, driver, trace))
        # After a failed statement, PostgreSQL acknowledges COMMIT and rolls back.
        if driver.info.transaction_status == psycopg.pq.TransactionStatus.INERROR:
            raise psycopg.OperationalError("The transaction had failed before, and was undone.")


_IS_WRITABLE = (
    "SELECT NOT pg_is_in_recovery() AND current_setting('default_transaction_read_only') = 'off'"
)
