"""Deliveries arrive in order, are retried, and do not delay deliveries to other receivers."""

import threading

import pytest

from app.bootstrap import Services
from app.syndication.push.retry_schedule import RETRY_DELAYS, retry_delay
from app.syndication.push.store import deliveries
from tests.clock import HandClock
from tests.newsroom import Newsroom
from tests.push.conftest import Pushing, events
from tests.receiver import Receiver, receiving


def test_events_of_a_story_arrive_in_order(
    pushing: Pushing, newsroom: Newsroom, receiver: Receiver, clock: HandClock
) -> None:
    pushing.webhook(receiver.url)
    receiver.answer = lambda _: 500 if len(receiver.requests) < 2 else 204
    story = newsroom.story("One")
    for title in ("Two", "Three"):
        story = newsroom.patch(story, title=title, status="published")
    pushing.settle()
    assert len(receiver.requests) == 1
    for _ in range(4):
        clock.advance(minutes=1)
        pushing.settle()
    types = [event for event, _ in events(receiver.requests)]
    assert types == ["article.published"] * 3 + ["article.updated"] * 2
    ids = [request.headers["webhook-id"] for request in receiver.requests]
    assert len(set(ids[:3])) == 1
    assert len(set(ids)) == 3


@pytest.mark.slow
def test_a_hanging_receiver_delays_no_other(
    pushing: Pushing, newsroom: Newsroom, receiver: Receiver
) -> None:
    ended = threading.Event()
    with receiving() as slow:
        slow.answer = lambda _: 204 if ended.wait(30) else 500
        pushing.webhook(slow.url)
        pushing.webhook(receiver.url)
        for number in range(20):
            newsroom.story(f"Story {number}")
        pushing.until(lambda: len(receiver.requests) == 20)
        assert not slow.requests
        ended.set()
        pushing.settle()
        assert len(slow.requests) == 20


def test_a_receiver_that_was_down_for_an_hour_receives_everything(
    pushing: Pushing, newsroom: Newsroom, clock: HandClock
) -> None:
    with receiving() as receiver:
        webhook = pushing.webhook(receiver.url)
        receiver.answer = lambda _: 502
        expected = set()
        for number in range(12):
            expected.add(newsroom.story(f"Story {number}")["id"])
            pushing.settle()
            clock.advance(minutes=5)
        tried = len(receiver.requests)
        assert tried < 40
        assert pushing.view(webhook)["failing_since"] == "2026-11-22T12:00:00Z"
        receiver.answer = lambda _: 204
        clock.advance(minutes=10)
        pushing.settle()
        clock.advance(minutes=60)
        pushing.settle()
        assert {id_ for _, id_ in events(receiver.requests[tried:])} == expected
        assert {delivery["state"] for delivery in pushing.log(webhook)} == {"delivered"}
        assert pushing.view(webhook)["failing_since"] is None


def test_a_refused_delivery_does_not_block_others_to_the_receiver(
    pushing: Pushing, newsroom: Newsroom, receiver: Receiver, clock: HandClock
) -> None:
    bad = newsroom.story("Unbearable")
    webhook = pushing.webhook(receiver.url)
    receiver.answer = lambda request: 500 if bad["id"].encode() in request.body else 204
    newsroom.patch(bad, title="Still", status="published")
    for number in range(5):
        newsroom.story(f"Story {number}")
        pushing.settle()
        clock.advance(seconds=1)
    assert [delivery["state"] for delivery in pushing.log(webhook)] == ["pending"] + [
        "delivered"
    ] * 5


def test_after_the_last_attempt_a_delivery_fails_and_can_be_replayed(
    pushing: Pushing, newsroom: Newsroom, receiver: Receiver, clock: HandClock
) -> None:
    webhook = pushing.webhook(receiver.url)
    bad = newsroom.story("Unbearable")
    receiver.answer = lambda request: 500 if bad["id"].encode() in request.body else 204
    for _ in range(len(RETRY_DELAYS) + 1):
        # All other deliveries arrive, so that the webhook is not paused.
        newsroom.story("Fine")
        pushing.settle()
        clock.advance(hours=30)
    (failed,) = [delivery for delivery in pushing.log(webhook) if delivery["subject"] == bad["id"]]
    assert (failed["state"], failed["attempts"], failed["status"]) == ("failed", 12, 500)
    receiver.answer = lambda _: 204
    assert pushing.verb(webhook, "replay", state="failed") == {"deliveries": 1}
    pushing.settle()
    assert events(receiver.requests[-1:]) == [("article.published", bad["id"])]
    assert receiver.requests[-1].headers["webhook-id"] == failed["id"]


def test_retry_delays_grow_from_seconds_to_a_day_with_jitter() -> None:
    assert (RETRY_DELAYS[0], RETRY_DELAYS[-1]) == (5, 86_400)
    assert list(RETRY_DELAYS) == sorted(RETRY_DELAYS)
    tried = {retry_delay(1) for _ in range(20)}
    assert len(tried) > 1
    assert all(delay is not None and 5 <= delay.total_seconds() <= 6 for delay in tried)
    assert retry_delay(len(RETRY_DELAYS) + 1) is None


