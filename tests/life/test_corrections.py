"""A correction changes the public copy and adds a note; the working copy may be ahead."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from tests.api.reading import read, titles
from tests.clock import HandClock
from tests.life.log import reasons
from tests.newsroom import Newsroom

NOTE = "The bridge is in Salé, not in Rabat."


def correct(newsroom: Newsroom, article: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return newsroom.verb(article, "correct", note=NOTE, changes=changes)


def test_a_correction_changes_the_public_story_and_its_notes(
    newsroom: Newsroom, client: TestClient, services: Services, clock: HandClock
) -> None:
    story = newsroom.story("A bridge in Rabat", tags=["bridges"])
    clock.advance(hours=1)
    after = correct(newsroom, story, title="A bridge in Salé", dateline="SALÉ")
    at = "2026-11-22T13:00:00Z"
    public = read(client, f"/v1/articles/{story['id']}")
    assert (public["title"], public["tags"]) == ("A bridge in Salé", ["bridges"])
    assert public["corrections"] == [{"at": at, "note": NOTE}] == after["corrections"]
    assert (public["updated_at"], public["published_at"]) == (at, story["published_at"])
    assert (after["version"], after["published_version"], public["version"]) == (2, 2, 2)
    assert reasons(services) == ["published", "corrected"]


def test_the_notes_of_corrections_are_in_order(newsroom: Newsroom, client: TestClient) -> None:
    story = newsroom.verb(newsroom.story(), "correct", note="First.")
    newsroom.verb(story, "correct", note="Second.", changes={})
    notes = read(client, f"/v1/articles/{story['id']}")["corrections"]
    assert [note["note"] for note in notes] == ["First.", "Second."]


def test_a_working_copy_ahead_is_corrected_and_stays_ahead(
    newsroom: Newsroom, client: TestClient, clock: HandClock
) -> None:
    ahead = newsroom.patch(newsroom.story("Wrong", summary="S"), title="New", summary="Not yet")
    clock.advance(hours=1)
    after = correct(newsroom, ahead, dateline="SALÉ")
    public = read(client, f"/v1/articles/{ahead['id']}")
    assert (public["title"], public["summary"], public["dateline"]) == ("Wrong", "S", "SALÉ")
    assert (after["title"], after["summary"], after["dateline"]) == ("New", "Not yet", "SALÉ")
    assert (after["version"], after["published_version"], public["version"]) == (4, 3, 3)
    assert (after["status"], after["corrections"]) == ("draft", public["corrections"])
    published = newsroom.verb(after, "publish")
    assert titles(client) == ["New"]
    assert read(client, f"/v1/articles/{ahead['id']}")["corrections"] == published["corrections"]


def test_a_revision_has_the_note_of_its_correction(newsroom: Newsroom) -> None:
    story = correct(newsroom, newsroom.story())
    listed = newsroom.call("GET", f"/articles/{story['id']}/revisions").json()["data"]
    assert [(story["action"], story["note"]) for story in listed] == [
        ("corrected", NOTE),
        ("published", None),
    ]


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_only_a_public_story_can_be_corrected(newsroom: Newsroom, clock: HandClock) -> None:
    stories = [
        newsroom.article("Draft"),
        newsroom.story("Ahead", published_at="2026-12-01T00:00:00Z"),
        newsroom.story("Over", expires_at="2026-11-22T12:00:30Z"),
        newsroom.verb(newsroom.story("Gone"), "unpublish"),
        newsroom.delete(newsroom.story("Deleted")).json(),
    ]
    clock.advance(minutes=1)
    for story in stories:
        tag = {"if-match": f'"v{story["version"]}"'}
        path = f"/articles/{story['id']}/correct"
        answer = newsroom.call("POST", path, json={"note": NOTE}, headers=tag)
        assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state"), story["title"]


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_correction_needs_a_note_and_cannot_change_dates(newsroom: Newsroom) -> None:
    story = newsroom.story()
    for body, pointer, code in (
        ({"changes": {"title": "T"}}, "#/note", "required"),
        ({"note": " "}, "#/note", "too_short"),
        ({"note": NOTE, "changes": {"status": "draft"}}, "#/changes/status", "not_allowed"),
        (
            {"note": NOTE, "changes": {"published_at": None}},
            "#/changes/published_at",
            "not_allowed",
        ),
        ({"note": NOTE, "changes": {"titel": "T"}}, "#/titel", "unknown_field"),
    ):
        path = f"/articles/{story['id']}/correct"
        answer = newsroom.call("POST", path, json=body, headers={"if-match": '"v1"'})
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["pointer"], error["code"]) == (422, pointer, code)


def test_the_state_of_a_corrected_story_is_that_of_its_public_copy(
    newsroom: Newsroom, client: TestClient
) -> None:
    """The dates of the working copy take effect when it is published."""
    story = newsroom.story("Out")
    later = newsroom.patch(
        story, published_at="2026-12-01T00:00:00Z", expires_at="2026-11-01T00:00:00Z"
    )
    assert (later["state"], titles(client)) == ("published", ["Out"])
    rows = newsroom.call("GET", "/articles?state=published").json()["data"]
    assert [result["title"] for result in rows] == ["Out"]
