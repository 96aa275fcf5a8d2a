"""Sessions: statements, inserts, savepoints, and lost connections."""

import time
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from typing import NamedTuple

import pytest
from sqlalchemy import bindparam, event, func, select, text
from sqlalchemy.exc import DBAPIError

from app.access.models import AuditRow, Secret
from app.access.store.audit_log import AuditRecord
from app.bootstrap import Services
from app.kit.errors import (
    BadParameter,
    ConstraintViolated,
    DatabaseBusy,
    DatabaseUnavailable,
)
from app.kit.ids import new_id
from app.kit.sql.costly_reads import MAX_COSTLY
from app.kit.sql.database import Database
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Query, Statement
from tests.databases import count_queries


class _Pair(NamedTuple):
    name: str
    value: str


_SECRETS = Statement(
    select(Secret.name, Secret.value).where(Secret.name == bindparam("name")), _Pair
)
_AUDIT = Query(select(table_of(AuditRow)).where(AuditRow.id == bindparam("id")), AuditRecord)
_KEPT_AUDIT = Statement(_AUDIT.clause, AuditRecord)


def _secret(session: ReadSession, name: str) -> str | None:
    row = session.first(_SECRETS, {"name": name})
    return None if row is None else row.value


def test_a_session_reads_its_own_writes(services: Services) -> None:
    with services.database.write() as session:
        session.insert(Secret, [_Pair("a", "1")])
        assert _secret(session, "a") == "1"
        session.insert(Secret, [_Pair("b", "2")])
        assert session.scalar(select(Secret.value).where(Secret.name == "b")) == "2"
        session.insert(Secret, [_Pair("c", "3")])
    with services.database.read() as session:
        assert [_secret(session, name) for name in "abcd"] == ["1", "2", "3", None]


def test_many_rows_are_inserted_by_one_statement(services: Services) -> None:
    rows = [_Pair(f"name {number:02}", str(number)) for number in range(20)]
    with count_queries(services.database) as sent, services.database.write() as session:
        session.insert(Secret, rows)
    inserts = [item for item in sent if item.startswith("INSERT")]
    assert [insert.count("), (") + 1 for insert in inserts] == [16, 4]
    with services.database.read() as session:
        pairs = select(Secret.name, Secret.value).where(Secret.name.like("name %"))
        assert sorted(session.all(Query(pairs, _Pair))) == rows


def test_existing_rows_are_kept_or_replaced(services: Services) -> None:
    with services.database.write() as session:
        session.insert(Secret, [_Pair("a", "1")])
        session.insert(Secret, [_Pair("a", "2"), _Pair("b", "2")], "missing")
        assert (_secret(session, "a"), _secret(session, "b")) == ("1", "2")
        session.insert(Secret, [_Pair("a", "3"), _Pair("c", "3")], "whole")
    with services.database.read() as session:
        assert [_secret(session, name) for name in "abc"] == ["3", "2", "3"]


def test_a_row_has_one_type_on_every_path(services: Services) -> None:
    row = AuditRecord(
        id=new_id(),
        at=datetime(2026, 11, 22, 12, tzinfo=UTC),
        actor_id=None,
        actor_name="100% 'sure' :x ?",
        address=None,
        request_id=None,
        verb="edited",
        type="article",
        subject=None,
        before=None,
        after={"title": "é"},
    )
    with services.database.write() as session:
        session.insert(AuditRow, [row])
        assert session.all(_KEPT_AUDIT, {"id": row.id}) == [row]
    for snapshot in (True, False):
        with services.database.read(snapshot=snapshot) as reading:
            for query in (_AUDIT, _KEPT_AUDIT):
                (read_row,) = reading.all(query, {"id": row.id})
                assert (type(read_row), read_row) == (AuditRecord, row)


def _insert(services: Services, rows: list[_Pair], *, asking: bool) -> None:
    with services.database.write() as session:
        for row in rows:
            session.insert(Secret, [row])
        if asking:
            _secret(session, "a")


@pytest.mark.parametrize("asking", [False, True])
def test_an_existing_key_fails_at_the_commit_at_the_latest(
    services: Services, asking: bool
) -> None:
    row = _Pair("a", "1")
    with pytest.raises(ConstraintViolated):
        _insert(services, [row, row], asking=asking)
    with services.database.read() as session:
        assert _secret(session, "a") is None


def _savepoint(session: WriteSession, rows: list[_Pair]) -> None:
    with session.savepoint():
        for row in rows:
            session.insert(Secret, [row])


def test_a_failed_savepoint_keeps_earlier_writes(services: Services) -> None:
    first, second, third = (_Pair(name, "1") for name in "abc")
    with services.database.write() as session:
        session.insert(Secret, [first])
        with pytest.raises(ConstraintViolated):
            _savepoint(session, [second, first])
        session.insert(Secret, [third])
    with services.database.read() as session:
        assert [_secret(session, name) for name in "abc"] == ["1", None, "1"]


