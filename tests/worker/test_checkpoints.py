"""The worker makes checkpoints of SQLite, not the committing process."""

import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from app.bootstrap import Services, bootstrap
from app.settings import Settings
from app.worker import Worker
from tests.clock import HandClock
from tests.newsroom import Newsroom

# PostgreSQL makes checkpoints itself.
pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)


def in_the_file(services: Services, folder: Path) -> int:
    """Count the sources in the database file without its write-ahead log."""
    alone = folder / "alone.db"
    shutil.copyfile(str(services.database.engine.url.database), alone)
    with closing(sqlite3.connect(f"file:{alone}?mode=ro&immutable=1", uri=True)) as connection:
        return int(connection.execute("SELECT count(*) FROM sources").fetchone()[0])


def test_a_checkpoint_moves_committed_data_to_the_database_file(
    newsroom: Newsroom, services: Services, tmp_path: Path
) -> None:
    newsroom.source("Wire")
    assert in_the_file(services, tmp_path) == 0
    services.database.checkpoint()
    assert in_the_file(services, tmp_path) == 1


def test_the_worker_makes_checkpoints(
    newsroom: Newsroom,
    services: Services,
    settings: Settings,
    clock: HandClock,
    tmp_path: Path,
) -> None:
    newsroom.source("Wire")
    hasty = Settings(database_url=settings.database_url, worker_interval=0.01)
    quick = bootstrap(hasty, clock=clock)
    loops = Worker(quick)
    loops.start()
    until = time.monotonic() + 60
    while not in_the_file(services, tmp_path) and time.monotonic() < until:
        time.sleep(0.01)
    loops.stop()
    quick.close()
    assert in_the_file(services, tmp_path) == 1
