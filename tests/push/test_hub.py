"""The WebSub hub, with a subscriber that follows the specification."""

import hashlib
import hmac
from collections.abc import Iterator

import feedparser
import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.worker import log_due_changes
from tests.clock import HandClock
from tests.newsroom import Newsroom
from tests.push.conftest import PUBLIC, Pushing
from tests.push.subscriber import Subscriber, subscriber

LATEST = f"{PUBLIC}/feeds/latest.rss"


@pytest.fixture
def reader() -> Iterator[Subscriber]:
    """A subscriber on loopback."""
    with subscriber() as running:
        yield running


def ask(client: TestClient, reader: Subscriber, topic: str = LATEST, **more: str) -> int:
    """Send a request to the hub and return the status."""
    form = {"hub.mode": "subscribe", "hub.topic": topic, "hub.callback": reader.url}
    form |= {f"hub.{name}": value for name, value in more.items()}
    return client.post("/hub", data=form).status_code


def test_a_confirmed_subscriber_receives_the_feed_when_it_changes(
    pushing: Pushing, newsroom: Newsroom, client: TestClient, reader: Subscriber
) -> None:
    assert ask(client, reader, secret="quiet", lease_seconds="7200") == 202
    pushing.settle()
    (verification,) = reader.verifications
    assert (verification["mine"], verification["hub.mode"], verification["hub.topic"]) == (
        "1",
        "subscribe",
        LATEST,
    )
    assert verification["hub.lease_seconds"] == "7200"
    newsroom.story("Pushed")
    pushing.settle()
    ((headers, body),) = reader.sent
    assert headers["content-type"].startswith("application/rss+xml")
    assert headers["link"] == f'<{PUBLIC}/hub>; rel="hub", <{LATEST}>; rel="self"'
    signed = hmac.new(b"quiet", body, hashlib.sha256).hexdigest()
    assert headers["x-hub-signature"] == f"sha256={signed}"
    assert [entry.title for entry in feedparser.parse(body).entries] == ["Pushed"]
    assert body == client.get("/feeds/latest.rss").content


def test_a_pushed_feed_equals_the_one_read_for_every_spelling_of_its_address(
    pushing: Pushing, newsroom: Newsroom, client: TestClient, reader: Subscriber
) -> None:
    topic = f"{LATEST}?limit=20&kind=news&author=Zoe%CC%88"
    assert ask(client, reader, topic) == 202
    pushing.settle()
    newsroom.story("Pushed", authors=[{"name": "Zoë"}])
    pushing.settle()
    ((headers, body),) = reader.sent
    assert f'<{topic}>; rel="self"' in headers["link"]
    assert body == client.get(topic.removeprefix(PUBLIC)).content


def test_a_callback_that_does_not_confirm_receives_nothing(
    pushing: Pushing, newsroom: Newsroom, client: TestClient, reader: Subscriber
) -> None:
    reader.agrees = False
    assert ask(client, reader) == 202
    pushing.settle()
    newsroom.story()
    pushing.settle()
    assert (len(reader.verifications), reader.sent) == (1, [])


def test_a_verification_without_an_answer_is_repeated(
    pushing: Pushing,
    newsroom: Newsroom,
    client: TestClient,
    reader: Subscriber,
    clock: HandClock,
) -> None:
    reader.is_broken = True
    assert ask(client, reader) == 202
    pushing.settle()
    newsroom.story("Before anybody agreed")
    pushing.settle()
    assert (len(reader.verifications), reader.sent) == (1, [])
    reader.is_broken = False
    clock.advance(minutes=1)
    pushing.settle()
    reader.is_broken = True
    assert ask(client, reader, mode="unsubscribe") == 202
    pushing.settle()
    newsroom.story("Still subscribed")
    pushing.settle()
    assert len(reader.sent) == 1


def test_only_feeds_that_changed_are_sent(
    pushing: Pushing, newsroom: Newsroom, client: TestClient, reader: Subscriber
) -> None:
    newsroom.category("Morocco")
    newsroom.category("Tunisia")
    pushing.settle()
    assert ask(client, reader, f"{PUBLIC}/feeds/categories/morocco.atom") == 202
    pushing.settle()
    newsroom.story("Elsewhere", categories=["tunisia"])
    newsroom.article("A draft", categories=["morocco"])
    newsroom.story("Later", categories=["morocco"], published_at="2026-12-24T00:00:00Z")
    pushing.settle()
    assert reader.sent == []
    story = newsroom.story("Here", categories=["morocco"])
    pushing.settle()
    newsroom.verb(story, "kill", notice="Wrong.")
    pushing.settle()
    first, second = (body for _, body in reader.sent)
    assert b"Here" in first
    assert b"Here" not in second
    assert b"deleted-entry" in second


