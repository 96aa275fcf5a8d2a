"""Connections to a PostgreSQL server: opening them, and closing all when the server is silent.

The connection that listens for changes checks four times a second that the server answers. If it
does not answer for a while, all connections are closed, so that nobody waits, and new ones fail
until the server answers again. A long statement is not affected.
"""

import asyncio
import logging
import re
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import closing, suppress
from functools import partial
from typing import Any, LiteralString
from weakref import WeakKeyDictionary, finalize

import psycopg
from psycopg.conninfo import conninfo_to_dict

from app.kit.errors import Misconfigured

# An async connection.
AsyncConnection = psycopg.AsyncConnection[Any]
_log = logging.getLogger("dateline.database")
_PREFIX = re.compile(r"postgres(ql)?(\+psycopg)?://")
# Defaults for libpq, which the URL overrides. They detect a dead connection within five seconds,
# even if nothing uses it.
_DEFAULTS: Mapping[str, Any] = {
    "application_name": "dateline",
    "connect_timeout": 2,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "tcp_user_timeout": 5_000,
}
# The same for the server: it must not hold the locks of a dead client for hours.
_SESSION: Mapping[str, str] = {
    "timezone": "UTC",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "10000",
}
_IN_OPTIONS = re.compile(r"(?:-c\s*|--)([\w.-]+)\s*=")
# Seconds: before the next address is tried as well; between checks whether to give up; and within
# which a refusal proves that the server answers.
_ATTEMPT_DELAY, _CHECK_EVERY = 0.25, 0.1
_REFUSED_WITHIN = 0.5
_MAX_ATTEMPTS = 64
# Seconds within which a trivial statement is answered.
_ANSWER_WITHIN = 5.0
# Seconds between two calls of `PostgresServer.tick`, and after how many calls without an answer the
# server counts as silent.
TICK_SECONDS = 0.125
_SILENT_TICKS = 7

_SILENT = "The server does not answer."
_NO_ADDRESS = (
    "DATELINE_DATABASE_URL is not a database address. Use sqlite:///dateline.db, "
    "postgresql+psycopg://user:password@host/name, or several hosts as host1:5432,host2:5432."
)


