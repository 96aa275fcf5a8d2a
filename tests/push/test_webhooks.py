"""Webhooks: which events are sent, how they are signed, and which are never sent."""

import json
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from app.worker import log_due_changes
from tests.clock import HandClock
from tests.newsroom import Newsroom
from tests.push.conftest import EVERYTHING, PUBLIC, Pushing, events
from tests.receiver import Receiver


def test_each_step_in_the_life_of_a_story_is_an_event(
    pushing: Pushing, newsroom: Newsroom, receiver: Receiver, clock: HandClock
) -> None:
    pushing.webhook(receiver.url)
    story = newsroom.story("First", expires_at="2026-11-23T00:00:00Z")
    newsroom.verb(story, "correct", note="A name.", changes={"title": "Second"})
    pushing.settle()
    clock.advance(days=1)
    log_due_changes(pushing.services)
    pushing.settle()
    expected = ["article.published", "article.corrected", "article.expired"]
    assert events(receiver.requests) == [(event, story["id"]) for event in expected]
    first = json.loads(receiver.requests[0].body)
    assert first["timestamp"] == "2026-11-22T12:00:00Z"
    assert first["data"] == {
        "id": story["id"],
        "slug": "first",
        "version": 1,
        "url": f"{PUBLIC}/v1/articles/{story['id']}",
        "serial": first["data"]["serial"],
    }
    assert "slug" not in json.loads(receiver.requests[2].body)["data"]


