"""Webhooks in tests: a deployment that may send to loopback, and receivers there."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.bootstrap import Services
from app.settings import Settings
from tests.newsroom import Newsroom
from tests.receiver import ReceivedRequest, Receiver, receiving

_TIMEOUT = 30
PUBLIC = "http://testserver"


@pytest.fixture
def settings(database_url: str) -> Settings:
    """A deployment with a public address that may send to this machine."""
    return Settings(database_url=database_url, public_url=PUBLIC, push_networks="127.0.0.0/8")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver on loopback."""
    with receiving() as loopback_receiver:
        yield loopback_receiver


class Pushing:
    """Webhook deliveries, driven step by step."""

    def __init__(self, services: Services, newsroom: Newsroom) -> None:
        self.services = services
        self.newsroom = newsroom
        # Its log position is stored here, before anything happens.
        self.services.push.run_step()

    def webhook(self, url: str, *events: str, **filter_: list[str]) -> dict[str, Any]:
        """Create a webhook for some events, or for all events."""
        body = {"url": url, "events": list(events) or EVERYTHING, "filter": filter_}
        answer = self.newsroom.call("POST", "/webhooks", json=body)
        assert answer.status_code == 201, answer.text
        created: dict[str, Any] = answer.json()
        return created

    def verb(self, webhook: dict[str, Any], verb: str, **body: Any) -> dict[str, Any]:
        """Apply a verb to a webhook."""
        answer = self.newsroom.call("POST", f"/webhooks/{webhook['id']}/{verb}", json=body or None)
        assert answer.is_success, answer.text
        done: dict[str, Any] = answer.json()
        return done

    def view(self, webhook: dict[str, Any]) -> dict[str, Any]:
        """Return a webhook."""
        view: dict[str, Any] = self.newsroom.call("GET", f"/webhooks/{webhook['id']}").json()
        return view

    def log(self, webhook: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the deliveries to a webhook, oldest first."""
        path = f"/webhooks/{webhook['id']}/deliveries?limit=100"
        data: list[dict[str, Any]] = self.newsroom.call("GET", path).json()["data"]
        return data[::-1]

    def settle(self) -> None:
        """Send everything that is due, and wait for the responses."""
        push = self.services.push
        ends = time.monotonic() + _TIMEOUT
        push.run_step()
        while not push.sender.is_idle:
            assert time.monotonic() < ends
            push.sender.wait(0.1)
            push.run_step()

    def until(self, true: Callable[[], object]) -> None:
        """Continue until a condition is true."""
        ends = time.monotonic() + _TIMEOUT
        while not true():
            assert time.monotonic() < ends
            self.services.push.run_step()
            self.services.push.sender.wait(0.01)


EVERYTHING = [
    *(
        f"article.{reason}"
        for reason in "published updated corrected unpublished killed expired deleted left "
        "restored".split()
    ),
    "source.updated",
    "category.updated",
]


@pytest.fixture
def pushing(services: Services, newsroom: Newsroom) -> Pushing:
    """Webhook deliveries of the deployment under test."""
    return Pushing(services, newsroom)


def events(requests: list[ReceivedRequest]) -> list[tuple[str, str]]:
    """Return types and ids of the received events."""
    import json

    bodies = [json.loads(request.body) for request in requests]
    return [(body["type"], body["data"].get("id", "")) for body in bodies]
