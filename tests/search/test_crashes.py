"""A server that is killed during indexing leaves an index equal to a new one."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from app.bootstrap import bootstrap
from app.settings import Settings
from tests.faults.server import CUT_OFF, Client, ServerRow, server_row
from tests.faults.test_killed import admin_key
from tests.repetitions import repetitions
from tests.search.index_contents import read_contents, rebuild
from tests.search.polling import wait_until

pytestmark = pytest.mark.slow
_KILLS = {"sqlite": repetitions(6), "postgresql": repetitions(2)}
_LIVES = {"sqlite": (0.02, 0.5), "postgresql": (0.1, 1.5)}
_WORDS = "rain snow wheat harvest harbour market night river bridge school".split()


class RandomEditor:
    """An editor that publishes, changes and withdraws stories continuously."""

    def __init__(self) -> None:
        self._chance = random.Random(11)
        self._versions: dict[str, int] = {}
        self.done = 0

    def work(self, port: int, key: str, stopped: threading.Event) -> None:
        """Work until stopped, or until the server has died."""
        client = Client(port, key)
        with suppress(*CUT_OFF):
            while not stopped.is_set():
                self._once(client)
                self.done += 1
        client.close()

    def _once(self, client: Client) -> None:
        words = " ".join(self._chance.choices(_WORDS, k=6))
        story = {"title": words, "body": words * 30, "tags": words.split()[:2], "language": "en"}
        if len(self._versions) < 150 or self._chance.random() < 0.2:
            published = story | {"status": "published"}
            _, _, created = client.call("POST", "/v1/manage/articles", published)
            self._versions[created["id"]] = created["version"]
            return
        id_ = self._chance.choice(list(self._versions))
        path = f"/v1/manage/articles/{id_}"
        if self._chance.random() < 0.3:
            client.call("POST", f"{path}/unpublish", {}, if_match="*")
        else:
            body: dict[str, Any] = story | {"status": "published"}
            client.call("PATCH", path, body, if_match="*")


@contextmanager
def _run_editor(editor: RandomEditor, port: int, key: str) -> Iterator[None]:
    stopped = threading.Event()
    thread = threading.Thread(target=editor.work, args=(port, key, stopped))
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def _follows(server: ServerRow) -> bool:
    client = Client(server.port)
    try:
        ready = client.call("GET", "/readyz")[2]["index"] == "follows"
        metrics = client.call("GET", "/metrics")[2].decode()
        return ready and "dateline_index_lag 0.0" in metrics
    finally:
        client.close()


@pytest.mark.exhaustive_on("postgresql")
def test_after_many_crashes_the_index_equals_a_rebuilt_one(
    dialect: str, database_url: str, tmp_path: Path
) -> None:
    key, editor, chance = admin_key(database_url), RandomEditor(), random.Random(3)
    with server_row(database_url) as server:
        for _ in range(_KILLS[dialect]):
            server.start()
            with _run_editor(editor, server.port, key):
                time.sleep(chance.uniform(*_LIVES[dialect]))
                server.kill()
        server.start()
        wait_until(lambda: _follows(server))
    services = bootstrap(Settings(database_url=database_url))
    try:
        assert list(services.search.flaws()) == []
        assert read_contents(tmp_path / "search") == read_contents(
            rebuild(services, tmp_path / "new")
        )
    finally:
        services.close()
    # Even on a busy machine, there was something to index between the kills.
    assert editor.done > 5


@pytest.mark.exhaustive_on("postgresql")
def test_one_of_two_processes_writes_and_the_other_takes_over(
    database_url: str, tmp_path: Path
) -> None:
    key = admin_key(database_url)
    with ExitStack() as stack:
        servers = [stack.enter_context(server_row(database_url)) for _ in range(2)]
        for server in servers:
            server.start()
        clients = [Client(server.port, key) for server in servers]
        for turn in range(6):
            title = f"Rain number {turn}"
            document = {"title": title, "language": "en", "status": "published"}
            assert clients[turn % 2].call("POST", "/v1/manage/articles", document)[0] == 201
            for client in clients:
                path = "/v1/search?q=rain&count=exact&sort=-published_at"
                results = client.call("GET", path)[2]
                assert (results["page"]["count"], results["data"][0]["title"]) == (turn + 1, title)
        for server in servers:
            wait_until(partial(_follows, server))
        servers[0].kill()
        clients[1].call("POST", "/v1/manage/articles", document | {"title": "Rain at last"})
        wait_until(lambda: _follows(servers[1]))
        assert clients[1].call("GET", "/v1/search?q=rain&count=exact")[2]["page"]["count"] == 7
        for client in clients:
            client.close()
