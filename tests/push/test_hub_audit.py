"""The audit of feed subscriptions: what a callback confirmed, and the client that requested it."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.newsroom import Newsroom
from tests.push.conftest import PUBLIC, Pushing
from tests.push.subscriber import Subscriber, subscriber
from tests.push.test_hub import ask

LATEST = f"{PUBLIC}/feeds/latest.rss"


@pytest.fixture
def reader() -> Iterator[Subscriber]:
    """A subscriber on loopback."""
    with subscriber() as running:
        yield running


def _rows(newsroom: Newsroom) -> list[dict[str, Any]]:
    data: list[dict[str, Any]] = newsroom.call("GET", "/audit?type=subscription").json()["data"]
    return data[::-1]


def test_a_subscription_and_its_end_are_audited(
    pushing: Pushing, newsroom: Newsroom, client: TestClient, reader: Subscriber
) -> None:
    assert ask(client, reader, secret="quiet") == 202
    # Without a confirmation there is no subscription.
    assert _rows(newsroom) == []
    pushing.settle()
    (subscribed,) = _rows(newsroom)
    subscription = {"topic": LATEST, "callback": reader.url}
    assert (subscribed["verb"], subscribed["before"], subscribed["after"]) == (
        "subscribed",
        None,
        subscription,
    )
    by = {"key": None, "person": None, "name": "hub"}
    assert (subscribed["by"], subscribed["address"]) == (by, "testclient")
    assert subscribed["request_id"]
    assert ask(client, reader, mode="unsubscribe") == 202
    pushing.settle()
    _, unsubscribed = _rows(newsroom)
    assert (unsubscribed["verb"], unsubscribed["before"], unsubscribed["after"]) == (
        "unsubscribed",
        subscription,
        None,
    )
    assert unsubscribed["subject"] == subscribed["subject"]
    assert "quiet" not in str(_rows(newsroom))


def test_a_callback_that_does_not_confirm_is_not_audited(
    pushing: Pushing, newsroom: Newsroom, client: TestClient, reader: Subscriber
) -> None:
    reader.agrees = False
    assert ask(client, reader) == 202
    pushing.settle()
    assert _rows(newsroom) == []
