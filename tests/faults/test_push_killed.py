"""A server that is killed while it sends webhooks: no loss, and repetitions with one id."""

import json
import time

import pytest

from app.bootstrap import Services
from tests.conftest import key_for
from tests.faults.server import Client, server_row
from tests.receiver import ReceivedRequest, receiving
from tests.worker.test_purge_loop import wait_until

_TIMEOUT = 60
_ROUNDS = 2
_STORIES = 8


@pytest.mark.exhaustive_on("postgresql")
@pytest.mark.slow
def test_no_delivery_is_lost_and_repeated_ones_have_the_same_id(
    services: Services, database_url: str
) -> None:
    key = key_for(services, "admin")
    options = {"push_networks": "127.0.0.0/8", "worker_interval": 0.05, "busy_timeout": _TIMEOUT}
    published: set[str] = set()
    with receiving() as receiver, server_row(database_url, **options) as server:

        def slowly(_: ReceivedRequest) -> int:
            time.sleep(0.02)
            return 204

        receiver.answer = slowly
        for round_ in range(_ROUNDS):
            server.start()
            client = Client(server.port, key)
            if not round_:
                _subscribe(client, receiver.url)
            for number in range(_STORIES):
                published.add(_publish(client, f"Story {round_} {number}"))
            client.close()
            # Some of them are on their way now, and some responses are not yet recorded.
            receiver.wait_for(round_ * _STORIES + 3)
            server.kill()
        server.start()
        wait_until(lambda: _group_by_story(receiver.requests).keys() >= published)
        wait_until(lambda: services.push.status().pending == 0)
    assert _group_by_story(receiver.requests).keys() == published
    assert all(len(ids) == 1 for ids in _group_by_story(receiver.requests).values())


def _group_by_story(requests: list[ReceivedRequest]) -> dict[str, set[str]]:
    """Return the ids of the events about each story."""
    ids_by_story: dict[str, set[str]] = {}
    for item in list(requests):
        id_ = json.loads(item.body)["data"]["id"]
        ids_by_story.setdefault(id_, set()).add(item.headers["webhook-id"])
    return ids_by_story


def _subscribe(client: Client, url: str) -> None:
    body = {"url": url, "events": ["article.published"]}
    assert client.call("POST", "/v1/manage/webhooks", body)[0] == 201


def _publish(client: Client, title: str) -> str:
    document = {"title": title, "language": "en", "status": "published"}
    status, _, story = client.call("POST", "/v1/manage/articles", document)
    assert status == 201
    id_: str = story["id"]
    return id_
