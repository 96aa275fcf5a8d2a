"""The engines of SQLAlchemy, for SQLite and PostgreSQL."""

from collections.abc import Mapping
from typing import Any

import psycopg
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError

from app.kit import json
from app.kit.bounded_cache import BoundedCache
from app.kit.errors import Misconfigured
from app.kit.sql.costly_reads import MOST_COSTLY
from app.kit.sql.postgres import Server, is_lost
from app.kit.sql.sqlite_readers import BEGINS


def _sqlite_url(url: str | URL) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as wrong:
        raise Misconfigured(
            "DATELINE_DATABASE_URL is not a database address. Use sqlite:///dateline.db or "
            "postgresql+psycopg://user:password@host/name."
        ) from wrong
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
LONGEST_PREPARED, MOST_PREPARED = 10_000, 50


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
        if len(query) > LONGEST_PREPARED:
            prepare = False
        return super().execute(query, params, prepare=prepare, binary=binary)


# For public lists alone. Each has an index for its order, and stops after a page. Where statistics
# are missing or outdated, the planner thinks it cheaper to gather everything and sort it, or to
# keep it in memory to test a page against. It still may, where there is no other way. A statement
# that is prepared is planned once: to plan a page takes ten times as long as to read it, and the
# index of its order serves it whatever its values are.
ORDERED = {
    "enable_sort": "off",
    "enable_incremental_sort": "off",
    "enable_material": "off",
    "plan_cache_mode": "force_generic_plan",
}


def postgresql_engines(server: Server, pool_size: int) -> tuple[Engine, Engine]:
    """Return the general engine, and that of public lists, with half of the connections each.

    Both may open more for costly reads, which take none away from others so.
    """
    lists, more = max(1, pool_size // 2), (pool_size + 1) // 2
    return (
        # One read may open another, so there is always one more.
        _pool(server, {}, pool_size=pool_size, max_overflow=more + 2 * MOST_COSTLY),
        _pool(server, ORDERED, pool_size=lists, max_overflow=MOST_COSTLY),
    )


# Seconds for which a request waits for a connection where all are in use.
POOL_SECONDS = 2.0


def _pool(server: Server, settings: Mapping[str, str], **pool: int) -> Engine:
    """Return an engine whose connections have these settings, too."""
    engine = create_engine(
        URL.create("postgresql+psycopg", database=server.database),
        # The one that was used last: its server has at hand what it needs.
        pool_use_lifo=True,
        pool_timeout=POOL_SECONDS,
        **_common_options(),
        **pool,
    )

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: object, _record: object, _args: object, given: dict[str, Any]) -> Any:
        return server.connect(settings, cursor_factory=_Cursor, context=given.get("context"))

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.prepared_max = MOST_PREPARED

    @event.listens_for(engine, "checkout")
    def check(connection: Any, _record: Any, _proxy: Any) -> None:
        if is_lost(connection):
            # It is replaced before anything was sent.
            raise DisconnectionError
        if connection.read_only is False:
            # As SQLAlchemy leaves it after a read; a standby refuses to be asked for more.
            connection.read_only = None

    return engine


def limit_statements(connection: Connection, seconds: float) -> None:
    """Let the server end statements of a connection that take longer; 0 lets all of them end.

    It is kept with the connection, so that those who ask for the same after one another cost
    nothing.
    """
    if connection.info.get(_LIMITED, 0) == seconds:
        return
    driver: Any = connection.connection.driver_connection
    driver.autocommit = True
    driver.execute(f"SET statement_timeout = {int(seconds * 1000)}")
    driver.autocommit = False
    connection.info[_LIMITED] = seconds


_LIMITED = "dateline_statement_seconds"


# More than are prepared in all, so that none is prepared twice.
_STATEMENTS = 512


def sqlite_engine(url: str | URL, busy_timeout: float) -> Engine:
    """Return an engine for a file, of which a transaction waits so many seconds for its lock."""
    engine = create_engine(
        _sqlite_url(url),
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
