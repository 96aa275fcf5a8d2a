"""The database behind one door: two kinds of session, for SQLite and PostgreSQL alike.

A `ReadSession` cannot write; a `WriteSession` can. Whoever opens a session closes its
transaction: leaving the `with` block commits a write, an exception rolls it back.
"""

import sqlite3
import threading
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Literal, Protocol, TypeVar

from sqlalchemy import (
    BigInteger,
    Connection,
    Dialect,
    Engine,
    Executable,
    MetaData,
    Row,
    Select,
    String,
    Table,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

from app.kit import json
from app.kit.clock import from_micros, to_micros
from app.kit.errors import (
    ConstraintViolated,
    DatabaseBusy,
    DatabaseReadOnly,
    DatabaseUnavailable,
    Failure,
    Misconfigured,
)
from app.kit.hot import HotStatements
from app.kit.leadership import FileLeadership, Leadership, PostgresLeadership
from app.kit.watch import PostgresWatch, SqliteWatch, Watch

Params = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None
Record = Row[Any]


class Base(DeclarativeBase):
    """The root of all models; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def key(length: int) -> String:
    """Return the type of a text that is compared and sorted byte by byte on both databases."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


def table_of(model: type[Base]) -> Table:
    """Return a model's table, for statements that deal in rows rather than objects."""
    table = model.__table__
    assert isinstance(table, Table)
    return table


# The most values that one IN (…) is given: SQLite allows 32,766 variables a statement.
_CHUNK = 5_000
Value = TypeVar("Value")


def chunks(values: Collection[Value]) -> Iterator[list[Value]]:
    """Yield values in lists that one IN (…) can take."""
    listed = list(values)
    for start in range(0, len(listed), _CHUNK):
        yield listed[start : start + _CHUNK]


class Instant(TypeDecorator[datetime]):
    """An aware instant, kept as microseconds since 1970 so that both databases sort it alike."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Turn an instant into microseconds."""
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Turn microseconds into an instant."""
        return None if value is None else from_micros(value)


class Reads(Protocol):
    """What can be read with: a `ReadSession`, or a hot one on a held connection."""

    dialect: str

    def all(self, statement: Executable, params: Mapping[str, Any] | None = None) -> Any:
        """Return every row."""
        ...

    def first(self, statement: Executable, params: Mapping[str, Any] | None = None) -> Any:
        """Return the first row, or nothing."""
        ...

    def scalar(self, statement: Executable, params: Mapping[str, Any] | None = None) -> Any:
        """Return the first column of the first row, or nothing."""
        ...


class ReadSession:
    """A transaction that only reads."""

    def __init__(self, connection: Connection) -> None:
        """Wrap a connection on which a transaction is open."""
        self._connection = connection
        self.dialect: str = connection.dialect.name

    def all(self, statement: Executable, params: Params = None) -> Sequence[Record]:
        """Return every row."""
        return self._connection.execute(statement, params).all()

    def first(self, statement: Executable, params: Params = None) -> Record | None:
        """Return the first row, or nothing."""
        return self._connection.execute(statement, params).first()

    def scalar(self, statement: Executable, params: Params = None) -> Any:
        """Return the first column of the first row, or nothing."""
        return self._connection.execute(statement, params).scalar()

    def estimate(self, statement: Select[Any], params: Mapping[str, Any]) -> int:
        """Return how many rows PostgreSQL's planner expects of a statement."""
        compiled = statement.compile(dialect=self._connection.dialect)
        result = self._connection.exec_driver_sql(
            f"EXPLAIN (FORMAT JSON) {compiled}", dict(compiled.construct_params(params))
        )
        plan: Any = result.scalar()
        return int((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]["Plan Rows"])

    def stream(self, statement: Executable, chunk: int = 500) -> Iterator[Record]:
        """Yield rows in chunks, in memory that does not grow with their number."""
        options = {"yield_per": chunk}
        yield from self._connection.execute(statement, execution_options=options)


class WriteSession(ReadSession):
    """A transaction that may write."""

    def execute(self, statement: Executable, params: Params = None) -> int:
        """Run a statement (with a list of parameters: for each of them); count its rows."""
        if isinstance(params, Sequence) and not params:
            return 0
        return self._connection.execute(statement, params).rowcount

    def insert_missing(self, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows, leaving alone those whose key is there already."""
        insert = sqlite.insert if self.dialect == "sqlite" else postgresql.insert
        self.execute(insert(model).on_conflict_do_nothing(), rows)

    def lock(self, name: str, *, shared: bool = False) -> None:
        """Wait for a named lock that lasts to the end of the transaction.

        SQLite has one writer, so there the transaction itself is the lock.
        """
        if self.dialect == "postgresql":
            function = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
            self._connection.execute(text(f"SELECT {function}(:key)"), {"key": _lock_key(name)})

    def notify(self, channel: str) -> None:
        """Tell who listens on PostgreSQL, when and if this transaction is committed."""
        if self.dialect == "postgresql":
            self._connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": channel})

    def try_lock(self, name: str) -> bool:
        """Take a named lock if it is free, and say whether it was."""
        if self.dialect != "postgresql":
            return True
        statement = text("SELECT pg_try_advisory_xact_lock(:key)")
        return bool(self._connection.scalar(statement, {"key": _lock_key(name)}))


class Database:
    """The engine, its pool, and the rules by which transactions begin and end."""

    def __init__(self, url: str, *, busy_timeout: float = 5.0, pool_size: int = 20) -> None:
        """Prepare the engine; nothing is opened before the first session.

        `busy_timeout` is how many seconds a transaction waits for a lock.
        """
        self._busy_timeout = busy_timeout
        self.engine = _make_engine(url, busy_timeout, pool_size)
        self.dialect: Literal["sqlite", "postgresql"] = self.engine.dialect.name  # type: ignore[assignment]
        # SQLite's own waiting is a lottery; inside one process writers queue up here.
        self._writer = threading.Lock()
        self._hot: HotStatements | None = None
        if self.dialect == "sqlite":
            path = str(self.engine.url.database)
            self._hot = HotStatements(path, self.engine.dialect, _PRAGMAS)

    @contextmanager
    def read(self) -> Iterator[ReadSession]:
        """Open a transaction that sees one snapshot; nothing is kept of it."""
        with _telling_failures(), self.engine.connect() as connection:
            if self.dialect == "postgresql":
                connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            with connection.begin():
                yield ReadSession(connection)

    @contextmanager
    def read_hot(self) -> Iterator[Reads]:
        """Open a read for statements that are compiled once; on PostgreSQL, one like any other."""
        if self._hot is None:
            with self.read() as session:
                yield session
            return
        with _telling_failures(), self._hot.session() as hot:
            yield hot

    @contextmanager
    def write(self, patience: float | None = None) -> Iterator[WriteSession]:
        """Open a transaction that is committed when the block ends, or rolled back.

        `patience` is how many seconds it waits for a lock, if not as long as any other.
        """
        seconds = self._busy_timeout if patience is None else patience
        with _telling_failures(), self._queue(seconds), self.engine.connect() as connection:
            connection.execution_options(dateline_writes=True)
            with self._waiting(connection, seconds), connection.begin():
                if patience is not None and self.dialect == "postgresql":
                    connection.execute(text(f"SET LOCAL lock_timeout = {int(seconds * 1000)}"))
                yield WriteSession(connection)

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

    def trace_hot(self, note: Callable[[str], None] | None) -> None:
        """Show each statement that is run hot to `note`; nothing ends it."""
        if self._hot is not None:
            self._hot.trace(note)

    def integrity_flaws(self) -> list[str]:
        """Return what SQLite finds broken in its file; PostgreSQL looks after itself."""
        if self.dialect != "sqlite":
            return []
        with _telling_failures(), self.engine.connect() as connection:
            whole = connection.exec_driver_sql("PRAGMA integrity_check").all()
            foreign = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        found = [str(row[0]) for row in whole if row[0] != "ok"]
        return found + [f"a row of {row[0]} names a missing row of {row[2]}" for row in foreign]

    def close(self) -> None:
        """Close the pool."""
        if self._hot is not None:
            self._hot.close()
        self.engine.dispose()

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

    @contextmanager
    def _queue(self, seconds: float) -> Iterator[None]:
        if self.dialect != "sqlite":
            yield
            return
        if not self._writer.acquire(timeout=seconds):
            raise DatabaseBusy("Other writers keep the database busy. Try again shortly.")
        try:
            yield
        finally:
            self._writer.release()


def _make_engine(url: str, busy_timeout: float, pool_size: int) -> Engine:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as wrong:
        raise Misconfigured(
            "DATELINE_DATABASE_URL is not a database address. Use sqlite:///dateline.db or "
            "postgresql+psycopg://user:password@host/name."
        ) from wrong
    options: dict[str, Any] = {
        "json_serializer": json.dumps_text,
        "json_deserializer": json.loads,
        "pool_size": pool_size,
        "max_overflow": pool_size,
    }
    if parsed.drivername in {"postgresql", "postgres", "postgresql+psycopg"}:
        return _postgresql(parsed.set(drivername="postgresql+psycopg"), busy_timeout, options)
    if parsed.drivername in {"sqlite", "sqlite+pysqlite"}:
        if parsed.database in {None, "", ":memory:"}:
            raise Misconfigured(
                "DATELINE_DATABASE_URL names no file. Use sqlite:///dateline.db, for example."
            )
        return _sqlite(parsed, busy_timeout, options)
    raise Misconfigured(
        f"DATELINE_DATABASE_URL asks for {parsed.drivername!r}; Dateline runs on sqlite and "
        "postgresql+psycopg."
    )


def _postgresql(url: Any, busy_timeout: float, options: dict[str, Any]) -> Engine:
    millis = int(busy_timeout * 1000)
    return create_engine(
        url,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": 10,
            "application_name": "dateline",
            "options": f"-c lock_timeout={millis} -c timezone=UTC",
        },
        **options,
    )


def _sqlite(url: Any, busy_timeout: float, options: dict[str, Any]) -> Engine:
    engine = create_engine(url, connect_args={"timeout": busy_timeout}, **options)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        # The driver's own transaction handling would begin late and never IMMEDIATE.
        connection.isolation_level = None
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("dateline_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA cache_size = -65536",
    "PRAGMA temp_store = MEMORY",
)


def _lock_key(name: str) -> int:
    return zlib.crc32(name.encode())


@contextmanager
def _telling_failures() -> Iterator[None]:
    try:
        yield
    except IntegrityError as wrong:
        raise ConstraintViolated("Somebody else changed the same thing at once.") from wrong
    except PoolTimeout as wrong:
        raise DatabaseBusy("Every connection to the database is in use.") from wrong
    except DataError:
        # A value that the database cannot take should not have come this far: a fault of ours.
        raise
    except DBAPIError as wrong:
        raise _translated(wrong.orig) from wrong
    except sqlite3.Error as wrong:
        raise _translated(wrong) from wrong


_READ_ONLY = ("readonly database", "read-only transaction")
_BUSY = ("database is locked", "lock timeout")
# Two units of work stood in each other's way; one of them is to be done again.
_CONTENDED = ("deadlock detected", "could not serialize")


def _translated(wrong: BaseException | None) -> Failure:
    """Say in our own words what a driver said in its; its words may hold secrets."""
    message = str(wrong)
    if any(words in message for words in _READ_ONLY):
        return DatabaseReadOnly("The database is read-only, so nothing can be changed.")
    if any(words in message for words in _CONTENDED):
        return ConstraintViolated("Somebody else changed the same things at once.")
    if any(words in message for words in _BUSY):
        return DatabaseBusy("The database is busy. Try again shortly.")
    if "no such table" in message or "does not exist" in message:
        return DatabaseUnavailable("The database has no Dateline schema. Run `dateline migrate`.")
    return DatabaseUnavailable(f"The database does not answer ({type(wrong).__name__}).")
