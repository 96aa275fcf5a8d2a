"""A server that is killed at any moment loses nothing that it acknowledged."""

import random
import time

import pytest

from app.bootstrap import bootstrap
from app.settings import Settings
from tests.conftest import key_for
from tests.faults.commandline import assert_consistent
from tests.faults.server import Client, ServerRow, server_row
from tests.faults.writers import IMPORTED, ImportingWriter, Ledger, Writer, reconcile, writing
from tests.repetitions import repetitions

_KILLS = {"sqlite": repetitions(8), "postgresql": repetitions(4)}
_CHECK_EVERY = 8
# Long enough for several writes of each client, and often in the middle of an import.
_LIVES = (0.03, 0.6)


@pytest.mark.exhaustive_on("postgresql")
@pytest.mark.slow
def test_acknowledged_writes_survive_sigkill(dialect: str, database_url: str) -> None:
    key = admin_key(database_url)
    ledger, chance = Ledger(), random.Random(7)
    importing = ImportingWriter(ledger)
    workers = [Writer(ledger, f"Writer {number}", number).work for number in range(3)]
    with server_row(database_url, worker_interval=0.05) as server:
        server.start()
        _begin(server, key, importing)
        for kill in range(1, _KILLS[dialect] + 1):
            with writing([*workers, importing.work], server.port, key):
                time.sleep(chance.uniform(*_LIVES))
                server.kill()
            server.start()
            assert ledger.wrong == []
            _check_recent_writes(ledger, server, key)
            if kill % _CHECK_EVERY == 0:
                assert_consistent(database_url)
        _check_all_stories(ledger, server, key)
    assert_consistent(database_url)
    # Even on a busy machine, more was written than the import alone.
    assert len(ledger.stories) > IMPORTED


def admin_key(database_url: str) -> str:
    services = bootstrap(Settings(database_url=database_url))
    try:
        return key_for(services, "admin")
    finally:
        services.close()


def _begin(server: ServerRow, key: str, importing: ImportingWriter) -> None:
    client = Client(server.port, key)
    assert client.call("POST", "/v1/manage/sources", {"name": "Agency"})[0] == 201
    importing.begin(client)
    client.close()


def _check_recent_writes(ledger: Ledger, server: ServerRow, key: str) -> None:
    """Check everything that was written since the last kill."""
    client = Client(server.port, key)
    touched = set(ledger.touched)
    ledger.touched.clear()
    reconcile(ledger, client, touched)
    client.close()


def _check_all_stories(ledger: Ledger, server: ServerRow, key: str) -> None:
    """Check every story: its version, its history, and whether it is public as it should be."""
    client = Client(server.port, key)
    reconcile(ledger, client, set(ledger.stories))
    for known in ledger.stories.values():
        story = known.story
        path = f"/v1/manage/articles/{story.id}/revisions/"
        for version in (1, story.version):
            assert client.call("GET", f"{path}{version}")[0] == 200
        public, _, shown = client.call("GET", f"/v1/articles/{story.id}")
        # A killed story is logged where it was once public.
        there = {"published": {200}, "killed": {404, 410}}.get(story.state, {404})
        assert public in there, (story, shown)
    client.close()
