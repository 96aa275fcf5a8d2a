"""The database behind one door: two kinds of session, for SQLite and PostgreSQL alike.

A `ReadSession` cannot write; a `WriteSession` can. Whoever opens a session closes its
transaction: leaving the `with` block commits a write, an exception rolls it back.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import psycopg
from sqlalchemy import (
    URL,
    Connection,
    Engine,
    NullPool,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.exc import ArgumentError

from app.kit import json, permissions
from app.kit.bounded import BoundedCache
from app.kit.errors import DatabaseUnavailable, Misconfigured
from app.kit.failures import translated_failures
from app.kit.leadership import FileLeadership, Leadership, PostgresLeadership
from app.kit.readers import BEGINS, Readers, Trace
from app.kit.session import ReadSession, RowT, Values, WriteSession
from app.kit.statement import Statement
from app.kit.watch import PostgresWatch, SqliteWatch, Watch
from app.kit.writing import Writing, opened


class Database:
    """The engine, its pool, and the rules by which transactions begin and end."""

    @classmethod
    def of_file(cls, path: Path) -> "Database":
        """Return the database in an SQLite file, whatever characters its name has."""
        return cls(URL.create("sqlite", database=str(path.absolute())))

    def __init__(self, url: str | URL, *, busy_timeout: float = 5.0, pool_size: int = 20) -> None:
        """Prepare the engine; nothing is opened before the first session.

        `busy_timeout` is how many seconds a transaction waits for a lock.
        """
        self._busy_timeout = busy_timeout
        self.engine = _make_engine(url, busy_timeout, pool_size)
        # Any other dialect was refused where the engine was made.
        self.dialect: Literal["sqlite", "postgresql"] = self.engine.dialect.name  # type: ignore[assignment]
        self._lists = (
            _lists_of(self.engine.url, busy_timeout, pool_size)
            if self.dialect == "postgresql"
            else self.engine
        )
        self._writing = Writing(self.engine)
        self._identity: tuple[int, int] | None = None
        self._readers: Readers | None = None
        if self.dialect == "sqlite":
            # In the place of a file that was taken away, a new connection would make another one.
            event.listen(self.engine, "do_connect", lambda *_: self._prepare_file())
            # Before the connection is used, and again in WAL mode, in which the lock is kept.
            event.listen(self.engine, "connect", self._check_opened, insert=True)
            event.listen(self.engine, "connect", self._check_in_wal_mode)
            self._readers = Readers(self.engine)
            self.fetch = self._readers.fetch  # type: ignore[method-assign]

    @property
    def engines(self) -> Sequence[Engine]:
        """The engines of this database, each once: the general one, and that of public lists."""
        return (self.engine,) if self._lists is self.engine else (self.engine, self._lists)

    @property
    def file(self) -> Path | None:
        """The SQLite file; nothing on PostgreSQL."""
        return _file(str(self.engine.url.database)) if self.dialect == "sqlite" else None

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
        with translated_failures(), reading as session:
            yield session

    @contextmanager
    def write(self, patience: float | None = None) -> Iterator[WriteSession]:
        """Open a transaction that is committed when the block ends, or rolled back.

        `patience` is how many seconds it waits for a lock, if not as long as any other.
        """
        self.check_file()
        seconds = self._busy_timeout if patience is None else patience
        with (
            translated_failures(),
            self._for_writing(seconds) as connection,
            self._waiting(connection, seconds),
            connection.begin(),
        ):
            if patience is not None and self.dialect == "postgresql":
                connection.execute(text(f"SET LOCAL lock_timeout = {int(seconds * 1000)}"))
            yield WriteSession(connection)
            _refuse_failed(connection)

    def check_file(self) -> None:
        """Insist that the SQLite file is still the one that was opened.

        One that was removed can be written to as long as it is open, and is lost afterwards.
        """
        if self.dialect != "sqlite":
            return
        found = _identity(str(self.engine.url.database))
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
                permissions.create_file(Path(name))
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
        if self.dialect == "sqlite":
            return SqliteWatch(str(self.engine.url.database))
        return PostgresWatch(self._conninfo())

    def leadership(self) -> Leadership:
        """Return the right to do the background work, to be asked for."""
        if self.dialect == "sqlite":
            return FileLeadership(str(self.engine.url.database))
        return PostgresLeadership(self._conninfo())

    def trace(self, trace: Trace | None) -> None:
        """Show statements that run on a file beneath SQLAlchemy, whose events do not tell of them.

        They are those of readers that begin later; nothing ends it.
        """
        if self._readers is not None:
            self._readers.trace(trace)

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
        if self._readers is not None:
            self._readers.close()
        self._writing.close()
        for engine in self.engines:
            engine.dispose()

    def _conninfo(self) -> str:
        """Return the address as the driver wants it, for connections beside the pool."""
        return self.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)

    @contextmanager
    def _waiting(self, connection: Connection, seconds: float) -> Iterator[None]:
        """Let SQLite wait for its lock for a while other than usual."""
        if self.dialect != "sqlite" or seconds == self._busy_timeout:
            yield
            return
        raw: Any = connection.connection.dbapi_connection
        raw.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")
        try:
            yield
        finally:
            raw.execute(f"PRAGMA busy_timeout = {int(self._busy_timeout * 1000)}")

    def _for_writing(self, seconds: float) -> AbstractContextManager[Connection]:
        """Return a connection on which nobody else writes; on SQLite it is worth waiting for."""
        if self.dialect == "sqlite":
            return self._writing.turn(seconds)
        return opened(self.engine)


@contextmanager
def _on_server(engine: Engine, *, snapshot: bool) -> Iterator[ReadSession]:
    """Read with a connection of the pool."""
    with engine.connect() as connection:
        if snapshot:
            connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        else:
            connection.execution_options(isolation_level="AUTOCOMMIT")
        # Ended by a commit: after a rollback the driver lets the server forget what is prepared.
        with connection.begin():
            yield ReadSession(connection)


def _refuse_failed(connection: Connection) -> None:
    """Insist that no statement has failed: PostgreSQL acknowledges a commit that undoes all."""
    driver: Any = connection.connection.driver_connection
    if (
        connection.dialect.name == "postgresql"
        and driver.info.transaction_status == psycopg.pq.TransactionStatus.INERROR
    ):
        raise psycopg.OperationalError("The transaction had failed before, and was undone.")


def _name(database: str) -> str:
    """Return the name of a file that SQLite takes as a URI as well: `file:FILE?mode=ro`."""
    if not database.startswith("file:"):
        return database
    return database.removeprefix("file:").partition("?")[0]


def _file(database: str) -> Path:
    return Path(_name(database))


def _identity(path: str) -> tuple[int, int] | None:
    """Return what tells a file from every other: its device and its inode."""
    try:
        found = os.stat(_name(path))  # noqa: PTH116 - before every write, and a Path costs more than the call
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _make_engine(url: str | URL, busy_timeout: float, pool_size: int) -> Engine:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as wrong:
        raise Misconfigured(
            "DATELINE_DATABASE_URL is not a database address. Use sqlite:///dateline.db or "
            "postgresql+psycopg://user:password@host/name."
        ) from wrong
    if parsed.drivername in {"postgresql", "postgres", "postgresql+psycopg"}:
        return _postgresql(
            parsed.set(drivername="postgresql+psycopg"),
            busy_timeout,
            pool_size=pool_size,
            # The other half belongs to the lists. One read may open another: never none.
            max_overflow=(pool_size + 1) // 2,
        )
    if parsed.drivername in {"sqlite", "sqlite+pysqlite"}:
        if parsed.database in {None, "", ":memory:"}:
            raise Misconfigured(
                "DATELINE_DATABASE_URL names no file. Use sqlite:///dateline.db, for example."
            )
        return _sqlite(parsed, busy_timeout)
    raise Misconfigured(
        f"DATELINE_DATABASE_URL asks for {parsed.drivername!r}; Dateline runs on sqlite and "
        "postgresql+psycopg."
    )


def _common_options() -> dict[str, Any]:
    """Return the options that engines of both dialects share."""
    return {
        # It would keep so many statements, however long each is.
        "query_cache_size": 0,
        "execution_options": {"compiled_cache": _compiled_statements()},
        "json_serializer": json.dumps_text,
        "json_deserializer": json.loads,
        # Values may be secrets, and errors are logged.
        "hide_parameters": True,
    }


# Bytes of compiled statements, and what one takes for each letter of its text: what it was
# compiled from is kept with it, and is found by as much again.
_MOST_COMPILED, _BYTES_A_LETTER = 16 * 2**20, 120


def _compiled_statements() -> BoundedCache[Any, Any]:
    """Return where SQLAlchemy keeps what it has compiled."""
    return BoundedCache(_MOST_COMPILED, lambda _, made: _BYTES_A_LETTER * len(made.string))


# Letters of the longest statement that a server keeps prepared, and how many for a connection.
_LONGEST_PREPARED, _MOST_PREPARED = 10_000, 50


class _Cursor(psycopg.Cursor[Any]):
    """A cursor that lets the server prepare no long statement: each takes far more there."""

    def execute(
        self,
        query: Any,
        params: Any = None,
        *,
        prepare: bool | None = None,
        binary: bool | None = None,
    ) -> Any:
        """Run a statement."""
        if len(query) > _LONGEST_PREPARED:
            prepare = False
        return super().execute(query, params, prepare=prepare, binary=binary)


def _lists_of(url: URL, busy_timeout: float, pool_size: int) -> Engine:
    """Return the engine of public lists: its connections have planner settings of their own."""
    size = max(1, pool_size // 2)
    return _postgresql(url, busy_timeout, settings=_ORDERED, pool_size=size, max_overflow=0)


def _postgresql(url: URL, busy_timeout: float, *, settings: str = "", **pool: int) -> Engine:
    """Return an engine whose connections have these settings (`-c name=value`), too."""
    millis = int(busy_timeout * 1000)
    engine = create_engine(
        url,
        # The one that was used last: its server has at hand what it needs.
        pool_use_lifo=True,
        # A server that was restarted, or vanished, is noticed before a connection is used.
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": 10,
            "application_name": "dateline",
            "cursor_factory": _Cursor,
            "options": f"-c lock_timeout={millis} -c timezone=UTC {settings}",
        },
        **_common_options(),
        **pool,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.prepared_max = _MOST_PREPARED

    return engine


# For public lists alone. Each has an index for its order, and stops after a page. Where statistics
# are missing or outdated, the planner thinks it cheaper to gather everything and sort it, or to
# keep it in memory to test a page against. It still may, where there is no other way.
_ORDERED = "-c enable_sort=off -c enable_incremental_sort=off -c enable_material=off"


# More than are prepared in all, so that none is prepared twice.
_STATEMENTS = 512


def _sqlite(url: URL, busy_timeout: float) -> Engine:
    engine = create_engine(
        url,
        paramstyle="named",
        # Those who read and write hold their connections themselves.
        poolclass=NullPool,
        connect_args={
            "timeout": busy_timeout,
            "cached_statements": _STATEMENTS,
            "check_same_thread": False,
        },
        **_common_options(),
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        # The driver's own transaction handling would begin late and never IMMEDIATE.
        connection.isolation_level = None
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        begins = connection.get_execution_options().get(BEGINS, "BEGIN")
        driver: Any = connection.connection.driver_connection
        if begins is not None:
            driver.execute(begins)

    return engine


_MOST_OF_SQLITE = 80 * 2**20
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    # In KiB, for each connection; the operating system caches the file for all of them.
    "PRAGMA cache_size = -16384",
    "PRAGMA temp_store = MEMORY",
    # In bytes, for all connections of the process: beyond, each reuses the pages that it has.
    f"PRAGMA soft_heap_limit = {_MOST_OF_SQLITE}",
    # In pages. The worker makes checkpoints beside the writers; a commit does if it does not.
    "PRAGMA wal_autocheckpoint = 8000",
)
