"""Files are private from their creation, with any umask."""

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx2
import pytest

from app.kit.sql.database import Database
from tests.cli.shell import ROOT, Shell, free_port
from tests.cli.test_processes import answer

_UMASKED = "import os, sys; os.umask(int(sys.argv.pop(1), 8)); from app.cli import main; main()"


@pytest.fixture
def dialect() -> str:
    return "sqlite"


class ModeObserver:
    """Observes the files below some folders, and records the widest mode of each."""

    def __init__(self, *folders: Path) -> None:
        self._folders = folders
        self.modes: dict[Path, int] = {}
        self._stopped = threading.Event()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Observe modes continuously, so that a mode that is narrowed later is recorded as well."""
        thread = threading.Thread(target=self._look)
        thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            thread.join()

    def find_exposed(self) -> dict[str, str]:
        """Return the files that other users could access, by name."""
        return {str(path): oct(mode) for path, mode in self.modes.items() if mode & 0o077}

    def _look(self) -> None:
        while True:
            last = self._stopped.is_set()
            for folder in self._folders:
                for where, names, files in os.walk(folder):
                    for name in (*names, *files):
                        self._note(Path(where) / name)
            if last:
                return
            # Without a pause it would use a processor that the starting programs need.
            time.sleep(0.005)

    def _note(self, path: Path) -> None:
        try:
            mode = path.lstat().st_mode
        except OSError:
            return
        self.modes[path] = self.modes.get(path, 0) | stat.S_IMODE(mode)


def start(umask: str, *words: str, folder: Path, temporary: Path) -> subprocess.Popen[bytes]:
    """Start the program under a umask."""
    variables = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-c", _UMASKED, umask, *words],
        cwd=folder,
        env=variables | {"PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.exhaustive
@pytest.mark.timeout(300)  # Nine processes start, on a busy machine.
def test_created_files_are_private(tmp_path: Path) -> None:
    # This umask hides nothing: files that are open under any other umask are open under it, too.
    umask = "000"
    data, temporary = tmp_path / "data", tmp_path / "temporary"
    data.mkdir(mode=0o700)
    temporary.mkdir(mode=0o700)
    shared = set(Path("/dev/shm").iterdir())

    def run(*words: str) -> None:
        process = start(umask, *words, folder=data, temporary=temporary)
        assert process.wait(100) == 0, words

    modes = ModeObserver(data, temporary)
    with modes.watching():
        port = free_port()
        serving = start(umask, "demo", "--port", str(port), folder=data, temporary=temporary)
        working = start(umask, "worker", folder=data, temporary=temporary)
        try:
            assert answer(f"http://127.0.0.1:{port}/readyz").status_code == 200
            url = "--database-url=sqlite:///dateline-demo.db"
            run("reindex", url)
            run("export", "all.ndjson", url)
            run("backup", "copy.db", url)
            search_answer = httpx2.get(f"http://127.0.0.1:{port}/v1/search?q=the", timeout=30)
            assert search_answer.status_code == 200
        finally:
            for process in (serving, working):
                process.send_signal(signal.SIGTERM)
            assert [process.wait(60) for process in (serving, working)] == [0, 0]
        run("restore", "copy.db", "--force", url)
        run("restore", "copy.db", "--database-url=sqlite:///other.db")
    written = {path.name for path in modes.modes}
    assert {"dateline-demo.db", "copy.db", "other.db", "all.ndjson", "dateline.db"} <= written
    assert any(name.endswith("-wal") for name in written)
    assert any(path.parent.parent.name.endswith(".search") for path in modes.modes)
    assert modes.find_exposed() == {}
    for path in set(Path("/dev/shm").iterdir()) - shared:
        # Another test run on this machine may create folders with this name.
        if "dateline-" in path.name and not path.name.startswith("dateline-tests-"):
            assert not path.stat().st_mode & 0o077, path


def test_migrations_by_alembic_itself_make_a_private_file(tmp_path: Path) -> None:
    variables = os.environ | {"DATELINE_DATABASE_URL": f"sqlite:///{tmp_path}/new.db"}
    command = "import os; os.umask(0); from alembic.config import main; main()"
    subprocess.run(
        [sys.executable, "-c", command, "-c", str(ROOT / "alembic.ini"), "upgrade", "head"],
        cwd=ROOT,
        env=variables,
        check=True,
        capture_output=True,
        timeout=100,
    )
    assert stat.S_IMODE((tmp_path / "new.db").stat().st_mode) == 0o600


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_a_database_is_private_with_any_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        with closing(Database.of_file(tmp_path / "new.db")) as database:
            with database.engine.begin() as connection:
                connection.exec_driver_sql("CREATE TABLE things (number)")
            with database.engine.connect() as connection:
                # The additional files of SQLite exist while a connection is open.
                connection.exec_driver_sql("SELECT count(*) FROM things").scalar()
                modes = {
                    item.name: stat.S_IMODE(item.stat().st_mode) for item in tmp_path.iterdir()
                }
    finally:
        os.umask(before)
    assert modes == {"new.db": 0o600, "new.db-wal": 0o600, "new.db-shm": 0o600}


def test_wider_permissions_of_older_versions_are_removed(
    shell: Shell, database_url: str, tmp_path: Path
) -> None:
    shell.run_ok("reindex")
    path, index = Path(database_url.removeprefix("sqlite:///")), tmp_path / "search"
    path.chmod(0o644)
    for item in (index, *index.rglob("*")):
        item.chmod(0o755 if item.is_dir() else 0o644)
    assert shell.run_ok("check").text.startswith("Sound")
    for item in (path, index, *index.rglob("*")):
        assert not item.stat().st_mode & 0o077, item


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give a file away")
def test_check_reports_files_that_it_cannot_make_private(
    shell: Shell, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(database_url.removeprefix("sqlite:///"))
    path.chmod(0o644)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    # Root can change every mode; other users cannot change files that they do not own.
    monkeypatch.setattr(Path, "chmod", refuse)
    ended = shell.run("check")
    assert ended.code == 1
    assert f"chmod 600 {path}" in ended.err
