"""A worker that is killed during writes loses nothing that was acknowledged."""

import random
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.commandline import assert_consistent
from tests.faults.server import Client
from tests.faults.test_killed import admin_key
from tests.faults.test_workers import check_due_changes
from tests.faults.workers import Workers, serving, wait_until
from tests.faults.writers import ImportingWriter, Ledger, Writer, reconcile, writing
from tests.repetitions import repetitions

pytestmark = pytest.mark.slow
_KILLS = {"sqlite": repetitions(3), "postgresql": repetitions(2)}
_LIVES = (0.1, 0.8)


@pytest.mark.exhaustive
def test_acknowledged_writes_survive_and_other_workers_continue(
    dialect: str, database_url: str, tmp_path: Path
) -> None:
    key = admin_key(database_url)
    ledger, chance = Ledger(), random.Random(11)
    importing = ImportingWriter(ledger)
    writers = [Writer(ledger, f"Writer {number}", number).work for number in range(3)]
    # Writers of several processes continuously compete for the lock of SQLite here.
    with serving(database_url, 2, tmp_path, worker_interval=0.05, busy_timeout=60) as server:
        _begin(server, key, importing)
        for _ in range(_KILLS[dialect]):
            with writing([*writers, importing.work], server.port, key):
                time.sleep(chance.uniform(*_LIVES))
                _kill_worker(server, chance)
            assert ledger.wrong == []
            _settle(ledger, server, key)
        check_due_changes(server, key)
    assert_consistent(database_url)


def _begin(server: Workers, key: str, importing: ImportingWriter) -> None:
    with closing(Client(server.port, key)) as client:
        assert client.call("POST", "/v1/manage/sources", {"name": "Agency"})[0] == 201
        importing.begin(client)


def _kill_worker(server: Workers, chance: random.Random) -> None:
    """Kill one of the workers, and wait until another one replaces it."""
    before = server.pids()
    server.kill(chance.choice(sorted(before)))
    wait_until(lambda: len(server.pids() - before) == 1)


def _settle(ledger: Ledger, server: Workers, key: str) -> None:
    touched = set(ledger.touched)
    ledger.touched.clear()
    with closing(Client(server.port, key)) as client:
        reconcile(ledger, client, touched)