class PostgresServer:
    """One PostgreSQL database, at one or several addresses."""

    def __init__(self, url: str, lock_timeout: float) -> None:
        """Parse a URL as libpq does; no connection is opened yet.

        `lock_timeout` is how many seconds a statement waits for a lock.
        """
        given = _parse_url(url)
        self.database: str | None = given.get("dbname")
        # Processes of a machine take equal URLs for the same database.
        self.address = url
        self._parameters = {**_DEFAULTS, **given}
        self._addresses = list(_split_addresses(given))
        self._settings = {**_SESSION, "lock_timeout": str(int(lock_timeout * 1000))}
        self._url_settings = _find_setting_names(str(given.get("options") or ""))
        self._attempts = ThreadPoolExecutor(_MAX_ATTEMPTS, "connecting")
        self._sockets: WeakKeyDictionary[
            psycopg.Connection[Any] | AsyncConnection, socket.socket
        ] = WeakKeyDictionary()
        self._lock = threading.Lock()
        self._ticks = 0
        self.is_silent = False

    def connect(
        self, settings: Mapping[str, str] | None = None, **options: Any
    ) -> psycopg.Connection[Any]:
        """Open a connection with additional settings; raises while the server is silent."""
        return self._connect_first(settings or {}, options, lambda: self.is_silent)

    async def connect_async(self, settings: Mapping[str, str]) -> AsyncConnection:
        """Open an async connection in autocommit mode, as `connect` does."""
        left = list(self._addresses)
        pending: set[asyncio.Task[AsyncConnection]] = set()
        failure: BaseException = psycopg.OperationalError(_SILENT)
        try:
            while (left or pending) and not self.is_silent:
                if left:
                    attempt = self._connect_async_at(left.pop(0), settings)
                    pending.add(asyncio.create_task(attempt))
                seconds = _ATTEMPT_DELAY if left else _CHECK_EVERY
                done, pending = await asyncio.wait(
                    pending, timeout=seconds, return_when=asyncio.FIRST_COMPLETED
                )
                opened = [task.result() for task in done if task.exception() is None]
                for connection in opened[1:]:
                    close_async(connection)
                if opened:
                    return opened[0]
                failure = next((task.exception() for task in done), None) or failure
        finally:
            for task in pending:
                task.add_done_callback(_close_async_result)
                task.cancel()
        raise failure

    def connect_monitor(self) -> psycopg.Connection[Any]:
        """Open a connection in autocommit mode that checks whether the server answers."""
        began = time.monotonic()
        try:
            connection = self._connect_first({}, {}, lambda: False)
        except psycopg.Error:
            if time.monotonic() - began < _REFUSED_WITHIN:
                # Other connections fail as fast, and notice as fast when the server is back.
                self.record_answer()
            raise
        self.record_answer()
        connection.autocommit = True
        return connection

    def refuse_transaction_pooling(self) -> None:
        """Check that each connection keeps its backend process.

        A pooler of transactions gives the backend of the first connection to the second one. If it
        has no other, the first one waits.
        """
        with closing(self.connect()) as first, closing(self.connect()) as second:
            before = _fetch_backend_pid(first)
            first.commit()
            _fetch_backend_pid(second)
            try:
                after = self._attempts.submit(_fetch_backend_pid, first).result(_ANSWER_WITHIN)
            except TimeoutError:
                self.disconnect_all()
                after = None
        if after != before:
            raise Misconfigured(
                "DATELINE_DATABASE_URL leads to a pooler that pools transactions, and Dateline "
                "needs sessions. Set pool_mode = session for this database in PgBouncer, or "
                "connect to PostgreSQL directly."
            )

    def record_answer(self) -> None:
        """Record that the server has answered now, even with a refusal."""
        self._ticks = 0
        self.is_silent = False

    def tick(self) -> None:
        """Count the time without an answer; disconnect all after too many ticks.

        Counting ticks, not time, keeps a process that was suspended from taking that for silence.
        """
        self._ticks += 1
        if self._ticks == _SILENT_TICKS:
            self.is_silent = True
            _log.warning("the database does not answer; every connection to it is cut")
        if self._ticks % _SILENT_TICKS == 0:
            self.disconnect_all()

    def disconnect_all(self) -> None:
        """Shut down every connection; threads that wait for an answer get an error."""
        with self._lock:
            sockets = list(self._sockets.values())
        for connected in sockets:
            with suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)

    def _connect_first(
        self, settings: Mapping[str, str], options: Mapping[str, Any], given_up: Callable[[], bool]
    ) -> psycopg.Connection[Any]:
        """Connect to the first address that accepts; a silent one causes only a short delay."""
        left = list(self._addresses)
        pending: set[Future[psycopg.Connection[Any]]] = set()
        failure: BaseException = psycopg.OperationalError(_SILENT)
        while (left or pending) and not given_up():
            if left:
                attempt = partial(self._connect_at, left.pop(0), settings, options)
                pending.add(self._attempts.submit(attempt))
            seconds = _ATTEMPT_DELAY if left else _CHECK_EVERY
            done, pending = wait(pending, seconds, FIRST_COMPLETED)
            opened = [attempt for attempt in done if attempt.exception() is None]
            if opened:
                _close_when_opened({*pending, *opened[1:]})
                return opened[0].result()
            failure = next((attempt.exception() for attempt in done), None) or failure
        _close_when_opened(pending)
        raise failure

    def _connect_at(
        self, address: Mapping[str, str], settings: Mapping[str, str], options: Mapping[str, Any]
    ) -> psycopg.Connection[Any]:
        connection: psycopg.Connection[Any] = psycopg.connect(
            **{**self._parameters, **address}, autocommit=True, **options
        )
        try:
            self._track_socket(connection)
            connection.execute(*self._build_configuration(settings))
            connection.autocommit = False
        except BaseException:
            connection.close()
            raise
        return connection

    async def _connect_async_at(
        self, address: Mapping[str, str], settings: Mapping[str, str]
    ) -> AsyncConnection:
        connection: AsyncConnection = await psycopg.AsyncConnection.connect(
            **{**self._parameters, **address}, autocommit=True
        )
        self._track_socket(connection)
        try:
            await connection.execute(*self._build_configuration(settings))
        except BaseException:
            close_async(connection)
            raise
        return connection

    def _track_socket(self, connection: psycopg.Connection[Any] | AsyncConnection) -> None:
        """Store the socket of a connection, for `disconnect_all`."""
        # A duplicate, since the driver's descriptor may be reused for another file later.
        own = socket.socket(fileno=socket.dup(connection.fileno()))
        finalize(connection, own.close)
        with self._lock:
            self._sockets[connection] = own

    def _build_configuration(self, settings: Mapping[str, str]) -> tuple[LiteralString, list[str]]:
        """Return the statement that applies the settings of a new connection, and its values."""
        wanted = {**self._settings, **settings}
        given = [pair for pair in wanted.items() if pair[0] not in self._url_settings]
        # Not as startup parameters: poolers refuse unknown ones.
        calls = ", ".join(["set_config(%s, %s, false)"] * len(given))
        return f"SELECT {calls}", [value for pair in given for value in pair]


