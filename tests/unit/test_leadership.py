"""Leader election: one process leads, and another replaces it when it ends."""

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from app.kit.errors import DatabaseUnavailable, LeadershipLost
from app.kit.http_client import HttpClient
from app.kit.sql import leadership as leading_module
from app.kit.sql.database import Database
from app.kit.sql.leadership import Leadership, as_leader
from tests.databases import fresh_database

_HOLD = """
import sys
from app.kit.sql.database import Database
leadership = Database(sys.argv[1]).open_leadership()
print(leadership.try_acquire(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def leadership(database_url: str) -> Iterator[Leadership]:
    with closing(Database(database_url)) as database:
        candidate = database.open_leadership()
        yield candidate
        candidate.release()


def test_one_process_leads_until_it_dies(database_url: str, leadership: Leadership) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, database_url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        assert not leadership.try_acquire()
        process.kill()
        process.wait()
        assert _wait_until(leadership)
    assert leadership.try_acquire()
    leadership.release()


def test_a_released_leadership_can_be_acquired_again(
    database_url: str, leadership: Leadership
) -> None:
    with closing(Database(database_url)) as database:
        other = database.open_leadership()
        assert leadership.try_acquire()
        assert not other.try_acquire()
        leadership.release()
        assert _wait_until(other)
        assert not leadership.try_acquire()
        other.release()


def test_each_term_has_its_own_number(database_url: str, leadership: Leadership) -> None:
    terms = [leadership.term]
    assert leadership.try_acquire()
    terms.append(leadership.term)
    leadership.release()
    terms.append(leadership.term)
    assert [term is None for term in terms] == [True, False, True]


def test_a_process_without_leadership_cannot_work_as_the_leader(leadership: Leadership) -> None:
    leading_now = as_leader(leadership)
    with pytest.raises(LeadershipLost):
        leading_now.__enter__()


@pytest.fixture
def lease(tmp_path: Path) -> Iterator[Database]:
    """A PostgreSQL with a lease."""
    with fresh_database("postgresql", tmp_path) as url, closing(Database(url)) as database:
        yield database


def _end(database: Database) -> None:
    """Let the lease expire, as if its holder had not renewed it."""
    with database.write() as session:
        session.execute(text("UPDATE leases SET expires_at = 1"))


def test_a_lease_lasts_while_it_is_renewed(
    lease: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.kit.sql.leadership._LEASE_MICROS", 1_000_000)
    first, second = lease.open_leadership(), lease.open_leadership()
    assert first.try_acquire()
    term = first.term
    for _ in range(8):
        time.sleep(0.2)
        assert first.try_acquire()
        assert not second.try_acquire()
    assert first.term == term
    time.sleep(1.1)
    assert second.try_acquire()
    assert not first.try_acquire()


def test_a_replaced_leader_writes_reads_and_sends_nothing(lease: Database) -> None:
    first, second = lease.open_leadership(), lease.open_leadership()
    assert first.try_acquire()
    with as_leader(first), lease.write() as session:
        session.execute(text("UPDATE secrets SET value = 'first'"))
    _end(lease)
    assert second.try_acquire()
    # It has not checked since, so it does not know.
    assert first.term is not None
    with as_leader(first), pytest.raises(LeadershipLost), lease.write() as session:
        session.execute(text("UPDATE secrets SET value = 'late'"))
    with as_leader(first), ThreadPoolExecutor(1) as thread:
        assert not thread.submit(first.try_acquire).result()
        with pytest.raises(LeadershipLost), lease.read():
            raise AssertionError
        with closing(HttpClient("tests")) as client, pytest.raises(LeadershipLost):
            client.send("POST", "http://127.0.0.1:9/", {}, b"")
    with lease.read() as session:
        assert session.scalar(text("SELECT value FROM secrets")) == "first"


def test_a_leader_relies_on_its_lease_for_less_than_its_duration(
    lease: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert leading_module._CERTAIN < leading_module._LEASE
    monkeypatch.setattr(leading_module, "_CERTAIN", 0.3)
    first, second = lease.open_leadership(), lease.open_leadership()
    assert first.try_acquire()
    time.sleep(0.4)
    assert first.term is None
    assert not second.try_acquire()


def test_no_process_leads_before_the_transaction_of_the_last_leader_ends(lease: Database) -> None:
    first, second = lease.open_leadership(), lease.open_leadership()
    assert first.try_acquire()
    with as_leader(first), lease.write():
        # A renewal does not wait for it.
        assert first.try_acquire()
        _end(lease)
        assert not second.try_acquire()
    assert second.try_acquire()


def test_an_idle_transaction_of_a_leader_is_ended(
    lease: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leading_module, "_IDLE", 0.2)
    first, second = lease.open_leadership(), lease.open_leadership()
    assert first.try_acquire()

    def stand_still() -> None:
        with as_leader(first), lease.write() as session:
            session.execute(text("UPDATE secrets SET value = 'late'"))
            time.sleep(0.5)
            _end(lease)
            assert second.try_acquire()
            session.execute(text("UPDATE secrets SET value = 'later'"))

    with pytest.raises(DatabaseUnavailable):
        stand_still()
    with lease.read() as other:
        assert other.scalar(text("SELECT value FROM secrets")) not in {"late", "later"}


def _wait_until(leadership: Leadership) -> bool:
    """Try for a while: a lease ends some seconds after its holder."""
    for _ in range(1_200):
        if leadership.try_acquire():
            return True
        time.sleep(0.05)
    return False
