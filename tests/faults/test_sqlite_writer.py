"""The connection that writes to SQLite: reused, exclusive, and replaced after errors."""

import threading

import pytest

from app.bootstrap import Services
from app.content.errors import NotFound
from app.kit.errors import DatabaseBusy
from app.kit.sql import sqlite_writer
from app.kit.sql.database import Database

embedded = pytest.mark.parametrize("dialect", ["sqlite"])


def _writer(services: Services) -> sqlite_writer.SqliteWriter:
    writer = services.database._writer
    assert writer is not None
    return writer


def _record_connections(database: Database) -> object:
    with database.write() as session:
        return session._connection.connection.dbapi_connection


@embedded
def test_writers_of_all_threads_share_a_connection(
    services: Services,
) -> None:
    used = [_record_connections(services.database)]
    thread = threading.Thread(target=lambda: used.append(_record_connections(services.database)))
    thread.start()
    thread.join()
    with services.database.read() as session:
        assert session._connection.connection.dbapi_connection is not used[0]
    assert used[0] is used[1]


@embedded
def test_writes_continue_after_a_failure(services: Services) -> None:
    with pytest.raises(NotFound), services.database.write():
        raise NotFound("There is no such thing.")
    assert _writer(services)._pooled is None
    used = _record_connections(services.database)
    assert used is _record_connections(services.database)


@embedded
def test_waiting_for_the_writer_has_a_timeout(services: Services) -> None:
    with (
        services.database.write(),
        pytest.raises(DatabaseBusy),
        services.database.write(lock_timeout=0.05),
    ):
        raise AssertionError


@embedded
def test_a_closed_database_has_no_connection(services: Services) -> None:
    _record_connections(services.database)
    services.database.close()
    assert _writer(services)._pooled is None


@embedded
def test_closing_does_not_wait_for_a_hanging_writer(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_writer, "_CLOSE_SECONDS", 0.05)
    with services.database.write():
        _writer(services).close()
