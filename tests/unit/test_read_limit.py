"""Time limits of reads, and cancellation of abandoned ones."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import TextClause, text

from app.bootstrap import Services
from app.kit.errors import ReadTooLong
from app.kit.sql.sqlite_readers import ReadLimit, lift_time_limit

# Each would take minutes; the time above the limit is a margin for a busy machine.
_SLOW = {
    "sqlite": text(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) "
        "SELECT count(*) FROM n"
    ),
    "postgresql": text("SELECT pg_sleep(300)"),
}
_LIMIT, _TIMEOUT = 0.2, 10.0


@pytest.fixture
def slow(dialect: str) -> TextClause:
    """A statement that takes minutes."""
    return _SLOW[dialect]


def _read(services: Services, statement: TextClause, *, lists: bool = False) -> Callable[[], None]:
    def read() -> None:
        database = services.database
        with database.read(lists=lists) as session:
            session.scalar(statement)

    return read


@pytest.mark.parametrize("lists", [False, True])
def test_a_statement_ends_at_its_limit(services: Services, slow: TextClause, lists: bool) -> None:
    for _ in range(2):
        began = time.monotonic()
        with pytest.raises(ReadTooLong):
            ReadLimit(_LIMIT).run(_read(services, slow, lists=lists))
        assert _LIMIT <= time.monotonic() - began < _TIMEOUT
        # The next read on the same connection has another limit, or none.
        ReadLimit(_TIMEOUT).run(_read(services, text("SELECT 1"), lists=lists))


def test_unlimited_reads_have_no_limit(services: Services, dialect: str) -> None:
    if dialect == "sqlite":
        short = text(str(_SLOW[dialect]).replace("1000000000", "3000000"))
    else:
        short = text(f"SELECT pg_sleep({2 * _LIMIT})")
    limit = ReadLimit(_LIMIT / 10)
    with pytest.raises(ReadTooLong):
        limit.run(_read(services, short))

    def read() -> None:
        with lift_time_limit():
            _read(services, short)()

    limit.run(read)
    _read(services, short)()
    with services.database.write() as session:
        session.scalar(short)


def test_each_statement_has_its_own_time(services: Services, dialect: str) -> None:
    if dialect == "sqlite":
        short = text(str(_SLOW[dialect]).replace("1000000000", "600000"))
    else:
        short = text(f"SELECT pg_sleep({_LIMIT})")

    def read(times: int = 8) -> None:
        with services.database.read() as session:
            for _ in range(times):
                session.scalar(short)

    began = time.perf_counter()
    read(times=1)
    # Together they take longer than the limit, each of them a fraction of it, even on a busy
    # machine.
    ReadLimit(max(4 * _LIMIT, 5 * (time.perf_counter() - began))).run(read)


def test_an_abandoned_read_is_cancelled(services: Services, slow: TextClause) -> None:
    limit = ReadLimit(300)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(limit.run, _read(services, slow))
        time.sleep(0.3)
        limit.abandon()
        with pytest.raises(ReadTooLong):
            running.result(_TIMEOUT)
        with pytest.raises(ReadTooLong):
            limit.run(_read(services, text("SELECT 1")))
    _read(services, text("SELECT 1"))()


def test_the_limit_releases_the_connection_after_the_read(services: Services) -> None:
    """A late `abandon` cancels nothing for the next user of the connection."""
    limit, read, done = ReadLimit(300), threading.Event(), threading.Event()

    def once() -> None:
        _read(services, text("SELECT 1"))()
        read.set()
        assert done.wait(_TIMEOUT)

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(limit.run, once)
        assert read.wait(_TIMEOUT)
        limit.abandon()
        for _ in range(20):
            _read(services, text("SELECT 1"))()
        done.set()
        running.result(_TIMEOUT)
