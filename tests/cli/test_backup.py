"""`dateline backup`: a consistent snapshot during writes."""

import os
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest

from app.bootstrap import Services
from app.content.transfer.importer import Importer
from app.kit.sql.database import Database
from tests.cli.shell import ROOT, Shell, run_here
from tests.cli.test_transfer import SAMPLES
from tests.transfer.helpers import IMPORTER, export_all, to_ndjson


@pytest.fixture
def dialect(request: pytest.FixtureRequest) -> str:
    """SQLite, unless a test overrides it."""
    return getattr(request, "param", "sqlite")


def test_a_backup_is_the_whole_database(shell: Shell, tmp_path: Path) -> None:
    shell.run_ok("import", str(SAMPLES))
    copy = tmp_path / "copy.db"
    assert str(copy) in shell.run_ok("backup", str(copy)).text
    copied = Shell(f"sqlite:///{copy}")
    assert copied.run_ok("check").text.startswith("Sound")
    assert copied.run_ok("export").out == shell.run_ok("export").out
    assert leftovers(tmp_path) == []


def test_a_file_that_exists_is_not_overwritten(shell: Shell, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_text("precious", encoding="utf-8")
    assert "exists" in shell.run_refused("backup", str(copy))
    assert copy.read_text(encoding="utf-8") == "precious"
    assert "missing" in shell.run_refused("backup", str(tmp_path / "missing" / "copy.db"))


@pytest.mark.slow
def test_a_backup_during_writes_is_consistent(
    shell: Shell, services: Services, tmp_path: Path
) -> None:
    stopped = threading.Event()
    written = threading.Event()
    rounds = 0

    def write() -> None:
        nonlocal rounds
        while not stopped.is_set():
            body = f"<p>round {rounds}</p>" * 200
            lines = [
                {"type": "article", "slug": f"s-{number}", "language": "en", "title": body[:20]}
                | {"body": body, "status": "published"}
                for number in range(40)
            ]
            for _ in Importer(services.runner, IMPORTER).run(to_ndjson(lines)):
                written.set()
            rounds += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert written.wait(30)
        for number in range(6):
            copy = tmp_path / f"copy-{number}.db"
            shell.run_ok("backup", str(copy))
            copied = Shell(f"sqlite:///{copy}")
            assert copied.run_ok("check").text.startswith("Sound")
            titles = {str(line["title"]) for line in copied.run_ok("export").lines}
            assert len(titles) == 1, "a copy holds half of a transaction"
    finally:
        stopped.set()
        writer.join()
    assert rounds > 1
    assert len(export_all(services)) == 40


@pytest.mark.timeout(240)  # a database of tens of MB, checked whole on a machine with much to do
def test_a_backup_finishes_while_hundreds_of_commits_a_second_are_made(
    database_url: str, shell: Shell, tmp_path: Path
) -> None:
    path = Path(database_url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE ballast (number INTEGER PRIMARY KEY, bytes BLOB)")
        filling = "INSERT INTO ballast (bytes) VALUES (randomblob(1000000))"
        for _ in range(40):
            connection.execute(filling)
    stopped, written, commits = threading.Event(), threading.Event(), 0

    def write() -> None:
        nonlocal commits
        with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            while not stopped.is_set():
                connection.execute("UPDATE ballast SET bytes = randomblob(10) WHERE number = 1")
                commits += 1
                written.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert written.wait(30)
        ended = run_here("backup", str(tmp_path / "copy.db"), "--database-url", database_url)
    finally:
        stopped.set()
        writer.join()
    assert ended.code == 0, ended
    assert commits > 100
    assert Shell(f"sqlite:///{tmp_path / 'copy.db'}").run_ok("check").text.startswith("Sound")


def test_a_backup_is_a_single_private_file(shell: Shell, tmp_path: Path) -> None:
    copy = tmp_path / "odd ?name%23#.db"
    shell.run_ok("backup", str(copy))
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert leftovers(tmp_path) == []
    # In this journal mode, no other files belong to the database.
    assert copy.read_bytes()[18:20] == b"\x01\x01"


def test_a_backup_overwrites_only_with_force(shell: Shell, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_text("precious", encoding="utf-8")
    (tmp_path / "copy.db-wal").write_bytes(b"of another database")
    assert "--force" in shell.run_refused("backup", str(copy))
    shell.run_ok("backup", str(copy), "--force")
    assert sorted(item.name for item in tmp_path.glob("copy.db*")) == ["copy.db"]
    assert Shell(f"sqlite:///{copy}").run_ok("check").text.startswith("Sound")


def test_a_backup_in_use_is_not_overwritten(shell: Shell, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    shell.run_ok("backup", str(copy))
    with closing(Database.of_file(copy)) as used, used.read():
        assert "in use" in shell.run_refused("backup", str(copy), "--force")
    shell.run_ok("backup", str(copy), "--force")


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_a_backup_to_the_database_itself_is_refused(
    shell: Shell, database_url: str, tmp_path: Path, force: list[str]
) -> None:
    source = Path(database_url.removeprefix("sqlite:///"))
    before = source.read_bytes()
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.db").symlink_to(source)
    (tmp_path / "dangling.db").symlink_to(tmp_path / "nowhere.db")
    (tmp_path / "hard.db").hardlink_to(source)
    os.mkfifo(tmp_path / "pipe")
    for name, message in {
        source.name: "the database itself",
        f"{source.name}-wal": "the database itself",
        f"{source.name}.leader": "the database itself",
        "hard.db": "the database itself",
        "link.db": "the database itself",
        "dangling.db": "symbolic link",
        "folder": "is a folder",
        "pipe": "not a regular file",
    }.items():
        assert message in shell.run_refused("backup", str(tmp_path / name), *force), name
    assert source.read_bytes() == before
    assert not (tmp_path / "nowhere.db").exists()
    assert leftovers(tmp_path) == []


def test_a_damaged_database_is_not_backed_up(
    shell: Shell, database_url: str, tmp_path: Path
) -> None:
    source = Path(database_url.removeprefix("sqlite:///"))
    with closing(sqlite3.connect(source)) as connection, connection:
        connection.execute("INSERT INTO document_bodies (id, body) VALUES ('stray', 'x')")
    message = shell.run_refused("backup", str(tmp_path / "copy.db"))
    assert "damaged" in message
    assert not (tmp_path / "copy.db").exists()
    assert leftovers(tmp_path) == []


@pytest.mark.system
def test_a_full_disk_leaves_no_partial_backup(shell: Shell, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(small)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        assert "No space" in shell.run_refused("backup", str(small / "copy.db"))
        assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_file_size_limit_leaves_no_partial_backup(
    shell: Shell, database_url: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", _LIMITED, "backup", str(tmp_path / "copy.db")]
    variables = os.environ | {"PYTHONPATH": str(ROOT), "DATELINE_DATABASE_URL": database_url}
    ended = subprocess.run(
        command, env=variables, capture_output=True, text=True, check=False, timeout=100
    )
    assert ended.returncode == 1, ended
    assert ended.stderr.startswith("dateline: "), ended
    assert "could not be written" in ended.stderr
    assert leftovers(tmp_path) == []
    assert not (tmp_path / "copy.db").exists()


_LIMITED = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
from app.cli import main
main()
"""


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
def test_postgresql_has_its_own_tools(shell: Shell, tmp_path: Path) -> None:
    assert "pg_dump" in shell.run_refused("backup", str(tmp_path / "copy.db"))
    assert "pg_restore" in shell.run_refused("restore", str(tmp_path / "copy.db"))


def leftovers(folder: Path) -> list[Path]:
    """Return files that an unfinished command left."""
    return [item for item in folder.rglob("*") if ".part" in item.name]
