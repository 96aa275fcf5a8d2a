"""The pool of SQLite readers: page caches, and reuse of connections."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from app.bootstrap import Services
from app.kit.errors import DatabaseUnavailable
from app.kit.sql.session import ReadSession
from app.kit.sql.statement import Statement


@pytest.fixture
def dialect() -> str:
    """PostgreSQL has a separate pool."""
    return "sqlite"


def test_the_event_loop_thread_has_a_larger_page_cache(services: Services) -> None:
    statement = text("PRAGMA cache_size")

    def read_cache_pages() -> int:
        with services.database.read() as session:
            pages: int = session.scalar(statement)
            return -pages

    with ThreadPoolExecutor(1) as pool:
        elsewhere = pool.submit(read_cache_pages).result()
    assert read_cache_pages() > 2 * elsewhere > 0


def _is_marked(session: ReadSession) -> bool:
    """Whether this connection has a temporary table, which no other connection sees."""
    return bool(session.scalar(text("SELECT count(*) FROM temp.sqlite_master")))


def _mark(services: Services) -> None:
    with services.database.read(snapshot=False) as session:
        session._connection.exec_driver_sql("CREATE TEMP TABLE marked (id)")


def test_a_connection_is_reused(services: Services) -> None:
    _mark(services)
    for snapshot in (True, False):
        with services.database.read(snapshot=snapshot) as session:
            assert _is_marked(session)


def test_a_connection_with_many_prepared_statements_is_closed(services: Services) -> None:
    _mark(services)
    with services.database.read() as session:
        for number in range(60):
            session.scalar(text(f"SELECT {number} /* {'x' * 10_000} */"))
        assert _is_marked(session)
    with services.database.read() as session:
        assert not _is_marked(session)


def test_a_connection_is_closed_after_a_failed_read(services: Services) -> None:
    def fail() -> None:
        with services.database.read():
            raise RuntimeError

    _mark(services)
    with pytest.raises(RuntimeError):
        fail()
    with services.database.read() as session:
        assert not _is_marked(session)


_MARKS = Statement[tuple[int]](text("SELECT count(*) FROM temp.sqlite_master"))
_BROKEN = Statement[tuple[int]](text("SELECT 1 FROM nowhere"))
_LONG = [Statement[tuple[int]](text(f"SELECT {n} /* {'x' * 10_000} */")) for n in range(60)]


def test_a_single_statement_reuses_the_connection(services: Services) -> None:
    _mark(services)
    assert services.database.fetch(_MARKS) == [(1,)]


def test_a_failed_single_statement_raises_a_failure(services: Services) -> None:
    _mark(services)
    with pytest.raises(DatabaseUnavailable, match="no Dateline schema"):
        services.database.fetch(_BROKEN)
    assert services.database.fetch(_MARKS) == [(0,)]


def test_single_statements_are_counted_as_prepared(services: Services) -> None:
    _mark(services)
    for number, statement in enumerate(_LONG):
        assert services.database.fetch(statement) == [(number,)]
    assert services.database.fetch(_MARKS) == [(0,)]