def test_a_lease_ends_and_can_be_renewed(
    pushing: Pushing,
    newsroom: Newsroom,
    client: TestClient,
    reader: Subscriber,
    services: Services,
    clock: HandClock,
) -> None:
    for _ in range(2):
        assert ask(client, reader, lease_seconds="1") == 202
        pushing.settle()
        assert reader.verifications[-1]["hub.lease_seconds"] == "3600"
        clock.advance(minutes=40)
    newsroom.story("Within the second lease")
    pushing.settle()
    assert len(reader.sent) == 1
    clock.advance(hours=1)
    newsroom.story("After it")
    services.push.tidy()
    pushing.settle()
    assert len(reader.sent) == 1


def test_unsubscribing_is_verified_too(
    pushing: Pushing, newsroom: Newsroom, client: TestClient, reader: Subscriber
) -> None:
    ask(client, reader)
    pushing.settle()
    reader.agrees = False
    assert ask(client, reader, mode="unsubscribe") == 202
    pushing.settle()
    newsroom.story("Still")
    pushing.settle()
    assert len(reader.sent) == 1
    reader.agrees = True
    ask(client, reader, mode="unsubscribe")
    pushing.settle()
    newsroom.story("No more")
    pushing.settle()
    assert [query["hub.mode"] for query in reader.verifications] == [
        "subscribe",
        *["unsubscribe"] * 2,
    ]
    assert len(reader.sent) == 1


def test_a_subscriber_that_was_down_receives_the_current_feed(
    pushing: Pushing,
    newsroom: Newsroom,
    client: TestClient,
    reader: Subscriber,
    clock: HandClock,
) -> None:
    ask(client, reader)
    pushing.settle()
    reader.status = 503
    for number in range(3):
        newsroom.story(f"Story {number}")
        pushing.settle()
        clock.advance(minutes=10)
    reader.status = 204
    clock.advance(minutes=10)
    pushing.settle()
    body = reader.sent[-1][1]
    assert len(feedparser.parse(body).entries) == 3


def test_a_removed_feed_ends_its_subscriptions(
    pushing: Pushing, newsroom: Newsroom, client: TestClient, reader: Subscriber
) -> None:
    category = newsroom.category("Morocco")
    ask(client, reader, f"{PUBLIC}/feeds/categories/morocco.json")
    pushing.settle()
    newsroom.delete(category, "categories")
    pushing.settle()
    assert reader.verifications[-1]["hub.mode"] == "denied"
    newsroom.story()
    pushing.settle()
    assert reader.sent == []


def test_an_embargoed_story_is_pushed_at_the_end_of_its_embargo(
    pushing: Pushing,
    newsroom: Newsroom,
    client: TestClient,
    reader: Subscriber,
    services: Services,
    clock: HandClock,
) -> None:
    ask(client, reader, f"{PUBLIC}/feeds/latest.ninjs")
    pushing.settle()
    newsroom.story("Embargoed", embargo_until="2026-11-23T00:00:00Z")
    pushing.settle()
    assert reader.sent == []
    clock.advance(days=1)
    log_due_changes(services)
    pushing.settle()
    assert b"Embargoed" in reader.sent[0][1]


_NO_SUBSCRIPTIONS = (
    ("mode", "publish"),
    ("topic", "http://elsewhere.example/feeds/latest.rss"),
    ("topic", f"{PUBLIC}/v1/articles"),
    ("topic", f"{PUBLIC}/feeds/latest.pdf"),
    ("topic", f"{PUBLIC}/feeds/latest.rss?nope=1"),
    ("topic", f"{PUBLIC}/feeds/categories/nowhere.rss"),
    ("callback", "ftp://127.0.0.1/"),
    ("callback", "http://10.0.0.1/"),
    ("callback", "http://user:pw@127.0.0.1/"),
    ("lease_seconds", "soon"),
    ("secret", "x" * 200),
)


def test_invalid_subscription_requests_are_refused(client: TestClient, reader: Subscriber) -> None:
    form = {"hub.mode": "subscribe", "hub.topic": LATEST, "hub.callback": reader.url}
    for field, value in _NO_SUBSCRIPTIONS:
        answer = client.post("/hub", data=form | {f"hub.{field}": value})
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_hub_request"), field


def test_feeds_link_to_the_hub_and_themselves(client: TestClient) -> None:
    rss = client.get("/feeds/latest.rss")
    links = {link["rel"]: link["url"] for link in rss.links.values()}
    assert links["hub"] == f"{PUBLIC}/hub"
    assert links["self"] == LATEST
    assert f'<atom:link href="{PUBLIC}/hub" rel="hub"/>' in rss.text
    assert f'<link rel="hub" href="{PUBLIC}/hub"/>' in client.get("/feeds/latest.atom").text
    assert client.get("/feeds/latest.json").json()["hubs"] == [
        {"type": "WebSub", "url": f"{PUBLIC}/hub"}
    ]
