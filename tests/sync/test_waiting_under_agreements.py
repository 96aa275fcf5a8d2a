"""Long polls and streams under an agreement get stories on time, and end with it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from app.api.app import create_app
from app.bootstrap import Services
from tests.clock import HandClock
from tests.newsroom import Newsroom
from tests.server.serving import port_of, serve
from tests.sync.stream_client import StreamClient


@dataclass
class Agreement:
    """A partner with a product of delayed stories, until the end of its agreement."""

    product: dict[str, Any]
    ends_at: datetime
    headers: dict[str, str]


@pytest.fixture
def agreement(newsroom: Newsroom, clock: HandClock) -> Agreement:
    def create(path: str, **body: Any) -> dict[str, Any]:
        response = newsroom.call("POST", path, json=body)
        assert response.status_code == 201, response.text
        created: dict[str, Any] = response.json()
        return created

    ends_at = clock.now() + timedelta(hours=2)
    product = create(
        "/products", slug="delayed", name="Delayed", filter={}, form="full", delay_minutes=30
    )
    partner = create(
        "/partners", slug="p", name="P", products=["delayed"], ends_at=ends_at.isoformat()
    )
    key = create("/keys", name="K", scopes=["read"], partner=partner["id"])["key"]
    return Agreement(product, ends_at, {"authorization": f"Bearer {key}"})


Act = Callable[[HandClock, Newsroom, Agreement], object]


def advance_time(clock: HandClock, _newsroom: Newsroom, _agreement: Agreement) -> None:
    clock.advance(minutes=31)


def end_the_agreement(clock: HandClock, _newsroom: Newsroom, agreement: Agreement) -> None:
    # At the end of the agreement, the delay of the story is over as well.
    clock.moment = agreement.ends_at


def change_the_product(clock: HandClock, newsroom: Newsroom, agreement: Agreement) -> None:
    newsroom.patch(agreement.product, "products", archive_days=1)
    clock.advance(minutes=31)


def shorten_the_agreement(clock: HandClock, newsroom: Newsroom, _agreement: Agreement) -> None:
    partner = newsroom.call("GET", "/partners/p").json()
    ends_at = clock.now() + timedelta(minutes=10)
    newsroom.patch(partner, "partners", ends_at=ends_at.isoformat())
    clock.moment = ends_at


@pytest.mark.parametrize(
    ("act", "status"),
    [
        (advance_time, 200),
        (end_the_agreement, 410),
        (shorten_the_agreement, 410),
        (change_the_product, 410),
    ],
)
def test_a_long_poll_ends_when_time_or_the_agreement_changes_its_answer(
    act: Act,
    status: int,
    client: TestClient,
    newsroom: Newsroom,
    clock: HandClock,
    agreement: Agreement,
) -> None:
    headers = agreement.headers
    answer = client.get("/v1/changes", headers=headers).json()
    story = newsroom.story("Delayed")
    path = f"/v1/changes?cursor={answer['cursor']}"
    answer = client.get(path, headers=headers).json()
    assert answer["data"] == []

    def wait() -> Response:
        path = f"/v1/changes?cursor={answer['cursor']}&wait=60"
        return client.get(path, headers=headers)

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(wait)
        act(clock, newsroom, agreement)
        response = waiting.result(timeout=50)
    assert response.status_code == status, response.text
    if status == 200:
        (change,) = response.json()["data"]
        assert (change["id"], change["reason"]) == (story["id"], "published")
        assert change["at"] == "2026-11-22T12:30:00Z"
    else:
        assert response.json()["code"] == "rights_changed"


@pytest.mark.parametrize("act", [end_the_agreement, change_the_product])
def test_a_stream_sends_delayed_stories_and_ends_with_the_agreement(
    act: Act,
    services: Services,
    newsroom: Newsroom,
    clock: HandClock,
    agreement: Agreement,
) -> None:
    bearer = agreement.headers["authorization"]
    with serve(create_app(services)) as server:
        listener = StreamClient(port_of(server), authorization=bearer).wait_for_start()
        stories = [newsroom.story(title) for title in ("First", "Second")]
        clock.advance(minutes=31)
        events = [listener.next() for _ in stories]
        assert {event.data["id"] for event in events} == {story["id"] for story in stories}
        again = StreamClient(
            port_of(server), authorization=bearer, last_event_id=events[0].id
        ).wait_for_start()
        assert again.next().data == events[1].data
        newsroom.story("Too late")
        act(clock, newsroom, agreement)
        for client in (listener, again):
            assert client.has_ended()
            assert b"Too late" not in client.rest
            client.close()
