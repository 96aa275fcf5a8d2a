"""`dateline restore`: a backup replaces an unused database."""

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from app.kit.sql import migrations
from app.kit.sql.database import Database
from app.kit.sql.leadership import FileLeadership
from tests.cli.shell import Shell
from tests.cli.test_backup import leftovers
from tests.cli.test_transfer import SAMPLES

ARTICLE = (
    b'{"type": "article", "slug": "%s", "language": "en", "title": "%s", "status": "published"}\n'
)


@pytest.fixture
def dialect() -> str:
    return "sqlite"


@pytest.fixture
def path(database_url: str) -> Path:
    return Path(database_url.removeprefix("sqlite:///"))


def add(shell: Shell, slug: str) -> None:
    """Publish another story."""
    word = slug.encode()
    shell.run_ok("import", "-", stdin=ARTICLE % (word, word))


def slugs(shell: Shell) -> set[str]:
    """Return the slugs of all stories."""
    return {str(line["slug"]) for line in shell.run_ok("export").lines if line["type"] == "article"}


def find_old_databases(path: Path) -> list[Path]:
    """Return the databases that restores moved aside."""
    return sorted(path.parent.glob(f"{path.name}.before-restore-*"))


def test_a_backup_is_restored_and_the_old_database_kept(
    shell: Shell, path: Path, tmp_path: Path
) -> None:
    add(shell, "kept")
    shell.run_ok("backup", str(tmp_path / "copy.db"))
    add(shell, "later")
    message = shell.run_refused("restore", str(tmp_path / "copy.db"))
    assert "--force" in message
    assert slugs(shell) == {"kept", "later"}
    output = shell.run_ok("restore", str(tmp_path / "copy.db"), "--force").text
    assert slugs(shell) == {"kept"}
    (aside,) = find_old_databases(path)
    assert str(aside) in output
    assert slugs(Shell(f"sqlite:///{aside}")) == {"kept", "later"}
    assert shell.run_ok("check").text.startswith("Sound")
    assert leftovers(tmp_path) == []
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_missing_database_is_restored_without_force(
    shell: Shell, path: Path, tmp_path: Path
) -> None:
    shell.run_ok("import", str(SAMPLES))
    before = shell.run_ok("export").out
    shell.run_ok("backup", str(tmp_path / "copy.db"))
    path.unlink()
    # Files left next to it no longer belong to it, and would corrupt the restored database.
    path.with_name(path.name + "-wal").write_bytes(b"of the old one")
    shell.run_ok("restore", str(tmp_path / "copy.db"))
    assert shell.run_ok("export").out == before
    assert shell.run_ok("check").text.startswith("Sound")


def test_a_leftover_write_ahead_log_is_kept_with_the_old_database(
    shell: Shell, path: Path, tmp_path: Path
) -> None:
    """A killed server left it; the restored database must not read it."""
    shell.run_ok("backup", str(tmp_path / "copy.db"))
    killed = (
        "import os, sqlite3, sys\n"
        "connection = sqlite3.connect(sys.argv[1])\n"
        "connection.execute('PRAGMA journal_mode = WAL')\n"
        "connection.execute('CREATE TABLE late (number)')\n"
        "connection.commit()\n"
        "os._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", killed, str(path)], check=True)
    assert path.with_name(path.name + "-wal").stat().st_size > 0
    shell.run_ok("restore", str(tmp_path / "copy.db"), "--force")
    with closing(sqlite3.connect(find_old_databases(path)[0])) as old:
        assert old.execute("SELECT count(*) FROM late").fetchone() == (0,)
    with closing(sqlite3.connect(path)) as new, pytest.raises(sqlite3.OperationalError):
        new.execute("SELECT count(*) FROM late")


def test_a_database_that_is_in_use_is_not_replaced(
    shell: Shell, path: Path, tmp_path: Path
) -> None:
    shell.run_ok("backup", str(tmp_path / "copy.db"))
    before = path.stat().st_ino
    with closing(Database.of_file(path)) as used, used.read():
        message = shell.run_refused("restore", str(tmp_path / "copy.db"), "--force")
        assert "in use" in message
        assert "End that" in message
    for lock in (str(path), str(tmp_path / "search")):
        leadership = FileLeadership(lock)
        assert leadership.try_acquire()
        assert "in use" in shell.run_refused("restore", str(tmp_path / "copy.db"), "--force")
        leadership.release()
    assert path.stat().st_ino == before
    assert find_old_databases(path) == []
    shell.run_ok("restore", str(tmp_path / "copy.db"), "--force")


def test_a_server_that_opened_the_old_file_meanwhile_does_not_use_it(
    shell: Shell, path: Path, tmp_path: Path
) -> None:
    """It looked up the file before it was replaced, and opens its first connection afterwards."""
    shell.run_ok("backup", str(tmp_path / "copy.db"))
    with closing(Database.of_file(path)) as starting:
        starting.check_file()
        shell.run_ok("restore", str(tmp_path / "copy.db"), "--force")
        with pytest.raises(Exception, match="replaced"), starting.read():
            pass
    assert shell.run_ok("check").text.startswith("Sound")


