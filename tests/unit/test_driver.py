"""Statements that are prepared run beneath SQLAlchemy, in its transaction, in their order."""

from datetime import UTC, datetime

import pytest
from psycopg import OperationalError
from psycopg.errors import DivisionByZero
from sqlalchemy import bindparam, func, select, text

from app.access.models import AuditRow, Secret
from app.bootstrap import Services
from app.kit.driver import PostgresDriver
from app.kit.errors import (
    BadParameter,
    ConstraintViolated,
    DatabaseBusy,
    DatabaseUnavailable,
)
from app.kit.ids import new_id
from app.kit.session import ReadSession, WriteSession

_SECRETS = select(Secret.name, Secret.value).where(Secret.name == bindparam("name"))
_AUDIT = select(AuditRow.__table__).where(AuditRow.id == bindparam("id"))


def _secret(session: ReadSession, name: str) -> str | None:
    rows = session.prepared(_SECRETS, {"name": name})
    return rows[0].value if rows else None


def test_what_was_written_is_there_for_whatever_is_asked_next(services: Services) -> None:
    with services.database.write() as session:
        session.insert(Secret, [{"name": "a", "value": "1"}])
        assert _secret(session, "a") == "1"
        session.insert(Secret, [{"name": "b", "value": "2"}])
        assert session.scalar(select(Secret.value).where(Secret.name == "b")) == "2"
        session.insert(Secret, [{"name": "c", "value": "3"}])
    with services.database.read() as session:
        assert [_secret(session, name) for name in "abcd"] == ["1", "2", "3", None]


def test_rows_go_many_in_one_statement(services: Services) -> None:
    sent: list[str] = []
    services.database.trace(sent.append)
    rows = [{"name": f"name {number:02}", "value": str(number)} for number in range(20)]
    with services.database.write() as session:
        session.insert(Secret, rows)
    services.database.trace(None)
    # Each with its values in brackets, behind the names of the columns.
    assert [one.count("(") - 1 for one in sent if one.startswith("INSERT")] == [16, 4]
    with services.database.read() as session:
        found = session.all(select(Secret.name, Secret.value).where(Secret.name.like("name %")))
    assert sorted(found) == [tuple(row.values()) for row in rows]


def test_rows_that_are_there_are_left_alone_or_replaced(services: Services) -> None:
    with services.database.write() as session:
        session.insert(Secret, [{"name": "a", "value": "1"}])
        session.insert_missing(Secret, [{"name": "a", "value": "2"}, {"name": "b", "value": "2"}])
        assert (_secret(session, "a"), _secret(session, "b")) == ("1", "2")
        session.insert_whole(Secret, [{"name": "a", "value": "3"}, {"name": "c", "value": "3"}])
    with services.database.read() as session:
        assert [_secret(session, name) for name in "abc"] == ["3", "2", "3"]


def test_columns_are_as_their_types_say(services: Services) -> None:
    row = {
        "id": new_id(),
        "at": datetime(2026, 11, 22, 12, tzinfo=UTC),
        "actor_id": None,
        "actor_name": "100% 'sure' :x ?",
        "address": None,
        "request_id": None,
        "verb": "edited",
        "type": "article",
        "subject": None,
        "before": None,
        "after": {"title": "é"},
    }
    with services.database.write() as session:
        session.insert(AuditRow, [row])
        (found,) = session.prepared(_AUDIT, {"id": row["id"]})
        assert found._asdict() == row


def _insert(services: Services, rows: list[dict[str, str]], *, asking: bool) -> None:
    with services.database.write() as session:
        for row in rows:
            session.insert(Secret, [row])
        if asking:
            _secret(session, "a")


@pytest.mark.parametrize("asking", [False, True])
def test_a_key_that_is_there_fails_at_the_end_at_the_latest(
    services: Services, asking: bool
) -> None:
    row = {"name": "a", "value": "1"}
    with pytest.raises(ConstraintViolated):
        _insert(services, [row, row], asking=asking)
    with services.database.read() as session:
        assert _secret(session, "a") is None


def _attempt(session: WriteSession, rows: list[dict[str, str]]) -> None:
    with session.attempt():
        for row in rows:
            session.insert(Secret, [row])


def test_an_attempt_that_fails_leaves_what_was_before_it(services: Services) -> None:
    first, second, third = ({"name": name, "value": "1"} for name in "abc")
    with services.database.write() as session:
        session.insert(Secret, [first])
        with pytest.raises(ConstraintViolated):
            _attempt(session, [second, first])
        session.insert(Secret, [third])
    with services.database.read() as session:
        assert [_secret(session, name) for name in "abc"] == ["1", None, "1"]


def _given_up(session: WriteSession, rows: list[dict[str, str]]) -> None:
    with session.attempt():
        session.insert(Secret, rows)
        raise BadParameter("It was found out only now.")