def close_async(connection: AsyncConnection) -> None:
    """Close a connection on any event loop, or without one: closing does not wait."""
    with suppress(StopIteration):
        connection.close().send(None)


def is_lost(connection: psycopg.Connection[Any] | AsyncConnection) -> bool:
    """Tell whether the server has closed an idle connection: there is something to read."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _fetch_backend_pid(connection: psycopg.Connection[Any]) -> object:
    return connection.execute("SELECT pg_backend_pid()").fetchone()


def is_standby(connection: psycopg.Connection[Any]) -> bool:
    """Tell whether the server is a standby, which takes no writes."""
    row = connection.execute("SELECT pg_is_in_recovery()").fetchone()
    return bool(row and row[0])


def is_postgresql_url(url: str) -> bool:
    """Tell whether a URL is one of PostgreSQL."""
    return _PREFIX.match(url) is not None


def _parse_url(url: str) -> dict[str, Any]:
    start, mark, query = _PREFIX.sub("postgresql://", url, count=1).partition("?")
    try:
        return dict(conninfo_to_dict(f"{start}{mark}{_merge_hosts(query)}"))
    except psycopg.ProgrammingError as error:
        raise Misconfigured(_NO_ADDRESS) from error


def _merge_hosts(query: str) -> str:
    """Turn SQLAlchemy's `host=h1:p1&host=h2:p2` into libpq's `host=h1,h2&port=p1,p2`."""
    parts = query.split("&")
    hosts = [part.removeprefix("host=") for part in parts if part.startswith("host=")]
    if len(hosts) < 2:
        return query
    pairs = [host.partition(":") for host in hosts]
    joined = [
        ",".join(values) for values in zip(*((host, port) for host, _, port in pairs), strict=True)
    ]
    others = [part for part in parts if not part.startswith("host=")]
    return "&".join([*others, f"host={joined[0]}", f"port={joined[1]}"])


def _split_addresses(parameters: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Yield the connection parameters of each address; some may have several values."""
    lists = {
        name: str(parameters[name]).split(",")
        for name in ("host", "hostaddr", "port")
        if parameters.get(name)
    }
    count = max((len(values) for values in lists.values()), default=1)
    if any(port and not port.isdecimal() for port in lists.get("port", ())):
        raise Misconfigured(_NO_ADDRESS)
    if any(len(values) not in {1, count} for values in lists.values()):
        raise Misconfigured("DATELINE_DATABASE_URL has another number of ports than of hosts.")
    for number in range(count):
        yield {name: values[number % len(values)] for name, values in lists.items()}


def _find_setting_names(options: str) -> set[str]:
    """Return the names of the settings in the `options` of a URL."""
    return {name.lower().replace("-", "_") for name in _IN_OPTIONS.findall(options)}


def _close_when_opened(attempts: set[Future[psycopg.Connection[Any]]]) -> None:
    """Close the connections of abandoned attempts when they are opened."""
    for attempt in attempts:
        attempt.add_done_callback(_close_result)


def _close_async_result(attempt: asyncio.Task[AsyncConnection]) -> None:
    if not attempt.cancelled() and attempt.exception() is None:
        close_async(attempt.result())


def _close_result(attempt: Future[psycopg.Connection[Any]]) -> None:
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().close()
