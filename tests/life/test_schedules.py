"""A story is scheduled in local time or at an instant, and can be moved or cancelled."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.content import local_time
from app.worker import clean_up, log_due_changes
from tests.api.reading import titles
from tests.clock import HandClock
from tests.life.log import reasons
from tests.newsroom import MERGE_PATCH, Newsroom
from tests.transfer.helpers import import_all, list_inconsistencies


def schedule(newsroom: Newsroom, article: dict[str, Any], **order: Any) -> dict[str, Any]:
    return newsroom.verb(article, "schedule", **order)


def test_a_story_is_published_at_its_scheduled_instant(
    newsroom: Newsroom, client: TestClient, clock: HandClock
) -> None:
    story = schedule(newsroom, newsroom.article("Soon"), at="2026-11-22T14:00:00+01:00")
    assert (story["state"], story["published_at"]) == ("scheduled", "2026-11-22T13:00:00Z")
    assert (story["time_zone"], story["first_published_at"]) == (None, "2026-11-22T13:00:00Z")
    clock.advance(minutes=59)
    assert titles(client) == []
    clock.advance(minutes=1)
    assert titles(client) == ["Soon"]


def test_a_schedule_keeps_its_local_time_and_zone(newsroom: Newsroom) -> None:
    story = schedule(
        newsroom, newsroom.article(), at="2027-03-29T09:00", time_zone="Africa/Casablanca"
    )
    assert story["published_at"] == "2027-03-29T08:00:00Z"
    assert story["scheduled_at_local"] == "2027-03-29T09:00:00"
    assert story["time_zone"] == "Africa/Casablanca"
    scheduled = newsroom.verb(newsroom.patch(story, summary="S"), "publish")
    assert (scheduled["state"], scheduled["time_zone"]) == ("scheduled", "Africa/Casablanca")
    moved = newsroom.verb(scheduled, "publish", published_at="2027-03-30T08:00:00Z")
    assert (moved["scheduled_at_local"], moved["time_zone"]) == (None, None)


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_missing_or_ambiguous_local_time_is_refused(newsroom: Newsroom) -> None:
    article = newsroom.article()
    paris = {"time_zone": "Europe/Paris"}
    for order, pointer, code in (
        ({"at": "2027-03-28T02:30", **paris}, "#/at", "no_such_time"),
        ({"at": "2027-10-31T02:30", **paris}, "#/at", "ambiguous_time"),
        ({"at": "2027-02-30T02:30", **paris}, "#/at", "bad_instant"),
        ({"at": "tomorrow", **paris}, "#/at", "bad_instant"),
        ({"at": "9999-12-31T23:59", "time_zone": "Etc/GMT+12"}, "#/at", "bad_instant"),
        ({"at": "2027-03-28T09:00"}, "#/time_zone", "required"),
        ({"at": "2027-03-28T09:00:00Z", **paris}, "#/time_zone", "not_allowed"),
        ({"at": "2027-03-28T09:00", "time_zone": "Mars/Base"}, "#/time_zone", "bad_time_zone"),
        ({"at": "2027-03-28T09:00", "time_zone": "../x"}, "#/time_zone", "bad_time_zone"),
        *(
            ({"at": "2027-03-28T09:00", "time_zone": name}, "#/time_zone", "bad_time_zone")
            for name in ("localtime", "posixrules", "right/Europe/Paris")
        ),
        ({"at": "2026-11-22T12:00:00Z"}, "#/at", "in_the_past"),
        ({}, "#/at", "required"),
    ):
        path = f"/articles/{article['id']}/schedule"
        answer = newsroom.call("POST", path, json=order, headers={"if-match": "*"})
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["pointer"], error["code"]) == (422, pointer, code), order
    assert "2027-10-31T00:30:00Z or 2027-10-31T01:30:00Z" in _find_detail(newsroom, article)


def _find_detail(newsroom: Newsroom, article: dict[str, Any]) -> str:
    order = {"at": "2027-10-31T02:30", "time_zone": "Europe/Paris"}
    path = f"/articles/{article['id']}/schedule"
    detail: str = newsroom.call("POST", path, json=order, headers={"if-match": "*"}).json()[
        "detail"
    ]
    return detail


def test_a_schedule_can_be_moved_and_cancelled_until_it_is_due(
    newsroom: Newsroom, client: TestClient, services: Services, clock: HandClock
) -> None:
    story = schedule(newsroom, newsroom.article("Soon"), at="2026-11-22T13:00:00Z")
    clock.advance(minutes=59)
    story = schedule(newsroom, story, at="2026-11-22T15:00:00Z")
    clock.advance(hours=1)
    assert titles(client) == []
    cancelled = schedule(newsroom, story, at=None)
    assert (cancelled["state"], cancelled["published_at"]) == ("draft", None)
    assert cancelled["first_published_at"] is None
    clock.advance(days=1)
    log_due_changes(services)
    assert (titles(client), reasons(services), list_inconsistencies(services)) == ([], [], [])
    story = schedule(newsroom, cancelled, at="2026-11-24T00:00:00Z")
    clock.advance(days=1)
    for at in (None, "2026-12-01T00:00:00Z"):
        path = f"/articles/{story['id']}/schedule"
        late = newsroom.call("POST", path, json={"at": at}, headers={"if-match": "*"})
        assert late.json()["code"] == "wrong_state"
    assert titles(client) == ["Soon"]
    history = newsroom.call("GET", f"/articles/{story['id']}/revisions").json()["data"]
    actions = [revision["action"] for revision in history]
    assert actions == ["scheduled", "unscheduled", "scheduled", "scheduled", "created"]


def test_cancelling_a_schedule_restores_the_earlier_state(
    newsroom: Newsroom, clock: HandClock
) -> None:
    story = newsroom.verb(newsroom.story("Here"), "unpublish", answer="gone")
    clock.advance(hours=1)
    again = schedule(newsroom, story, at="2026-11-30T00:00:00Z")
    assert (again["state"], again["answer"]) == ("scheduled", "gone")
    back = schedule(newsroom, again, at=None)
    assert (back["state"], back["answer"]) == ("unpublished", "gone")
    assert back["first_published_at"] == "2026-11-22T12:00:00Z"


class _NewRules:
    """A zone whose clocks were moved by an hour after the story was scheduled."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(local_time, "ZoneInfo", lambda _: ZoneInfo("Europe/London"))