def _roll_back(session: WriteSession, rows: list[_Pair]) -> None:
    with session.savepoint():
        session.insert(Secret, rows)
        raise BadParameter("It was found out only now.")


def test_a_rolled_back_savepoint_writes_nothing_later(services: Services) -> None:
    first, second, third = (_Pair(name, "1") for name in "abc")
    with services.database.write() as session:
        session.insert(Secret, [first])
        with pytest.raises(BadParameter):
            _roll_back(session, [second])
        session.insert(Secret, [third])
    with services.database.read() as session:
        assert [_secret(session, name) for name in "abc"] == ["1", None, "1"]


def test_many_rows_are_written_as_few_are(services: Services) -> None:
    rows = [_Pair(f"n{number}", "1") for number in range(250)]
    with services.database.write() as session:
        session.insert(Secret, rows[:1])
        session.insert(Secret, rows[1:21])
        session.insert(Secret, rows[:40], "missing")
        session.insert(Secret, rows[40:])
        session.delete(Secret.name, [row.name for row in rows[:200]])
    with services.database.read() as session:
        assert [_secret(session, f"n{number}") for number in (0, 199, 200, 249)] == [
            None,
            None,
            "1",
            "1",
        ]


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_a_closed_connection_is_not_reused(services: Services) -> None:
    engine, process = services.database.engine, func.pg_backend_pid()
    with engine.connect() as item, engine.connect() as other:
        ended = other.scalar(select(process))
        # The server returns the last used connection first.
        other.close()
        item.exec_driver_sql(f"SELECT pg_terminate_backend({ended}, 1000)")
        with services.database.read() as session:
            assert session.scalar(select(process)) != ended


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ["postgresql"])
def test_waiting_for_a_connection_has_a_timeout(database_url: str) -> None:
    database = Database(database_url, pool_size=1)
    with ExitStack() as held:
        for _ in range(1 + MAX_COSTLY):
            held.enter_context(database.read(lists=True))
        began = time.monotonic()
        with pytest.raises(DatabaseBusy), database.read(lists=True):
            pass
        assert time.monotonic() - began < 4
    with database.read(lists=True) as session:
        assert session.scalar(text("SELECT 1")) == 1
    database.close()


@pytest.mark.parametrize("dialect", ["postgresql"])
@pytest.mark.parametrize("prepared", [False, True])
def test_a_connection_lost_in_a_transaction_is_reported(services: Services, prepared: bool) -> None:
    with pytest.raises(DatabaseUnavailable):
        _lose_connection(services, prepared=prepared)
    _insert(services, [_Pair("a", "1")], asking=True)


def _lose_connection(services: Services, *, prepared: bool) -> None:
    with services.database.write() as session:
        process = session.scalar(select(func.pg_backend_pid()))
        with services.database.read() as other:
            other.scalar(select(func.pg_terminate_backend(process, 1000)))
        if prepared:
            _secret(session, "a")
        else:
            session.scalar(select(Secret.value))


def _continue_after_failure(services: Services) -> None:
    with services.database.write() as session:
        session.insert(Secret, [_Pair("a", "1")])
        with suppress(DBAPIError):
            session.scalar(text("SELECT 1 / 0"))


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_a_failed_transaction_is_not_reported_as_committed(services: Services) -> None:
    with pytest.raises(DatabaseUnavailable):
        _continue_after_failure(services)
    with services.database.read() as session:
        assert _secret(session, "a") is None


def test_only_a_snapshot_hides_later_writes(services: Services) -> None:
    for snapshot, expected in ((True, None), (False, "1")):
        with services.database.read(snapshot=snapshot) as session:
            assert _secret(session, f"{snapshot}") is None
            _insert(services, [_Pair(f"{snapshot}", "1")], asking=False)
            assert _secret(session, f"{snapshot}") == expected


def test_nested_reads_use_separate_connections(services: Services) -> None:
    with services.database.read() as outer, services.database.read() as inner:
        assert _secret(outer, "a") is None
        _insert(services, [_Pair("a", "1")], asking=False)
        assert (_secret(inner, "a"), _secret(outer, "a")) == ("1", None)
    with services.database.read() as session:
        assert _secret(session, "a") == "1"


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_a_write_runs_on_the_drivers_connection(services: Services) -> None:
    """Through SQLAlchemy it would take a third more processor time."""
    sent: list[str] = []
    through_sqlalchemy: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        through_sqlalchemy.append(statement)

    event.listen(services.database.engine, "before_cursor_execute", note)
    services.database.trace(sent.append)
    with services.database.write() as session:
        session.lock("a")
        assert session.all(_SECRETS, {"name": "missing"}) == []
    services.database.trace(None)
    event.remove(services.database.engine, "before_cursor_execute", note)
    assert len(sent) == 2
    assert through_sqlalchemy == []