def test_nothing_is_sent_after_a_410(
    pushing: Pushing, newsroom: Newsroom, receiver: Receiver
) -> None:
    webhook = pushing.webhook(receiver.url)
    receiver.answer = lambda _: 410
    newsroom.story("First")
    pushing.settle()
    newsroom.story("Second")
    pushing.settle()
    assert len(receiver.requests) == 1
    view = pushing.view(webhook)
    assert (view["state"], view["reason"]) == (
        "disabled",
        "The receiver answered 410: it is gone.",
    )
    (noted,) = newsroom.call("GET", f"/audit?subject={webhook['id']}&verb=disabled").json()["data"]
    assert noted["by"]["name"] == "push"


def test_a_dead_receiver_is_paused_and_receives_everything_when_resumed(
    pushing: Pushing, newsroom: Newsroom, receiver: Receiver, clock: HandClock
) -> None:
    webhook = pushing.webhook(receiver.url)
    receiver.answer = lambda _: 500
    first = newsroom.story("First")
    for _ in range(12):
        pushing.settle()
        clock.advance(hours=12)
    assert pushing.view(webhook)["state"] == "paused"
    tried = len(receiver.requests)
    second = newsroom.story("Second")
    pushing.settle()
    assert len(receiver.requests) == tried
    receiver.answer = lambda _: 204
    pushing.verb(webhook, "resume")
    pushing.settle()
    assert {id_ for _, id_ in events(receiver.requests[tried:])} == {first["id"], second["id"]}


def test_a_test_event_arrives_and_its_answer_can_be_read(
    pushing: Pushing, receiver: Receiver
) -> None:
    webhook = pushing.webhook(receiver.url, "source.updated")
    sent = pushing.verb(webhook, "test")
    pushing.settle()
    path = f"/webhooks/{webhook['id']}/deliveries/{sent['id']}"
    delivery = pushing.newsroom.call("GET", path).json()
    assert (delivery["state"], delivery["status"], delivery["attempts"]) == (
        "delivered",
        204,
        1,
    )
    assert receiver.requests[0].headers["webhook-id"] == sent["id"]
    assert delivery["body"]["type"] == "webhook.test"


def test_old_deliveries_are_deleted(
    pushing: Pushing, newsroom: Newsroom, receiver: Receiver, services: Services, clock: HandClock
) -> None:
    webhook = pushing.webhook(receiver.url)
    newsroom.story()
    pushing.settle()
    clock.advance(days=31)
    services.push.tidy()
    assert pushing.log(webhook) == []


@pytest.mark.parametrize(
    ("status", "state"), [(204, "delivered"), (500, "dropped"), (410, "dropped")]
)
@pytest.mark.parametrize("arrives", ["kill", "disable"])
def test_a_delivery_dropped_in_flight_is_listed_with_its_outcome(
    pushing: Pushing,
    newsroom: Newsroom,
    receiver: Receiver,
    status: int,
    state: str,
    arrives: str,
) -> None:
    received, goes_on = threading.Event(), threading.Event()
    statuses = [status]

    def answer(_: object) -> int:
        received.set()
        assert goes_on.wait(30)
        return statuses.pop() if statuses else 204

    receiver.answer = answer
    webhook, story = pushing.webhook(receiver.url), newsroom.story("Wrong")
    pushing.until(received.is_set)
    if arrives == "kill":
        newsroom.verb(story, "kill", notice="It was wrong.")
        pushing.services.push.run_step()
    else:
        with pushing.services.database.write() as session:
            deliveries.drop(session, webhook["id"])
    dropped = pushing.log(webhook)[0]
    assert (dropped["state"], dropped["attempts"]) == ("dropped", 0)
    goes_on.set()
    pushing.settle()
    first, *rest = pushing.log(webhook)
    assert (first["event"], first["state"], first["attempts"]) == ("article.published", state, 1)
    assert (first["status"], first["due_at"]) == (status, None)
    assert first["tried_at"] is not None
    assert [delivery["event"] for delivery in rest] == (
        ["article.killed"] if arrives == "kill" else []
    )


def test_a_delivery_that_was_never_sent_has_no_attempts(
    pushing: Pushing, newsroom: Newsroom, receiver: Receiver
) -> None:
    webhook = pushing.webhook(receiver.url)
    pushing.verb(webhook, "pause")
    newsroom.verb(newsroom.story("Wrong"), "kill", notice="It was wrong.")
    pushing.settle()
    pushing.verb(webhook, "resume")
    pushing.settle()
    first, last = pushing.log(webhook)
    assert (first["event"], first["state"], first["attempts"]) == (
        "article.published",
        "dropped",
        0,
    )
    assert (last["event"], last["state"], last["attempts"]) == ("article.killed", "delivered", 1)
