"""A clock that is set back hides no released story, from readers or from the newsroom."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.worker import log_due_changes
from tests.api.reading import titles
from tests.clock import HandClock
from tests.newsroom import Newsroom
from tests.transfer.helpers import list_inconsistencies

AT_ONE = "2026-11-22T13:00:00Z"


@pytest.fixture(params=["by a verb", "by the clock"])
def story(
    request: pytest.FixtureRequest, newsroom: Newsroom, clock: HandClock, services: Services
) -> dict[str, Any]:
    """A story that was published at 13:00, before the clock is set back to 12:30."""
    scheduled = request.param == "by the clock"
    article = newsroom.article("Out")
    if scheduled:
        article = newsroom.verb(article, "schedule", at=AT_ONE)
    clock.advance(hours=1)
    article = article if scheduled else newsroom.verb(article, "publish")
    log_due_changes(services)
    clock.advance(hours=-0.5)
    return article


def test_a_released_story_stays_published_in_the_newsroom(
    story: dict[str, Any], newsroom: Newsroom, client: TestClient
) -> None:
    assert titles(client) == ["Out"]
    assert newsroom.call("GET", f"/articles/{story['id']}").json()["state"] == "published"
    for state, count in (("published", 1), ("scheduled", 0)):
        listed = newsroom.call("GET", f"/articles?state={state}").json()["data"]
        assert len(listed) == count
    refused = newsroom.call(
        "POST", f"/articles/{story['id']}/schedule", json={"at": None}, headers={"if-match": "*"}
    )
    assert refused.status_code == 409


def _publish(newsroom: Newsroom, story: dict[str, Any]) -> dict[str, Any]:
    return newsroom.verb(newsroom.patch(story, title="New"), "publish")


def _minor(newsroom: Newsroom, story: dict[str, Any]) -> dict[str, Any]:
    return newsroom.verb(newsroom.patch(story, title="New"), "publish", update="minor")


def _correct(newsroom: Newsroom, story: dict[str, Any]) -> dict[str, Any]:
    return newsroom.verb(story, "correct", note="N.", changes={"title": "New"})


@pytest.mark.parametrize("change", [_publish, _minor, _correct])
def test_a_change_of_a_released_story_does_not_hide_it(
    story: dict[str, Any],
    newsroom: Newsroom,
    client: TestClient,
    services: Services,
    change: Callable[[Newsroom, dict[str, Any]], dict[str, Any]],
) -> None:
    changed = change(newsroom, story)
    assert changed["state"] == "published"
    assert changed["published_at"] == AT_ONE
    assert titles(client) == ["New"]
    assert list_inconsistencies(services) == []


def test_a_withdrawn_story_keeps_its_first_publication(
    story: dict[str, Any], newsroom: Newsroom, client: TestClient, clock: HandClock
) -> None:
    gone = newsroom.verb(story, "unpublish", answer="gone")
    assert client.get(f"/v1/articles/{story['slug']}").status_code == 410
    newsroom.delete(gone)
    back = newsroom.call(
        "POST", f"/articles/{story['id']}/restore", json={}, headers={"if-match": "*"}
    )
    assert back.json()["state"] == "unpublished"
    again = newsroom.verb(back.json(), "publish", published_at="2026-11-22T12:30:00Z")
    assert (again["state"], titles(client)) == ("published", ["Out"])
    clock.advance(hours=-2)
    assert titles(client) == ["Out"]


def test_a_scheduled_story_stays_scheduled_while_the_clock_jumps(
    newsroom: Newsroom, client: TestClient, clock: HandClock, services: Services
) -> None:
    newsroom.story("Held", embargo_until="2026-11-22T16:00:00Z")
    newsroom.verb(newsroom.article("Later"), "schedule", at="2026-11-22T15:00:00Z")
    for hours in (2, -1, 1.5, -2, 0.5):
        clock.advance(hours=hours)
        log_due_changes(services)
        assert titles(client) == []
    clock.advance(hours=2.5)
    log_due_changes(services)
    assert titles(client) == ["Later"]
    clock.advance(hours=-1)
    assert titles(client) == ["Later"]
