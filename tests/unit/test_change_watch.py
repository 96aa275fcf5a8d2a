"""Change detection: the version changes with every write, and only then."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psutil
import pytest
from psycopg import Connection
from sqlalchemy import text

from app.access import store
from app.bootstrap import Services, bootstrap
from app.kit.ids import new_id
from app.kit.sql import change_watch as watching
from app.kit.sql.change_watch import PostgresWatch, SqliteWatch, Watch
from app.kit.sql.database import Database
from app.kit.sql.postgres import PostgresServer
from app.kit.sql.unit_of_work import Actor, UnitOfWork
from app.settings import Settings
from tests.databases import fresh_database

_NAME = "elsewhere"


@pytest.fixture
def watch(database_url: str) -> Iterator[Watch]:
    with closing(Database(database_url).open_watch()) as new_watch:
        yield new_watch


def _write(unit: UnitOfWork) -> None:
    store.delete_answers_before(unit.session, unit.now)


def test_the_version_changes_with_each_acknowledged_write(database_url: str, watch: Watch) -> None:
    with closing(bootstrap(Settings(database_url=database_url))) as services:
        for number in range(5):
            before = watch.version()
            assert watch.version() == before
            services.runner.run(
                Actor(None, "tests"),
                lambda unit, n=number: store.insert_key(  # type: ignore[misc]
                    unit.session,
                    store.KeyRow(
                        id=new_id(),
                        name="k",
                        prefix=f"p{n}",
                        digest=b"d",
                        scopes=[],
                        embargoed=False,
                        created_at=unit.now,
                        expires_at=None,
                        revoked_at=None,
                        last_used_at=None,
                    ),
                ),
            )
            assert watch.version() != before


def _write_once(database: Database) -> None:
    """Commit a transaction that may change rights."""
    with database.write() as session:
        session.execute(text("INSERT INTO counts VALUES (1)"))


def _count(database: Database) -> None:
    """Commit a transaction that only counts."""
    with database.write(changes_rights=False) as session:
        session.execute(text("INSERT INTO counts VALUES (1)"))


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_counting_changes_no_rights(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        closing(bootstrap(Settings(database_url=database_url))) as services,
        closing(Database(database_url)) as other,
    ):
        watch, database = services.watch, services.database
        assert isinstance(watch, SqliteWatch)
        with database.write() as session:
            session.execute(text("CREATE TABLE counts (number INTEGER)"))
        rights = watch.rights_version()
        for _ in range(3):
            version = watch.version()
            _count(database)
            assert watch.version() != version
            assert watch.rights_version() == rights
        # Another process may have changed rights: it does not say what it has written.
        for write in (_count, _write_once):
            write(other)
            assert watch.rights_version() != rights
            rights = watch.rights_version()
        # The same, before anything else compared the version.
        _write_once(other)
        _count(database)
        assert watch.rights_version() != rights
        # Another process commits just after the first commit, which only counted.
        rights, before = watch.rights_version(), watch.version()
        _write_once(database)
        _write_once(other)
        watch.keep_rights(before)
        assert watch.rights_version() != rights
        rights = watch.rights_version()
        # A transaction that changes no row makes no commit, so the next one is another one.
        with database.write(changes_rights=False) as session:
            session.execute(text("UPDATE counts SET number = 2 WHERE number = 9"))
            monkeypatch.setattr(watch, "keep_rights", lambda _: pytest.fail("There was none."))
        monkeypatch.undo()
        with pytest.raises(ZeroDivisionError), database.write(changes_rights=False):
            raise ZeroDivisionError
        assert watch.rights_version() == rights
        _write_once(database)
        assert watch.rights_version() != rights


@contextmanager
def _write_elsewhere(folder: Path) -> Iterator[tuple[PostgresWatch, Services, Connection]]:
    """Return a listening watch as on another machine, a writer, and a monitoring connection."""
    with fresh_database("postgresql", folder) as url:
        # Another machine shares no counter; a differently spelt address has a separate one.
        here = PostgresWatch(PostgresServer(f"{url}&application_name={_NAME}", 5))
        with (
            closing(here),
            closing(bootstrap(Settings(database_url=url))) as there,
            PostgresServer(url, 5).connect_monitor() as looking_on,
        ):
            here.listen()
            _wait_until(lambda: here._heard_at > 0)
            yield here, there, looking_on


def _wait_until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _require_notice(here: PostgresWatch, there: Services) -> None:
    before = here.version()
    there.runner.run(Actor(None, "tests"), _write)
    _wait_until(lambda: here.version() != before)


@pytest.mark.postgresql
def test_writes_on_other_machines_change_the_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a write it stays the same, as long as the server responds."""
    monkeypatch.setattr(watching, "_MAX_SILENCE_SECONDS", 1e9)
    with _write_elsewhere(tmp_path) as (here, there, _):
        before, heard_at = here.version(), here._heard_at
        _wait_until(lambda: here._heard_at > heard_at + 1)
        assert here.version() == before
        _require_notice(here, there)


@pytest.mark.postgresql
def test_the_version_changes_while_the_connection_is_silent(tmp_path: Path) -> None:
    """A stalled server process, like a stalled proxy, looks like a server without notifications."""
    with _write_elsewhere(tmp_path) as (here, there, looking_on):
        ((pid,),) = looking_on.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = %s", [_NAME]
        ).fetchall()
        os.kill(pid, signal.SIGSTOP)
        try:
            time.sleep(0.5)
            _require_notice(here, there)
        finally:
            os.kill(pid, signal.SIGCONT)


@pytest.mark.postgresql
def test_the_version_changes_without_a_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _write_elsewhere(tmp_path) as (here, there, looking_on):
        monkeypatch.setattr(here, "_server", PostgresServer("postgresql:///?host=/nowhere", 5))
        looking_on.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s",
            [_NAME],
        )
        _require_notice(here, there)
        _require_notice(here, there)


_TRY_TO_LOCK = """
import fcntl, sys
with open(sys.argv[1], "r+b") as index:
    fcntl.lockf(index, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, 128)
"""


def _is_locked(path: Path) -> bool:
    """Whether SQLite's lock on a WAL index keeps another process from rebuilding it.

    It is byte 128 of the index ("WAL-mode File Format", section 2.3); a process that gets it
    exclusively assumes that the database is not open elsewhere.
    """
    command = [sys.executable, "-c", _TRY_TO_LOCK, f"{path}-shm"]
    tried = subprocess.run(command, check=False, capture_output=True, text=True)
    assert tried.returncode == 0 or "BlockingIOError" in tried.stderr, tried.stderr
    return tried.returncode != 0


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_watching_does_not_release_locks_of_sqlite(database_url: str, tmp_path: Path) -> None:
    path = tmp_path / "test.db"
    with closing(bootstrap(Settings(database_url=database_url))) as services:
        services.runner.run(Actor(None, "tests"), _write)
        assert _is_locked(path)
        with closing(bootstrap(Settings(database_url=database_url))) as others:
            others.watch.version()
        assert _is_locked(path)
        services.watch.version()
    assert not (tmp_path / "test.db-shm").exists()


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_closing_a_watch_closes_all_descriptors(database_url: str) -> None:
    before = psutil.Process().num_fds()
    for _ in range(3):
        with closing(bootstrap(Settings(database_url=database_url))) as services:
            services.watch.version()
    assert psutil.Process().num_fds() == before
