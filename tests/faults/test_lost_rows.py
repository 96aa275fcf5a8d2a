"""A database that is restored under running servers: they show and send its state."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.bootstrap import Services
from tests.conftest import key_for
from tests.faults.server import Client, ServerRow, server_row
from tests.rewinding import Copy
from tests.sync.stream_client import StreamClient

pytestmark = pytest.mark.slow


@pytest.fixture
def key(services: Services) -> str:
    return key_for(services, "publish")


@pytest.fixture
def running_server(database_url: str, key: str) -> Iterator[ServerRow]:
    """A running server."""
    with server_row(database_url) as row:
        row.start()
        yield row


def publish(editor: Client, title: str) -> dict[str, Any]:
    body = {"title": title, "language": "en", "status": "published"}
    status, _, article = editor.call("POST", "/v1/manage/articles", body)
    assert status == 201, article
    story: dict[str, Any] = article
    return story


def titles(reader: Client, path: str) -> set[str]:
    status, _, answer = reader.call("GET", path)
    return {item["title"] for item in answer["data"]} if status == 200 else set()


def test_a_server_notices_that_its_database_was_restored(
    running_server: ServerRow, key: str, database_url: str, tmp_path: Path
) -> None:
    editor, reader = Client(running_server.port, key), Client(running_server.port)
    listener = StreamClient(running_server.port).wait_for_start()
    older = publish(editor, "Rain kept")
    first = listener.next().id
    copy = Copy(database_url, tmp_path)
    publish(editor, "Rain lost")
    lost = listener.next().id
    _wait_for(reader, "/v1/search?q=rain", {"Rain kept", "Rain lost"})
    copy.restore()
    # The stream ends, so that its client returns with the id of its last event.
    assert listener.has_ended()
    _wait_for(reader, "/v1/headlines", {"Rain kept"})
    publish(editor, "Rain new")
    assert titles(reader, "/v1/headlines") == {"Rain kept", "Rain new"}
    _wait_for(reader, "/v1/search?q=rain", {"Rain kept", "Rain new"})
    again = StreamClient(running_server.port, last_event_id=lost)
    assert again.status == 410
    # A client that received none of the lost rows continues.
    going_on = StreamClient(running_server.port, last_event_id=first).wait_for_start()
    assert going_on.next().data["document"]["title"] == "Rain new"
    status, _, story = reader.call("GET", f"/v1/articles/{older['id']}")
    assert (status, story["title"]) == (200, "Rain kept")
    for item in (listener, again, going_on, editor, reader):
        item.close()
    copy.close()


def _wait_for(reader: Client, path: str, expected: set[str]) -> None:
    deadline = time.monotonic() + 60
    while titles(reader, path) != expected:
        assert time.monotonic() < deadline, path
        time.sleep(0.02)
