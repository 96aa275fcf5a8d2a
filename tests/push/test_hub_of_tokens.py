"""The hub and feeds with a token: permissions, contents, and occurrences of the token."""

import logging
from collections.abc import Iterator
from typing import Any

import feedparser
import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.settings import Settings
from app.syndication.push.store import receivers
from tests.clock import HandClock
from tests.newsroom import Newsroom
from tests.partners.agreements import add_partner, add_product
from tests.push.conftest import PUBLIC, Pushing
from tests.push.subscriber import Subscriber, subscriber

_TOKENS = "/partners/partner/feed-tokens"


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings(
        database_url=database_url,
        public_url=PUBLIC,
        push_networks="127.0.0.0/8",
        anonymous="none",
    )


@pytest.fixture
def reader() -> Iterator[Subscriber]:
    with subscriber() as running:
        yield running


@pytest.fixture
def token(newsroom: Newsroom) -> dict[str, Any]:
    """A token for stories about bees, half an hour after their publication."""
    add_product(newsroom, "Bees", filter={"tag": ["bees"]}, delay_minutes=30)
    add_partner(newsroom, "bees")
    created = newsroom.call("POST", _TOKENS, json={"product": "bees"})
    assert created.status_code == 201, created.text
    value: dict[str, Any] = created.json()
    return value


def _find_topic(client: TestClient, token: dict[str, Any]) -> str:
    """Return the topic of a feed, as subscribers discover it."""
    answer = client.get(f"/feeds/latest.rss?token={token['token']}&limit=10")
    assert answer.links["hub"]["url"] == f"{PUBLIC}/hub"
    return answer.links["self"]["url"]


def _ask(client: TestClient, reader: Subscriber, topic: str, mode: str = "subscribe") -> Any:
    form = {"hub.mode": mode, "hub.topic": topic, "hub.callback": reader.url}
    return client.post("/hub", data=form)


def _require_counted(newsroom: Newsroom, id_: str, token: dict[str, Any], size: int) -> None:
    """Insist that a story which was sent once counts for the partner and the token."""
    (receipt,) = newsroom.call("GET", f"/articles/{id_}/recipients").json()["data"]
    assert (receipt["partner"], receipt["route"]) == ("partner", "websub")
    usage = newsroom.call("GET", "/usage?group_by=key,route&limit=100").json()["data"]
    (row,) = (row for row in usage if row["route"] == "websub")
    assert (row["requests"], row["stories"], row["bytes"]) == (1, 1, size)
    assert row["key"] == {"id": token["id"], "prefix": token["prefix"], "name": None}


def test_a_subscriber_gets_granted_stories_until_its_token_is_revoked(
    pushing: Pushing,
    newsroom: Newsroom,
    client: TestClient,
    services: Services,
    token: dict[str, Any],
    reader: Subscriber,
    clock: HandClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "dateline")
    topic = _find_topic(client, token)
    assert _ask(client, reader, topic).status_code == 202
    (verification,) = reader.verifications
    assert (verification["hub.mode"], verification["hub.topic"]) == ("subscribe", topic)
    story = newsroom.story("Granted", tags=["bees"])
    newsroom.story("Other")
    pushing.settle()
    assert reader.sent == []
    clock.advance(minutes=30)
    pushing.settle()
    ((headers, body),) = reader.sent
    assert [entry.title for entry in feedparser.parse(body).entries] == ["Granted"]
    canonical = f"{PUBLIC}/feeds/latest.rss?limit=10"
    assert headers["link"] == f'<{PUBLIC}/hub>; rel="hub", <{canonical}>; rel="self"'
    services.usage.write()
    _require_counted(newsroom, story["id"], token, len(body))
    audit = newsroom.call("GET", "/audit?verb=subscribed").json()["data"]
    assert audit[0]["after"]["topic"] == f"{canonical}&token={token['id']}"
    # The token is in what was asked, and nowhere else.
    secret = token["token"]
    assert secret not in str((headers, body, audit, caplog.text))
    assert services.database.file is None or not any(
        secret.encode() in path.read_bytes()
        for path in services.database.file.parent.glob(f"{services.database.file.name}*")
        if path.is_file()
    )
    # Renewals and ends are verified, too; without a confirmation, the subscription does not end.
    assert _ask(client, reader, topic).status_code == 202
    reader.agrees = False
    assert _ask(client, reader, topic, "unsubscribe").status_code == 202
    assert [query["hub.mode"] for query in reader.verifications] == [
        *("subscribe", "subscribe", "unsubscribe")
    ]
    newsroom.call("DELETE", f"{_TOKENS}/{token['id']}")
    newsroom.story("Late", tags=["bees"])
    clock.advance(minutes=31)
    pushing.settle()
    assert len(reader.sent) == 1
    services.push.tidy()
    with services.database.read() as session:
        assert not receivers.has_receivers(session)


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_topic_without_a_valid_token_is_refused(
    newsroom: Newsroom, client: TestClient, token: dict[str, Any], reader: Subscriber
) -> None:
    newsroom.call("DELETE", f"{_TOKENS}/{token['id']}")
    for text in (token["token"], token["id"], "", "dlf_unknown"):
        answer = _ask(client, reader, f"{PUBLIC}/feeds/latest.rss?token={text}")
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_hub_request"), text
        assert not text or text not in answer.text
    assert reader.verifications == []


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_pending_feed_is_not_sent_after_the_end_of_its_token(
    pushing: Pushing,
    newsroom: Newsroom,
    client: TestClient,
    token: dict[str, Any],
    reader: Subscriber,
    clock: HandClock,
) -> None:
    assert _ask(client, reader, _find_topic(client, token)).status_code == 202
    newsroom.story("Granted", tags=["bees"])
    clock.advance(minutes=31)
    reader.status = 500
    pushing.settle()
    newsroom.call("DELETE", f"{_TOKENS}/{token['id']}")
    reader.status = 204
    clock.advance(minutes=31)
    pushing.settle()
    assert len(reader.sent) == 1
    denied = reader.verifications[-1]
    assert (denied["hub.mode"], denied["hub.topic"]) == (
        "denied",
        f"{PUBLIC}/feeds/latest.rss?limit=10",
    )
