"""Several server processes on one database never send responses from before an acknowledged write.

Writers and readers are interleaved at random. After one process has acknowledged a write, every
process is asked for everything that it could have cached, and must show the write.
"""

import random
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from app.access.commands.create_key import create_key
from app.bootstrap import bootstrap
from app.kit.sql.unit_of_work import Actor
from app.settings import Settings
from tests.faults.server import Client, server_row

pytestmark = pytest.mark.slow
_STEPS = 120
_STORIES = 4


@pytest.fixture
def key(database_url: str) -> str:
    services = bootstrap(Settings(database_url=database_url))
    new_key = services.runner.run(
        Actor(None, "tests"), lambda unit: create_key(unit, "desk", ["admin"])
    )
    services.close()
    return new_key.key


@pytest.fixture
def processes(database_url: str, key: str) -> Iterator[list[tuple[Client, Client]]]:
    """Two servers, each with connections of an editor and of a reader."""
    with ExitStack() as stack:
        servers = []
        for _ in range(2):
            server = stack.enter_context(server_row(database_url))
            server.start()
            servers.append((Client(server.port, key), Client(server.port)))
            for client in servers[-1]:
                stack.callback(client.close)
        yield servers


class Model:
    """What readers should see: titles of public stories, by id."""

    def __init__(self, editor: Client) -> None:
        self.public: dict[str, str] = {}
        self.versions: dict[str, int] = {}
        for number in range(_STORIES):
            document = {"title": f"Story {number}", "language": "en", "slug": f"s-{number}"}
            status, _, story = editor.call("POST", "/v1/manage/articles", document)
            assert status == 201
            self.versions[story["id"]] = story["version"]

    def step(self, editor: Client, chance: random.Random, number: int) -> None:
        """Publish, change or withdraw one story, and record the acknowledged state."""
        id_ = chance.choice(list(self.versions))
        if id_ in self.public and chance.random() < 0.3:
            answer = self._send(editor, "POST", id_, "/unpublish", {})
            del self.public[id_]
        else:
            body = {"title": f"Title {number}", "status": "published"}
            answer = self._send(editor, "PATCH", id_, "", body)
            self.public[id_] = body["title"]
        self.versions[id_] = answer["version"]

    def _send(self, editor: Client, method: str, id_: str, verb: str, body: Any) -> dict[str, Any]:
        path = f"/v1/manage/articles/{id_}{verb}"
        status, _, answer = editor.call(method, path, body, if_match=f'"v{self.versions[id_]}"')
        assert status == 200, answer
        document: dict[str, Any] = answer
        return document


@pytest.mark.exhaustive_on("sqlite")
def test_no_response_is_older_than_a_write_that_another_process_acknowledged(
    processes: list[tuple[Client, Client]],
) -> None:
    chance = random.Random(20261122)
    model = Model(processes[0][0])
    for number in range(_STEPS):
        editor, _ = chance.choice(processes)
        model.step(editor, chance, number)
        for _, reader in chance.sample(processes, len(processes)):
            _compare(reader, model)


def _compare(reader: Client, model: Model) -> None:
    _, headers, listed = reader.call("GET", "/v1/headlines")
    shown = {item["id"]: item["title"] for item in listed["data"]}
    assert shown == model.public, headers
    for id_ in model.versions:
        status, _, story = reader.call("GET", f"/v1/articles/{id_}")
        if id_ in model.public:
            assert (status, story["title"]) == (200, model.public[id_])
        else:
            assert status == 404
    _, _, unchanged = reader.call("GET", "/v1/headlines", if_none_match=headers["etag"])
    assert unchanged == b""
