"""The hub in a deployment in which a product decides what can be read without a key."""

from collections.abc import Iterator

import feedparser
import pytest
from starlette.testclient import TestClient

from app.settings import Settings
from tests.clock import HandClock
from tests.newsroom import Newsroom
from tests.push.conftest import PUBLIC, Pushing
from tests.push.subscriber import Subscriber, subscriber

LATEST = f"{PUBLIC}/feeds/latest.rss"


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings(
        database_url=database_url,
        public_url=PUBLIC,
        push_networks="127.0.0.0/8",
        anonymous="open",
    )


@pytest.fixture
def reader() -> Iterator[Subscriber]:
    with subscriber() as running:
        yield running


def test_subscribers_get_what_the_product_includes_when_its_delay_is_over(
    newsroom: Newsroom,
    pushing: Pushing,
    client: TestClient,
    reader: Subscriber,
    clock: HandClock,
) -> None:
    newsroom.category("In")
    newsroom.category("Out")
    product = {"form": "headline", "delay_minutes": 30, "filter": {"category": ["in"]}}
    body = {"slug": "open", "name": "Open", **product}
    answer = newsroom.call("POST", "/products", json=body)
    assert answer.status_code == 201, answer.text
    form = {"hub.mode": "subscribe", "hub.topic": LATEST, "hub.callback": reader.url}
    assert client.post("/hub", data=form).status_code == 202
    pushing.settle()
    newsroom.story("Granted", categories=["in"], body="<p>Body</p>")
    newsroom.story("Other", categories=["out"])
    pushing.settle()
    assert reader.sent == []
    clock.advance(minutes=30)
    pushing.settle()
    ((_, sent),) = reader.sent
    assert [entry.title for entry in feedparser.parse(sent).entries] == ["Granted"]
    assert b"Body" not in sent
    pushing.settle()
    assert len(reader.sent) == 1
