"""Webhooks for every event, and the example of the guide, which misses no removal."""

import json
from typing import get_args

import pytest

from app.syndication.push.events import EVENTS, EVERY_EVENT
from app.syndication.push.inputs import Event
from tests.migrations.paths import ROOT
from tests.newsroom import Newsroom
from tests.push.conftest import Pushing, events
from tests.receiver import Receiver


def test_an_asterisk_selects_every_event() -> None:
    assert set(get_args(Event)) == {EVERY_EVENT, *EVENTS}


@pytest.mark.parametrize("named", [["*"], ["*", "article.killed"]])
def test_a_webhook_may_select_every_event(
    pushing: Pushing, newsroom: Newsroom, receiver: Receiver, named: list[str]
) -> None:
    webhook = pushing.webhook(receiver.url, *named)
    assert webhook["events"] == sorted(named)
    category = newsroom.category("World")
    source = newsroom.source("Wire")
    story = newsroom.story("One")
    story = newsroom.patch(story, title="Two", status="published")
    story = newsroom.verb(story, "correct", note="It was three.")
    story = newsroom.verb(story, "unpublish")
    newsroom.verb(newsroom.verb(story, "publish"), "kill", notice="It was wrong.")
    newsroom.delete(newsroom.story("Other"))
    pushing.settle()
    types = {event for event, _ in events(receiver.requests)}
    assert types >= {"category.updated", "source.updated", "article.deleted", "article.killed"}
    (published,) = {id_ for event, id_ in events(receiver.requests) if event == "article.killed"}
    assert published == story["id"]
    assert {category["id"], source["id"]} <= {id_ for _, id_ in events(receiver.requests)}


def test_a_new_event_is_sent_to_webhooks_for_every_event(
    pushing: Pushing, newsroom: Newsroom, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An event of a later version is not in the list of this version.
    monkeypatch.setattr(
        "app.syndication.push.delivery_creation.find_event", lambda *_: "poll.closed"
    )
    pushing.webhook(receiver.url, "*")
    pushing.webhook(receiver.url, *(event for event in EVENTS))
    newsroom.story("One")
    pushing.settle()
    assert [event for event, _ in events(receiver.requests)] == ["poll.closed"]


def test_the_first_example_of_the_guide_receives_every_removal() -> None:
    text = (ROOT / "docs" / "push.md").read_text(encoding="utf-8")
    example = text.partition("POST /v1/manage/webhooks\n")[2].partition("```")[0]
    removing = {
        f"article.{reason}" for reason in ("unpublished", "killed", "expired", "deleted", "left")
    }
    assert removing <= set(json.loads(example)["events"]) <= set(EVENTS)
