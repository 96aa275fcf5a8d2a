"""A desk that is killed at any moment loses nothing that it acknowledged, and no reader notices."""

import random
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.commandline import assert_sound
from tests.faults.served import Client
from tests.faults.test_killed import admin_key
from tests.faults.test_workers import is_told_of_what_is_due
from tests.faults.workers import Strangers, Workers, serving, until
from tests.faults.writers import ImportingWriter, Ledger, Writer, settle, writing

pytestmark = pytest.mark.slow
_KILLS = {"sqlite": 6, "postgresql": 3}
_LIVES = (0.1, 0.8)


def test_what_was_acknowledged_survives_and_readers_go_on(
    dialect: str, database_url: str, tmp_path: Path
) -> None:
    key = admin_key(database_url)
    ledger, chance = Ledger(), random.Random(11)
    importing = ImportingWriter(ledger)
    workers = [Writer(ledger, f"Writer {number}", number).work for number in range(3)]
    with (
        serving(database_url, 2, tmp_path, worker_interval=0.05) as server,
        Strangers(server.port).reading(2) as strangers,
    ):
        _begin(server, key, importing)
        for _ in range(_KILLS[dialect]):
            with writing([*workers, importing.work], server.port, key):
                time.sleep(chance.uniform(*_LIVES))
                _kill_desk(server)
            assert ledger.wrong == []
            _settle(ledger, server, key)
        is_told_of_what_is_due(server, key)
        strangers.wait_for(10)
    assert (strangers.cut, strangers.wrong) == ([], [])
    assert "process at the desk died" in server.log.read_text()
    assert_sound(database_url)


def _begin(server: Workers, key: str, importing: ImportingWriter) -> None:
    with closing(Client(server.port, key)) as client:
        assert client.call("POST", "/v1/manage/sources", {"name": "Agency"})[0] == 201
        importing.begin(client)


def _kill_desk(server: Workers) -> None:
    desk = server.desk()
    assert desk is not None
    server.kill(desk.pid)
    until(lambda: (server.desk() or desk).pid != desk.pid)


def _settle(ledger: Ledger, server: Workers, key: str) -> None:
    touched = set(ledger.touched)
    ledger.touched.clear()
    with closing(Client(server.port, key)) as client:
        settle(ledger, client, touched)
