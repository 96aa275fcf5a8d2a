"""The database behind one door: two kinds of session, for SQLite and PostgreSQL alike.

A `ReadSession` cannot write; a `WriteSession` can. Whoever opens a session closes its
transaction: leaving the `with` block commits a write, an exception rolls it back.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
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
from app.kit.sql.async_reads import AwaitedReads
from app.kit.sql.change_watch import PostgresWatch, SqliteWatch, Watch
from app.kit.sql.driver_errors import translated_failures
from app.kit.sql.engines import limit_statements, postgresql_engines, sqlite_engine
from app.kit.sql.leadership import (
    FileLeadership,
    Leadership,
    LeaseLeadership,
    check_leading,
    check_leading_in,
)
from app.kit.sql.postgres import Server, is_address
from app.kit.sql.session import ReadSession, RowT, Values, WriteSession
from app.kit.sql.sqlite_readers import Readers, ReadLimit, Trace, current_limit
from app.kit.sql.sqlite_writer import Writing
from app.kit.sql.statement import Statement


class Database:
    """The engine, its pool, and the rules by which transactions begin and end."""

    @classmethod
    def of_file(cls, path: Path) -> "Database":
        """Return the database in an SQLite file, whatever characters its name has."""
        return cls(URL.create("sqlite", database=str(path.absolute())))

    def __init__(
        self,
        url: str | URL,
        *,
        busy_timeout: float = 5.0,
        pool_size: int = 20,
        read_seconds: float = 0,
    ) -> None:
        """Prepare the engine; nothing is opened before the first session.

        `busy_timeout` is how many seconds a transaction waits for a lock, and `read_seconds` how
        long a statement may take that is awaited.
        """
        self._busy_timeout = busy_timeout
        address = url if isinstance(url, str) else url.render_as_string(hide_password=False)
        self._server = Server(address, busy_timeout) if is_address(address) else None
        self.dialect: Literal["sqlite", "postgresql"] = "postgresql" if self._server else "sqlite"
        # What runs single statements without a thread; on SQLite, `fetch` waits for nothing.
        self.awaited: AwaitedReads | None = None
        if self._server is not None:
            self.engine, self._lists = postgresql_engines(self._server, pool_size)
            self.awaited = AwaitedReads(
                self._server, self.engine.dialect, max(1, pool_size // 2), read_seconds
            )
        else:
            self.engine = self._lists = sqlite_engine(url, busy_timeout)
        name = str(self.engine.url.database)
        # SQLite takes the name of a file as a URI, too: `file:FILE?mode=ro`.
        is_uri = name.startswith("file:")
        self._path = name.removeprefix("file:").partition("?")[0] if is_uri else name
        self._identity: tuple[int, int] | None = None
        self._readers: Readers | None = None
        self._writing: Writing | None = None
        if self.dialect == "sqlite":
            # In the place of a file that was taken away, a new connection would make another one.
            event.listen(self.engine, "do_connect", lambda *_: self._prepare_file())
            # Before the connection is used, and again in WAL mode, in which the lock is kept.
            event.listen(self.engine, "connect", self._check_opened, insert=True)
            event.listen(self.engine, "connect", self._check_in_wal_mode)
            self._readers = Readers(self.engine)
            self._writing = Writing(self.engine, busy_timeout)
            self.fetch = self._readers.fetch  # type: ignore[method-assign]

    @property
    def engines(self) -> Sequence[Engine]:
        """The engines of this database, each once: the general one, and that of public lists."""
        return (self.engine,) if self._lists is self.engine else (self.engine, self._lists)

    @property
    def file(self) -> Path | None:
        """The SQLite file; nothing on PostgreSQL."""
        return Path(self._path) if self.dialect == "sqlite" else None

    def fetch(self, statement: Statement[RowT], params: Values = None) -> list[RowT]:
        """Return the rows of one statement, which sees what is committed when it begins.

        On SQLite it runs inline, with no transaction, and is `Readers.fetch` itself.
        """
        with self.read(snapshot=False) as session:
            return session.all(statement, params)

    @contextmanager
    def read(self, *, snapshot: bool = True, lists: bool = False) -> Iterator[ReadSession]:
        """Open a transaction that sees one snapshot; nothing is kept of it.

        Without a snapshot there is no transaction: each statement sees what is committed when it
        begins. To read public `lists`, and for nothing else, it has a connection to PostgreSQL
        whose planner reads along an index instead of sorting.
        """
        if self._readers is not None:
            reading = self._readers.session(snapshot=snapshot)
        else:
            reading = _on_server(self._lists if lists else self.engine, snapshot=snapshot)
        check_leading()
        limit = current_limit()
        if limit is not None and limit.is_abandoned:
            raise ReadTooLong("Nobody waits for the answer any more.")
        with translated_failures(), reading as session:
            yield session

    @contextmanager
    def write(self, patience: float | None = None) -> Iterator[WriteSession]:
        """Open a transaction that is committed when the block ends, or rolled back.

        `patience` is how many seconds it waits for a lock, if not as long as any other.
        """
        self.check_file()
        if self._writing is not None:
            writing = self._writing.turn(self._busy_timeout if patience is None else patience)
        else:
            writing = _to_server(self.engine, patience)
        with translated_failures(), writing as session:
            check_leading_in(session)
            yield session

    def check_file(self) -> None:
        """Insist that the SQLite file is still the one that was opened.

        One that was removed can be written to as long as it is open, and is lost afterwards.
        """
        if self.dialect != "sqlite":
            return
        # Its device and its inode tell a file from every other.
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
        """Insist on the file that was opened first; one that SQLite would make is private."""
        self.check_file()
        name = str(self.engine.url.database)
        # SQLite makes no file for a URI unless told to, and gives its own files the mode of this.
        if self._identity is None and not name.startswith("file:"):
            with suppress(OSError):
                file_permissions.create_file(Path(name))
            self.check_file()

    def _check_opened(self, connection: sqlite3.Connection, _record: object) -> None:
        """Insist that a file was not replaced while it was being opened, before it is used.

        The read waits for a restore, which locks the file. In WAL mode it also keeps SQLite's
        shared lock as long as the connection is open, and no restore begins then.
        """
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        self.check_file()

    def _check_in_wal_mode(self, connection: sqlite3.Connection, record: object) -> None:
        self._check_opened(connection, record)

    def watch(self) -> Watch:
        """Return what tells whether the database may have changed."""
        if self._server is None:
            return SqliteWatch(str(self.engine.url.database))
        return PostgresWatch(self._server)

    def leadership(self) -> Leadership:
        """Return the right to do the background work, to be asked for."""
        if self._server is None:
            return FileLeadership(str(self.engine.url.database))
        return LeaseLeadership(self.write)

    def refuse_transaction_pooling(self) -> None:
        """Insist that no pooler shares connections to PostgreSQL between transactions."""
        if self._server is not None:
            # One that is not reached at all is told of where it is needed.
            with suppress(psycopg.Error):
                self._server.refuse_transaction_pooling()

    def takes_writes(self) -> bool:
        """Tell whether the database can be written to, as far as it says so by itself."""
        if self._server is None:
            is_read_only = "mode=ro" in str(self.engine.url.database)
            return not is_read_only and os.access(self._path, os.W_OK)
        with self.read(snapshot=False) as session:
            return bool(session.scalar(text(_TAKES_WRITES)))

    def trace(self, trace: Trace | None) -> None:
        """Show statements that run beneath SQLAlchemy, whose events do not tell of them.

        On a file they are those of sessions that begin later; on PostgreSQL those that are awaited.
        """
        if self.awaited is not None:
            self.awaited.trace = trace
        if self._readers is not None:
            self._readers.trace(trace)
        if self._writing is not None:
            self._writing.trace(trace)

    def integrity_flaws(self) -> list[str]:
        """Return what SQLite finds broken in its file; PostgreSQL looks after itself."""
        if self.dialect != "sqlite":
            return []
        with translated_failures(), self.engine.connect() as connection:
            whole = connection.exec_driver_sql("PRAGMA integrity_check").all()
            foreign = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        found = [str(row[0]) for row in whole if row[0] != "ok"]
        return found + [f"a row of {row[0]} names a missing row of {row[2]}" for row in foreign]

    def checkpoint(self) -> None:
        """Move what was committed from SQLite's write-ahead log to its file; nobody waits for it.

        What a reader may still need there stays until the next time.
        """
        if self.dialect == "sqlite":
            with translated_failures(), self.engine.connect() as connection:
                driver: Any = connection.connection.dbapi_connection
                driver.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()

    def close(self) -> None:
        """Close the pool."""
        if self.awaited is not None:
            self.awaited.close()
        if self._readers is not None:
            self._readers.close()
        if self._writing is not None:
            self._writing.close()
        for engine in self.engines:
            engine.dispose()


@contextmanager
def _on_server(engine: Engine, *, snapshot: bool) -> Iterator[ReadSession]:
    """Read with a connection of the pool, within the limit that reads have here."""
    limit = current_limit()
    with engine.connect() as connection, ExitStack() as stack:
        limit_statements(connection, 0 if limit is None else limit.seconds)
        if limit is not None:
            driver: Any = connection.connection.driver_connection
            # What is to be cancelled may come to an end by itself before, and the next begin.
            stack.callback(_drop_cancelled, connection, limit)
            stack.enter_context(limit.on_server(driver))
        if snapshot:
            connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        else:
            connection.execution_options(isolation_level="AUTOCOMMIT")
        # Ended by a commit: after a rollback the driver lets the server forget what is prepared.
        with connection.begin():
            yield ReadSession(connection)


def _drop_cancelled(connection: Connection, limit: ReadLimit) -> None:
    if limit.is_abandoned:
        connection.invalidate()


@contextmanager
def _to_server(engine: Engine, patience: float | None) -> Iterator[WriteSession]:
    """Write with a connection of the pool; wait for locks so many seconds, or as usual."""
    with engine.connect() as connection, ExitStack() as stack:
        limit_statements(connection, 0)
        stack.enter_context(connection.begin())
        if patience is not None:
            connection.execute(text(f"SET LOCAL lock_timeout = {int(patience * 1000)}"))
        yield WriteSession(connection)
        driver: Any = connection.connection.driver_connection
        # PostgreSQL acknowledges a commit that undoes all, because a statement has failed.
        if driver.info.transaction_status == psycopg.pq.TransactionStatus.INERROR:
            raise psycopg.OperationalError("The transaction had failed before, and was undone.")


_TAKES_WRITES = (
    "SELECT NOT pg_is_in_recovery() AND current_setting('default_transaction_read_only') = 'off'"
)