def test_signatures_follow_standard_webhooks(
    pushing: Pushing, newsroom: Newsroom, receiver: Receiver, clock: HandClock
) -> None:
    clock.moment = datetime.now(UTC).replace(microsecond=0)
    webhook = pushing.webhook(receiver.url)
    newsroom.story("Signed")
    pushing.settle()
    rotated = pushing.verb(webhook, "rotate", hours=2)
    newsroom.story("Signed by both")
    pushing.settle()
    # Within the clock tolerance of the checker.
    first, both = receiver.requests
    assert Webhook(webhook["secret"]).verify(first.body, first.headers)
    for secret in (webhook["secret"], rotated["secret"]):
        assert Webhook(secret).verify(both.body, both.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(webhook["secret"]).verify(both.body + b" ", both.headers)
    clock.advance(hours=2)
    newsroom.story("Signed by the new one")
    pushing.settle()
    signed = receiver.requests[2].headers["webhook-signature"].split(" ")
    assert len(receiver.requests[1].headers["webhook-signature"].split(" ")) == 2
    assert len(signed) == 1


def test_a_filtered_webhook_receives_events_when_a_story_enters_and_leaves(
    pushing: Pushing, newsroom: Newsroom, receiver: Receiver
) -> None:
    newsroom.category("Morocco")
    newsroom.category("Tunisia")
    pushing.webhook(receiver.url, *EVERYTHING[:9], category=["morocco"])
    newsroom.story("Elsewhere", categories=["tunisia"])
    story = newsroom.story("Moves", categories=["morocco"])
    story = newsroom.patch(story, categories=["tunisia"], status="published")
    pushing.settle()
    newsroom.verb(story, "kill", notice="It was wrong.")
    pushing.settle()
    # It received the story, so it receives the kill, although the story had left its selection.
    expected = ["article.published", "article.left", "article.killed"]
    assert events(receiver.requests) == [(event, story["id"]) for event in expected]


def test_a_story_that_was_never_public_causes_no_event(
    pushing: Pushing, newsroom: Newsroom, receiver: Receiver, clock: HandClock
) -> None:
    pushing.webhook(receiver.url)
    newsroom.article("A draft")
    later = newsroom.story("Embargoed", embargo_until="2026-11-23T00:00:00Z")
    killed = newsroom.story("Scheduled", published_at="2026-11-24T00:00:00Z")
    newsroom.verb(killed, "kill", notice="Never to be.")
    deleted = newsroom.story("Deleted", published_at="2026-11-24T00:00:00Z")
    newsroom.delete(deleted)
    pushing.settle()
    assert receiver.requests == []
    clock.advance(days=1)
    log_due_changes(pushing.services)
    pushing.settle()
    assert events(receiver.requests) == [("article.published", later["id"])]


def test_a_future_slug_is_not_disclosed(
    pushing: Pushing, newsroom: Newsroom, receiver: Receiver
) -> None:
    pushing.webhook(receiver.url)
    story = newsroom.story("Open")
    story = newsroom.verb(story, "unpublish")
    story = newsroom.patch(story, slug="secret-merger")
    newsroom.verb(story, "publish", published_at="2026-12-24T00:00:00Z")
    pushing.settle()
    assert [event for event, _ in events(receiver.requests)] == [
        "article.published",
        "article.unpublished",
    ]
    assert not any(b"secret-merger" in request.body for request in receiver.requests)


def test_a_kill_replaces_pending_deliveries(
    pushing: Pushing, newsroom: Newsroom, receiver: Receiver, clock: HandClock
) -> None:
    webhook = pushing.webhook(receiver.url, "article.published")
    receiver.answer = lambda _: 503
    story = newsroom.story("Libel in the title")
    pushing.settle()
    assert len(receiver.requests) == 1
    receiver.answer = lambda _: 204
    newsroom.verb(story, "kill", notice="Withdrawn.")
    clock.advance(hours=1)
    pushing.settle()
    assert events(receiver.requests[1:]) == [("article.killed", story["id"])]
    assert json.loads(receiver.requests[1].body)["data"]["notice"] == "Withdrawn."
    first, second = pushing.log(webhook)
    assert (first["state"], first["body"]) == ("dropped", None)
    assert second["state"] == "delivered"
    # An event that was replaced cannot be sent again, either.
    assert pushing.verb(webhook, "replay", since="2026-11-01T00:00:00Z") == {"deliveries": 1}


def test_a_kill_is_respected_before_the_log_is_followed(
    pushing: Pushing, newsroom: Newsroom, receiver: Receiver, clock: HandClock
) -> None:
    pushing.webhook(receiver.url)
    receiver.answer = lambda _: 503
    story = newsroom.story("Libel")
    pushing.settle()
    newsroom.verb(story, "kill", notice="Withdrawn.")
    clock.advance(hours=1)
    # As if the process that follows the log had been slow.
    pushing.services.push.sender.start()
    pushing.until(lambda: pushing.services.push.sender.is_idle)
    assert (
        len([event for event in events(receiver.requests) if event[0] == "article.published"]) == 1
    )


def test_changes_of_sources_and_categories_are_events(
    pushing: Pushing, newsroom: Newsroom, receiver: Receiver
) -> None:
    pushing.webhook(receiver.url, "source.updated", "category.updated")
    source, category = newsroom.source("Agency"), newsroom.category("World")
    newsroom.story("Nothing to them")
    newsroom.delete(category, "categories")
    pushing.settle()
    assert sorted(events(receiver.requests)) == sorted(
        [
            ("source.updated", source["id"]),
            ("category.updated", category["id"]),
            ("category.updated", category["id"]),
        ]
    )


def test_a_category_below_a_moved_one_has_an_event_with_its_own_version(
    pushing: Pushing, newsroom: Newsroom, receiver: Receiver
) -> None:
    newsroom.category("World")
    africa = newsroom.category("Africa")
    country = newsroom.category("Country", parent="africa")
    pushing.webhook(receiver.url, "category.updated")
    newsroom.patch(africa, "categories", parent="world")
    pushing.settle()
    assert sorted(events(receiver.requests)) == sorted(
        [("category.updated", africa["id"]), ("category.updated", country["id"])]
    )
    events_data = [json.loads(request.body)["data"] for request in receiver.requests]
    versions = {data["id"]: data["version"] for data in events_data}
    assert versions == {africa["id"]: 2, country["id"]: 1}
