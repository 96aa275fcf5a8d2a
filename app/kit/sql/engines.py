"""SQLAlchemy engines for SQLite and PostgreSQL."""

from collections.abc import Mapping
from typing import Any

import psycopg
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError

from app.kit import json
from app.kit.bounded_cache import BoundedCache
from app.kit.errors import Misconfigured
from app.kit.sql.costly_reads import MAX_COSTLY
from app.kit.sql.postgres import PostgresServer, is_lost
from app.kit.sql.sqlite_readers import BEGINS


def _parse_sqlite_url(url: str | URL) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise Misconfigured(
            "DATELINE_DATABASE_URL is not a database address. Use sqlite:///dateline.db or "
            "postgresql+psycopg://user:password@host/name."
        ) from error
    if parsed.drivername not in {"sqlite", "sqlite+pysqlite"}:
        raise Misconfigured(
            f"DATELINE_DATABASE_URL asks for {parsed.drivername!r}; Dateline runs on sqlite and "
            "postgresql+psycopg."
        )
    if parsed.database in {None, "", ":memory:"}:
        raise Misconfigured(
            "DATELINE_DATABASE_URL names no file. Use sqlite:///dateline.db, for example."
        )
    return parsed


def _build_options() -> dict[str, Any]:
    """Return the options for engines of both dialects."""
    return {
        # Its limit is a number of statements, of any length; the cache below has one in bytes.
        "query_cache_size": 0,
        "execution_options": {"compiled_cache": _build_statement_cache()},
        "json_serializer": json.dumps_text,
        "json_deserializer": json.loads,
        # Values may be secrets, and errors are logged.
        "hide_parameters": True,
    }


# The limit of compiled statements in bytes, and the size of one for each character of its text: the
# clause that it was compiled from, and the cache key, are stored with it.
_MAX_COMPILED_BYTES, _BYTES_PER_CHARACTER = 16 * 2**20, 120


def _build_statement_cache() -> BoundedCache[Any, Any]:
    """Return SQLAlchemy's cache of compiled statements."""
    return BoundedCache(
        _MAX_COMPILED_BYTES, lambda _, made: _BYTES_PER_CHARACTER * len(made.string)
    )


# Characters of the longest statement that is prepared, and prepared statements per connection.
LONGEST_PREPARED_TEXT, MAX_PREPARED = 10_000, 50


class _Cursor(psycopg.Cursor[Any]):
    """A cursor that does not prepare long statements, which take much memory on the server."""

    def execute(
        self,
        query: Any,
        params: Any = None,
        *,
        prepare: bool | None = None,
        binary: bool | None = None,
    ) -> Any:
        """Run a statement."""
        if len(query) > LONGEST_PREPARED_TEXT:
            prepare = False
        return super().execute(query, params, prepare=prepare, binary=binary)


# Planner settings for public lists only. Each list has an index in its order, and stops after a
# page. With missing or outdated statistics, the planner would collect and sort all rows, or
# materialize them. The settings discourage that, and do not forbid it. A prepared statement is
# planned once: planning a page takes ten times as long as reading it, and the index suits all
# values.
LIST_SETTINGS = {
    "enable_sort": "off",
    "enable_incremental_sort": "off",
    "enable_material": "off",
    "plan_cache_mode": "force_generic_plan",
}


def create_postgresql_engines(server: PostgresServer, pool_size: int) -> tuple[Engine, Engine]:
    """Return the general engine and the one for public lists, each with half of the connections.

    Both may open additional connections for expensive reads.
    """
    lists, more = max(1, pool_size // 2), (pool_size + 1) // 2
    return (
        # A read may open a second one inside, hence the factor.
        _create_engine(server, {}, pool_size=pool_size, max_overflow=more + 2 * MAX_COSTLY),
        _create_engine(server, LIST_SETTINGS, pool_size=lists, max_overflow=MAX_COSTLY),
    )


# Seconds to wait for a connection of the pool.
POOL_TIMEOUT = 2.0


def _create_engine(server: PostgresServer, settings: Mapping[str, str], **pool: int) -> Engine:
    """Create an engine whose connections have additional settings."""
    engine = create_engine(
        URL.create("postgresql+psycopg", database=server.database),
        # The most recently used connection: its backend has warm caches.
        pool_use_lifo=True,
        pool_timeout=POOL_TIMEOUT,
        **_build_options(),
        **pool,
    )

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: object, _record: object, _args: object, given: dict[str, Any]) -> Any:
        return server.connect(settings, cursor_factory=_Cursor, context=given.get("context"))

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.prepared_max = MAX_PREPARED

    @event.listens_for(engine, "checkout")
    def check(connection: Any, _record: Any, _proxy: Any) -> None:
        if is_lost(connection):
            # SQLAlchemy replaces the connection before anything is sent.
            raise DisconnectionError
        if connection.read_only is False:
            # SQLAlchemy sets False after a read, and a standby refuses READ WRITE.
            connection.read_only = None

    return engine


def limit_statements(connection: Connection, seconds: float) -> None:
    """Set the statement timeout of a connection; 0 means no limit.

    The current value is stored with the connection, so setting the same value again is free.
    """
    if connection.info.get(_STATEMENT_SECONDS, 0) == seconds:
        return
    driver: Any = connection.connection.driver_connection
    driver.autocommit = True
    driver.execute(f"SET statement_timeout = {int(seconds * 1000)}")
    driver.autocommit = False
    connection.info[_STATEMENT_SECONDS] = seconds


_STATEMENT_SECONDS = "dateline_statement_seconds"


# More than there are different statements, so that none is prepared twice.
_CACHED_STATEMENTS = 512


def create_sqlite_engine(url: str | URL, busy_timeout: float) -> Engine:
    """Create an engine for a file; `busy_timeout` is in seconds."""
    engine = create_engine(
        _parse_sqlite_url(url),
        paramstyle="named",
        # `SqliteReadPool` and `SqliteWriter` pool the connections.
        poolclass=NullPool,
        connect_args={
            "timeout": busy_timeout,
            "cached_statements": _CACHED_STATEMENTS,
            "check_same_thread": False,
        },
        **_build_options(),
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        # The driver's transaction handling would begin late, and never with IMMEDIATE.
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


_SQLITE_MAX_BYTES = 80 * 2**20
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    # In KiB, for each connection; the operating system caches the file for all of them.
    "PRAGMA cache_size = -16384",
    "PRAGMA temp_store = MEMORY",
    # In bytes, for all connections of the process; above it, a connection reuses its own pages.
    f"PRAGMA soft_heap_limit = {_SQLITE_MAX_BYTES}",
    # In pages. The worker makes checkpoints; this is the fallback, in which a commit makes one.
    "PRAGMA wal_autocheckpoint = 8000",
)