def test_a_file_that_is_no_backup_is_refused(shell: Shell, path: Path, tmp_path: Path) -> None:
    add(shell, "kept")
    shell.run_ok("backup", str(tmp_path / "good.db"))
    good = (tmp_path / "good.db").read_bytes()
    files = {
        "text": (b"not a database" * 100, "not an SQLite database"),
        "empty": (b"", "not an SQLite database"),
        "cut": (good[: len(good) // 2], "damaged"),
        "spoilt": (good[:8192] + b"\xff" * 20_000 + good[28_192:], ""),
    }
    for name, (content, message) in files.items():
        (tmp_path / name).write_bytes(content)
        assert message in shell.run_refused("restore", str(tmp_path / name), "--force"), name
    with closing(sqlite3.connect(tmp_path / "strange")) as connection, connection:
        connection.execute("CREATE TABLE theirs (number)")
    assert "not a database of Dateline" in shell.run_refused(
        "restore", str(tmp_path / "strange"), "--force"
    )
    with closing(sqlite3.connect(tmp_path / "good.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    assert "newer" in shell.run_refused("restore", str(tmp_path / "good.db"), "--force")
    (tmp_path / "folder").mkdir()
    for name, message in {"folder": "folder", "none": "no file", path.name: "itself"}.items():
        assert message in shell.run_refused("restore", str(tmp_path / name), "--force"), name
    assert slugs(shell) == {"kept"}
    assert find_old_databases(path) == []
    assert leftovers(tmp_path) == []


def test_an_older_schema_is_migrated(shell: Shell, path: Path, tmp_path: Path) -> None:
    add(shell, "kept")
    shell.run_ok("backup", str(tmp_path / "old.db"))
    with closing(Database.of_file(tmp_path / "old.db")) as old:
        migrations.downgrade(old, "0003")
    shell.run_ok("restore", str(tmp_path / "old.db"), "--force")
    with closing(Database.of_file(path)) as restored:
        assert migrations.is_current(restored)
    assert slugs(shell) == {"kept"}


def test_a_database_that_is_broken_is_replaced(shell: Shell, path: Path, tmp_path: Path) -> None:
    add(shell, "kept")
    shell.run_ok("backup", str(tmp_path / "copy.db"))
    broken = b"\x00garbage" * 1000
    path.write_bytes(broken)
    shell.run_ok("restore", str(tmp_path / "copy.db"), "--force")
    assert slugs(shell) == {"kept"}
    assert find_old_databases(path)[0].read_bytes() == broken


def test_used_serials_are_not_used_again(shell: Shell, path: Path, tmp_path: Path) -> None:
    """A client of the log must not mistake later changes for changes that it already has."""
    add(shell, "kept")
    shell.run_ok("backup", str(tmp_path / "copy.db"))
    for number in range(5):
        add(shell, f"lost-{number}")
    last = read_last_serial(path)
    shell.run_ok("restore", str(tmp_path / "copy.db"), "--force")
    assert read_last_serial(path) < last
    add(shell, "new")
    assert read_last_serial(path) > last


def test_the_index_is_rebuilt_from_the_restored_database(
    shell: Shell, path: Path, tmp_path: Path
) -> None:
    add(shell, "kept")
    shell.run_ok("backup", str(tmp_path / "copy.db"))
    add(shell, "later")
    assert "Indexed 2" in shell.run_ok("reindex").text
    shell.run_ok("restore", str(tmp_path / "copy.db"), "--force")
    assert shell.run_ok("check").text.startswith("Sound")
    assert "Indexed 1" in shell.run_ok("reindex").text
    assert shell.run_ok("check").text.startswith("Sound")


def test_missing_folders_are_not_taken_for_a_running_server(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell.run_ok("backup", str(tmp_path / "copy.db"))
    elsewhere = Shell(f"sqlite:///{tmp_path}/missing/new.db")
    assert "does not exist" in elsewhere.run_refused("restore", str(tmp_path / "copy.db"))
    monkeypatch.setenv("DATELINE_SEARCH_PATH", str(tmp_path / "none" / "search"))
    shell.run_ok("restore", str(tmp_path / "copy.db"), "--force")


def test_a_link_to_the_database_stays_a_link(shell: Shell, path: Path, tmp_path: Path) -> None:
    shell.run_ok("backup", str(tmp_path / "copy.db"))
    real = tmp_path / "elsewhere" / "real.db"
    real.parent.mkdir()
    shutil.move(path, real)
    path.symlink_to(real)
    shell.run_ok("restore", str(tmp_path / "copy.db"), "--force")
    assert path.is_symlink()
    assert find_old_databases(real)


def read_last_serial(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        serial: int = connection.execute("SELECT max(serial) FROM changes").fetchone()[0]
        return serial
