"""Kills and embargoes in every format: marked if the format can mark them, otherwise hidden."""

import json
from xml.etree import ElementTree

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.worker import log_due_changes
from tests.clock import HandClock
from tests.newsroom import Newsroom
from tests.syndication.feeds.feed_parsers import (
    FORMATS,
    STORY_FORMATS,
    fetch,
    find_canceled,
    ids,
    withdrawn,
)

UNTIL = "2026-11-22T18:00:00Z"
TELLING = ("ninjs", "newsml")
G2 = "{http://iptc.org/std/nar/2006-10-01/}"


@pytest.fixture
def entitled(newsroom: Newsroom) -> dict[str, str]:
    """The headers of a reader with embargo access."""
    body = {"name": "partner", "scopes": ["read"], "embargoed": True}
    new_key = newsroom.call("POST", "/keys", json=body).json()
    return {"authorization": f"Bearer {new_key['key']}"}


def test_formats_mark_an_embargo_if_they_can(
    newsroom: Newsroom, client: TestClient, entitled: dict[str, str], clock: HandClock
) -> None:
    held = newsroom.story("Held", embargo_until=UNTIL)
    for ext in TELLING:
        for path in (f"/feeds/latest.{ext}", f"/v1/articles/held.{ext}"):
            assert UNTIL.encode() in fetch(client, path, **entitled), path
    whole = ElementTree.fromstring(fetch(client, "/v1/articles/held.newsml", **entitled))
    assert whole.findtext(f"{G2}itemMeta/{G2}embargoed") == UNTIL
    ninjs = json.loads(fetch(client, "/v1/articles/held.ninjs", **entitled))
    assert ninjs["embargoedUntil"] == UNTIL
    clock.advance(hours=7)
    assert "embargoedUntil" not in json.loads(fetch(client, "/v1/articles/held.ninjs", **entitled))
    assert ids(client, "/feeds/latest.rss") == [held["id"]]


def test_formats_that_cannot_mark_an_embargo_leave_the_story_out(
    newsroom: Newsroom, client: TestClient, entitled: dict[str, str]
) -> None:
    newsroom.story("Held", embargo_until=UNTIL)
    for ext in FORMATS:
        assert ids(client, f"/feeds/latest.{ext}") == []
        if ext not in TELLING:
            assert b"Held" not in fetch(client, f"/feeds/latest.{ext}", **entitled), ext
    for ext in STORY_FORMATS:
        assert client.get(f"/v1/articles/held.{ext}").status_code == 404
        expected = 200 if ext in TELLING else 404
        assert client.get(f"/v1/articles/held.{ext}", headers=entitled).status_code == expected


def test_a_killed_story_is_gone_in_every_format(newsroom: Newsroom, client: TestClient) -> None:
    story = newsroom.story("Wrong")
    newsroom.verb(story, "kill", notice="Names <the> wrong person.")
    for ext in STORY_FORMATS:
        answer = client.get(f"/v1/articles/wrong.{ext}")
        assert (answer.status_code, answer.json()["code"]) == (410, "killed")
    for ext in FORMATS:
        assert ids(client, f"/feeds/latest.{ext}") == []
    assert withdrawn(client) == [story["id"]]
    assert b"Names &lt;the&gt; wrong person." in fetch(client, "/feeds/latest.atom")
    for ext in TELLING:
        assert find_canceled(client, f"/feeds/latest.{ext}")[story["id"]] > story["version"]
    assert b"Names &lt;the&gt; wrong person." in fetch(client, "/feeds/latest.newsml")
    assert b"Names <the> wrong person." in fetch(client, "/feeds/latest.ninjs")


@pytest.mark.parametrize("ext", TELLING)
@pytest.mark.parametrize("verb", ["kill", "unpublish", "gone", "redirect", "delete", "expire"])
def test_every_withdrawal_is_a_cancellation(
    newsroom: Newsroom,
    client: TestClient,
    services: Services,
    clock: HandClock,
    ext: str,
    verb: str,
) -> None:
    path, other = f"/feeds/latest.{ext}", newsroom.story("Other")
    ends = {"expires_at": "2026-11-22T13:00:00Z"} if verb == "expire" else {}
    story = newsroom.story("Wrong", **ends)
    assert find_canceled(client, path) == {}
    if verb == "kill":
        newsroom.verb(story, "kill", notice="It was wrong.")
    elif verb == "delete":
        newsroom.delete(story)
    elif verb == "expire":
        clock.advance(hours=2)
        log_due_changes(services)
    else:
        more = {"gone": {"answer": "gone"}, "redirect": {"answer": "redirect"}}.get(verb, {})
        more = more | ({"redirect_to": other["id"]} if verb == "redirect" else {})
        newsroom.verb(story, "unpublish", **more)
    assert find_canceled(client, path).keys() == {story["id"]}
    assert ids(client, path) == [other["id"]]
    if verb not in {"kill", "delete", "expire"}:
        again = newsroom.call("GET", f"/articles/{story['id']}").json()
        newsroom.verb(again, "publish")
        assert find_canceled(client, path) == {}


@pytest.mark.parametrize("ext", TELLING)
def test_a_feed_cancels_only_its_own_stories(
    newsroom: Newsroom, client: TestClient, ext: str
) -> None:
    newsroom.source("One")
    newsroom.source("Two")
    story = newsroom.story("Wrong", source="one")
    newsroom.verb(story, "unpublish")
    assert find_canceled(client, f"/feeds/sources/one.{ext}").keys() == {story["id"]}
    assert find_canceled(client, f"/feeds/sources/two.{ext}") == {}
    assert find_canceled(client, f"/feeds/languages/fr.{ext}") == {}


def test_a_story_that_is_withdrawn_twice_has_one_tombstone(
    newsroom: Newsroom, client: TestClient
) -> None:
    gone = newsroom.verb(newsroom.story("Wrong"), "unpublish")
    newsroom.verb(gone, "kill", notice="It was wrong.")
    assert withdrawn(client) == [gone["id"]]
    assert b"It was wrong." in fetch(client, "/feeds/latest.atom")


def test_a_story_killed_under_embargo_leaves_no_tombstone(
    newsroom: Newsroom, client: TestClient, entitled: dict[str, str]
) -> None:
    held = newsroom.story("Held", embargo_until=UNTIL)
    newsroom.verb(held, "kill", notice="It was wrong.")
    assert withdrawn(client) == []
    assert find_canceled(client) == {}
    assert b"It was wrong." not in fetch(client, "/feeds/latest.atom", **entitled)