def test_new_time_zone_rules_keep_the_local_time_of_a_schedule(
    newsroom: Newsroom,
    client: TestClient,
    services: Services,
    clock: HandClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nine = {"at": "2026-12-01T09:00", "time_zone": "Africa/Casablanca"}
    first = schedule(newsroom, newsroom.article("Current"), **nine)
    second = schedule(newsroom, newsroom.article("Behind"), **nine)
    newsroom.patch(second, title="Ahead")
    newsroom.verb(newsroom.article("An instant"), "schedule", at="2026-12-01T08:00:00Z")
    clean_up(services)
    assert newsroom.call("GET", f"/articles/{first['id']}").json()["version"] == first["version"]
    _NewRules(monkeypatch)
    clean_up(services)
    clean_up(services)
    for story, version in ((first, 3), (second, 5)):
        now = newsroom.call("GET", f"/articles/{story['id']}").json()
        assert (now["published_at"], now["version"]) == ("2026-12-01T09:00:00Z", version)
        assert (now["scheduled_at_local"], now["time_zone"]) == (
            "2026-12-01T09:00:00",
            "Africa/Casablanca",
        )
    clock.moment = datetime(2026, 12, 1, 8, 30, tzinfo=UTC)
    assert titles(client) == ["An instant"]
    clock.advance(minutes=30)
    assert sorted(titles(client)) == ["An instant", "Behind", "Current"]
    assert list_inconsistencies(services) == []


def test_the_time_zone_database_is_installed() -> None:
    """A minimal system has no time zones; then the package must be installed."""
    assert local_time.load_time_zone("Africa/Casablanca").key == "Africa/Casablanca"


def _find_pointers(answer: Response) -> tuple[int, str, str]:
    (error,) = answer.json()["errors"]
    return answer.status_code, error["pointer"], error["code"]


SOON, LATER = "2026-11-23T08:00:00Z", "2026-11-23T09:00:00Z"


@pytest.mark.parametrize("at", [SOON, LATER])
def test_a_schedule_after_the_expiry_is_refused(newsroom: Newsroom, at: str) -> None:
    draft = newsroom.article("Short-lived", expires_at=SOON)
    match, path = {"if-match": "*"}, f"/articles/{draft['id']}"
    patch = match | {"content-type": MERGE_PATCH}
    new = {"title": "T", "language": "en", "published_at": at, "expires_at": SOON}
    local = {"at": "2026-11-23T09:00", "time_zone": "Europe/Berlin"}
    refused: tuple[tuple[str, str, dict[str, Any], dict[str, str], str], ...] = (
        ("POST", f"{path}/schedule", {"at": at}, match, "#/at"),
        ("POST", f"{path}/schedule", local, match, "#/at"),
        ("POST", f"{path}/publish", {"published_at": at}, match, "#/published_at"),
        ("PATCH", path, {"published_at": at, "status": "published"}, patch, "#/expires_at"),
        ("POST", "/articles", new | {"status": "published"}, {}, "#/expires_at"),
    )
    for method, where, body, headers, pointer in refused:
        answer = newsroom.call(method, where, json=body, headers=headers)
        assert _find_pointers(answer) == (422, pointer, "never_public"), where
        assert SOON in answer.json()["detail"]
    assert newsroom.call("GET", path).json() == draft
    assert newsroom.verb(draft, "schedule", at="2026-11-23T07:59:59Z")["state"] == "scheduled"


def test_a_past_publication_may_have_expired(newsroom: Newsroom, services: Services) -> None:
    past = {"published_at": "2020-01-01T00:00:00Z", "expires_at": "2020-02-01T00:00:00Z"}
    assert newsroom.story("Archive", **past)["state"] == "expired"
    assert newsroom.story("At once", expires_at="2020-01-01T00:00:00Z")["state"] == "expired"
    backwards = {"published_at": "2020-02-01T00:00:00Z", "expires_at": "2020-01-01T00:00:00Z"}
    assert newsroom.story("Backwards", **backwards)["state"] == "expired"
    # A working copy may have any dates, and an embargo is no schedule: some readers have access.
    newsroom.article("Draft", published_at=LATER, expires_at=SOON)
    held = newsroom.story("Held", expires_at=SOON, embargo_until=LATER)
    assert newsroom.verb(held, "publish")["state"] == "scheduled"
    assert list_inconsistencies(services) == []


def test_an_import_accepts_any_schedule(newsroom: Newsroom, services: Services) -> None:
    line = {"type": "article", "slug": "never", "title": "T", "language": "en"}
    instants = {"published_at": LATER, "expires_at": SOON}
    import_all(services, line | instants | {"status": "published"})
    assert newsroom.call("GET", "/articles/never").json()["state"] == "scheduled"
