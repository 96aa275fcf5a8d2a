"""When a database is migrated: SQLite at the start, PostgreSQL by command, never a newer one."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from app.bootstrap import prepare_database
from app.kit.errors import DatabaseBehind, DatabaseUnavailable
from app.kit.sql import migrations
from app.kit.sql.database import Database
from tests.migrations.paths import ROOT
from tests.migrations.releases import parse_number

AT_ONCE = 3
_WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'")


def set_revision(database: Database, revision: str) -> None:
    """Store the revision of another version of the code."""
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = :r"), {"r": revision})


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_an_embedded_database_is_migrated_at_start(empty: Database) -> None:
    prepare_database(empty)
    assert migrations.is_current(empty)


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_an_outdated_postgresql_is_refused_and_not_migrated(empty: Database) -> None:
    with pytest.raises(DatabaseBehind, match=r"`dateline migrate`"):
        prepare_database(empty)
    assert migrations.find_current(empty) is None
    migrations.upgrade(empty)
    prepare_database(empty)


def test_a_database_of_a_newer_version_is_refused(migrated: Database) -> None:
    set_revision(migrated, "9999")
    for act in (prepare_database, migrations.check, migrations.upgrade):
        with pytest.raises(DatabaseBehind, match=r"newer Dateline \(to 9999.*restore a backup"):
            act(migrated)
    assert migrations.find_current(migrated) == "9999"


@pytest.mark.parametrize(
    ("ours", "schema", "state"),
    [
        ("0008", "0008", "current"),
        ("0008", "0010_from_0008", "newer"),
        ("0010_from_0008", "0009_from_0008", "older"),
        ("0010_from_0008", "0008", "older"),
        ("0010_from_0008", "0012_from_0010", "newer"),
        ("0010_from_0008", "0007", None),
        ("0008", "0011_from_0010", None),
        ("0008", "0009", None),
        ("0008", None, None),
    ],
)
def test_code_runs_on_the_schemas_of_the_previous_and_the_next_release(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    ours: str,
    schema: str | None,
    state: str | None,
) -> None:
    monkeypatch.setattr(migrations, "find_head", lambda: ours)
    monkeypatch.setattr(migrations, "find_current", lambda _: schema)
    database = Database(f"sqlite:///{tmp_path / 'news.db'}")
    if state is None:
        with pytest.raises(DatabaseBehind):
            migrations.check(database)
    else:
        assert migrations.check(database) == state


def test_a_schema_of_the_next_release_is_used_and_not_changed(migrated: Database) -> None:
    after = f"9000_from_{parse_number(migrations.find_head())}"
    set_revision(migrated, after)
    prepare_database(migrated)
    migrations.upgrade(migrated)
    assert migrations.find_current(migrated) == after


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_a_migration_that_waits_for_a_reader_blocks_no_requests(migrated: Database) -> None:
    migrations.downgrade(migrated, "0006")
    with ThreadPoolExecutor(1) as pool, migrated.engine.connect() as reader:
        reader.execute(text("SELECT count(*) FROM articles"))
        migrating = pool.submit(migrations.upgrade, migrated)
        with migrated.engine.connect() as other:
            # A request for the table is answered while the reader still blocks the migration.
            while not other.execute(_WAITING).scalar_one():
                other.rollback()
            other.execute(text("SET lock_timeout = '30s'"))
            other.execute(text("SELECT count(*) FROM articles"))
        assert not migrating.done()
        reader.close()
        migrating.result(60)
    assert migrations.is_current(migrated)


@pytest.mark.slow
def test_concurrent_migrations_wait_for_each_other(empty_url: str) -> None:
    command = [sys.executable, "-m", "tests.migrations.migrate", empty_url]
    running = [
        subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
        for _ in range(AT_ONCE)
    ]
    ended = [(process.communicate(timeout=120)[1], process.returncode) for process in running]
    assert ended == [("", 0)] * AT_ONCE
    database = Database(empty_url)
    assert migrations.is_current(database)
    with database.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM secrets")).scalar_one() == 1
    database.close()


def test_a_file_that_is_no_database_is_reported_in_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("These are notes, and no database. " * 20, encoding="utf-8")
    database = Database(f"sqlite:///{file}")
    for act in (prepare_database, migrations.check, migrations.upgrade):
        with pytest.raises(DatabaseUnavailable, match="DATELINE_DATABASE_URL"):
            act(database)
    assert file.read_text(encoding="utf-8").startswith("These are notes")


def test_a_missing_folder_is_reported_in_a_sentence(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'nowhere' / 'news.db'}")
    with pytest.raises(DatabaseUnavailable, match="folder"):
        prepare_database(database)


def test_a_failed_migration_does_not_change_the_schema(
    empty: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("in the middle of it")

    monkeypatch.setattr("alembic.op.bulk_insert", fail)
    with pytest.raises(RuntimeError):
        migrations.upgrade(empty)
    monkeypatch.undo()
    assert migrations.find_current(empty) is None
    migrations.upgrade(empty)
    assert migrations.is_current(empty)