def test_an_attempt_that_is_given_up_writes_nothing_later(services: Services) -> None:
    first, second, third = ({"name": name, "value": "1"} for name in "abc")
    with services.database.write() as session:
        session.insert(Secret, [first])
        with pytest.raises(BadParameter):
            _given_up(session, [second])
        session.insert(Secret, [third])
    with services.database.read() as session:
        assert [_secret(session, name) for name in "abc"] == ["1", None, "1"]


def test_many_rows_are_written_like_few(services: Services) -> None:
    rows = [{"name": f"n{number}", "value": "1"} for number in range(250)]
    with services.database.write() as session:
        session.insert(Secret, rows[:1])
        session.insert(Secret, rows[1:21])
        session.insert_missing(Secret, rows[:40])
        session.insert(Secret, rows[40:])
        session.delete(Secret.name, [row["name"] for row in rows[:200]])
    with services.database.read() as session:
        assert [_secret(session, f"n{number}") for number in (0, 199, 200, 249)] == [
            None,
            None,
            "1",
            "1",
        ]


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_what_is_prepared_outlives_what_fails(services: Services) -> None:
    row = {"name": "a", "value": "1"}
    with pytest.raises(ConstraintViolated):
        _insert(services, [row, row], asking=False)
    with services.database.write() as session:
        session.insert(Secret, [row])
        with pytest.raises(ConstraintViolated):
            _attempt(session, [row])
        prepared = session.all(text("SELECT statement FROM pg_prepared_statements"))
    assert len([one for (one,) in prepared if one.startswith("INSERT INTO secrets")]) == 1


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_what_the_server_was_let_forget_is_prepared_again(services: Services) -> None:
    with services.database.write() as session:
        session.insert(Secret, [{"name": "a", "value": "1"}])
    with services.database.engine.connect() as connection:
        connection.exec_driver_sql("DEALLOCATE ALL")
    with pytest.raises(DatabaseBusy):
        _insert(services, [{"name": "b", "value": "1"}], asking=False)
    _insert(services, [{"name": "b", "value": "1"}], asking=False)
    with services.database.read() as session:
        assert _secret(session, "b") == "1"


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_what_has_failed_is_not_taken_for_committed(services: Services) -> None:
    with services.database.engine.connect() as connection:
        driver = PostgresDriver(connection.connection)
        with pytest.raises(DivisionByZero):
            driver.ask("SELECT 1 / $1::integer", [0])()
        with pytest.raises(OperationalError, match="undone"):
            driver.commit()


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_a_connection_that_the_server_ended_is_not_given_out(services: Services) -> None:
    engine, process = services.database.engine, func.pg_backend_pid()
    with engine.connect() as one, engine.connect() as other:
        ended = other.scalar(select(process))
        # The one that is asked next is the one that comes back first.
        other.close()
        one.exec_driver_sql(f"SELECT pg_terminate_backend({ended}, 1000)")
        with services.database.read() as session:
            assert session.scalar(select(process)) != ended


@pytest.mark.parametrize("dialect", ["postgresql"])
@pytest.mark.parametrize(("trusted", "asked"), [(60.0, 0), (0.0, 3)])
def test_a_connection_is_asked_whether_it_is_there_if_it_was_long_unused(
    services: Services, monkeypatch: pytest.MonkeyPatch, trusted: float, asked: int
) -> None:
    monkeypatch.setattr("app.kit.lasting._TRUSTED", trusted)
    dialect = services.database.engine.dialect
    pings: list[object] = []

    def pinged(raw: object) -> bool:
        pings.append(raw)
        return True

    monkeypatch.setattr(dialect, "do_ping", pinged)
    for name in "abc":
        _insert(services, [{"name": name, "value": "1"}], asking=False)
    assert len(pings) == asked


@pytest.mark.parametrize("dialect", ["postgresql"])
@pytest.mark.parametrize("prepared", [False, True])
def test_a_connection_that_is_lost_amid_a_transaction_is_told(
    services: Services, prepared: bool
) -> None:
    with pytest.raises(DatabaseUnavailable):
        _lose_connection(services, prepared=prepared)
    _insert(services, [{"name": "a", "value": "1"}], asking=True)


def _lose_connection(services: Services, *, prepared: bool) -> None:
    with services.database.write() as session:
        process = session.scalar(select(func.pg_backend_pid()))
        with services.database.read() as other:
            other.scalar(select(func.pg_terminate_backend(process, 1000)))
        if prepared:
            _secret(session, "a")
        else:
            session.scalar(select(Secret.value))


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_what_returns_nothing_waits_for_what_does(services: Services) -> None:
    with services.database.engine.connect() as connection:
        driver = PostgresDriver(connection.connection)
        driver.send("SELECT 1 / $1::integer", [(0,)])
        with pytest.raises(DivisionByZero):
            driver.settle()
        driver.rollback()
        assert driver.ask("SELECT $1::integer", (1,))() == [(1,)]
