"""Embargoed changes reach readers with embargo access, and change nothing for others."""

from collections.abc import Callable
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import select
from starlette.testclient import TestClient

from app.access.entitlement import EMBARGOED, PUBLIC
from app.bootstrap import Services
from app.delivery.models import EmbargoedRow
from app.worker import log_due_changes, trim_log_in_batches
from tests.clock import HandClock
from tests.conftest import embargo_key
from tests.life.log import rows
from tests.newsroom import Newsroom
from tests.sync.offline_app import OfflineApp

UNTIL, LATER = "2026-11-22T18:00:00Z", "2026-11-22T20:00:00Z"
ReceivedRequest = list[tuple[str, str, str]]


def follow_changes(entries: list[dict[str, Any]]) -> ReceivedRequest:
    return [(change["op"], change["reason"], change["id"]) for change in entries]


@pytest.fixture
def headers(services: Services) -> dict[str, str]:
    return embargo_key(services)


@pytest.fixture
def anybody(client: TestClient) -> OfflineApp:
    app = OfflineApp(client)
    app.catch_up()
    return app


@pytest.fixture
def partner(client: TestClient, headers: dict[str, str]) -> OfflineApp:
    app = OfflineApp(client, headers=headers)
    app.catch_up()
    return app


def test_embargo_access_gets_changes_when_a_story_is_offered_changed_and_released(
    newsroom: Newsroom,
    services: Services,
    clock: HandClock,
    anybody: OfflineApp,
    partner: OfflineApp,
) -> None:
    story = newsroom.story("Held", embargo_until=UNTIL)
    (entry,) = partner.catch_up()
    assert follow_changes([entry]) == [("upsert", "published", story["id"])]
    document = entry["document"]
    assert (document["embargoed"], document["embargo_until"]) == (True, UNTIL)
    story = newsroom.patch(story, title="Changed", status="published")
    story = newsroom.patch(story, embargo_until=LATER, status="published")
    (entry,) = partner.catch_up()
    assert follow_changes([entry]) == [("upsert", "updated", story["id"])]
    assert entry["document"]["embargo_until"] == LATER
    assert anybody.catch_up() == []
    clock.advance(hours=9)
    log_due_changes(services)
    expected = [("upsert", "published", story["id"])]
    assert (follow_changes(partner.catch_up()), follow_changes(anybody.catch_up())) == (
        expected,
        expected,
    )
    assert "embargoed" not in partner.copies["article"][story["id"]]
    assert partner.list_stories() == anybody.list_stories() == anybody.load_expected()


def test_lifting_an_embargo_releases_the_story_for_all_readers(
    newsroom: Newsroom, anybody: OfflineApp, partner: OfflineApp
) -> None:
    story = newsroom.story("Held", embargo_until=UNTIL)
    partner.catch_up()
    newsroom.patch(story, embargo_until=None, status="published")
    assert follow_changes(partner.catch_up()) == [("upsert", "published", story["id"])]
    assert follow_changes(anybody.catch_up()) == [("upsert", "published", story["id"])]
    assert partner.list_stories() == anybody.list_stories() == anybody.load_expected()


def test_the_worker_logs_stories_offered_by_time(
    newsroom: Newsroom,
    services: Services,
    clock: HandClock,
    anybody: OfflineApp,
    partner: OfflineApp,
) -> None:
    story = newsroom.article("Held", embargo_until=UNTIL)
    story = newsroom.verb(story, "schedule", at="2026-11-22T15:00:00Z")
    assert (log_due_changes(services), partner.catch_up()) == (0, [])
    clock.advance(hours=4)
    assert (log_due_changes(services), log_due_changes(services)) == (1, 0)
    assert follow_changes(partner.catch_up()) == [("upsert", "published", story["id"])]
    assert anybody.catch_up() == []


Ending = Callable[[Newsroom, dict[str, Any]], Any]
_ENDINGS: dict[str, Ending] = {
    "killed": lambda newsroom, story: newsroom.verb(story, "kill", notice="Wrong."),
    "unpublished": lambda newsroom, story: newsroom.verb(story, "unpublish"),
    "deleted": lambda newsroom, story: newsroom.delete(story),
}


@pytest.mark.parametrize("reason", _ENDINGS)
def test_an_unpublished_embargoed_story_is_removed_for_embargo_access(
    reason: str,
    newsroom: Newsroom,
    client: TestClient,
    headers: dict[str, str],
    anybody: OfflineApp,
    partner: OfflineApp,
) -> None:
    other = OfflineApp(client, "tag=b", headers)
    other.catch_up()
    story = newsroom.story("Held", embargo_until=UNTIL, tags=["a"])
    partner.catch_up()
    _ENDINGS[reason](newsroom, story)
    (entry,) = partner.catch_up()
    assert follow_changes([entry]) == [("remove", reason, story["id"])]
    assert entry.get("notice") == ("Wrong." if reason == "killed" else None)
    assert anybody.catch_up() == other.catch_up() == []


def test_a_kill_reaches_readers_of_a_story_unpublished_without_notice(
    newsroom: Newsroom, anybody: OfflineApp, partner: OfflineApp
) -> None:
    story = newsroom.story("Held", embargo_until=UNTIL)
    partner.catch_up()
    story = newsroom.verb(story, "unpublish")
    partner.catch_up()
    newsroom.verb(story, "kill", notice="Wrong.")
    (entry,) = partner.catch_up()
    assert (entry["reason"], entry["notice"]) == ("killed", "Wrong.")
    assert anybody.catch_up() == []


def test_an_embargoed_story_leaves_a_filter_and_is_rescheduled(
    newsroom: Newsroom, client: TestClient, headers: dict[str, str], anybody: OfflineApp
) -> None:
    story = newsroom.story("Held", embargo_until=UNTIL, tags=["a"])
    app = OfflineApp(client, "tag=a", headers)
    assert [change["id"] for change in app.catch_up()] == [story["id"]]
    story = newsroom.patch(story, tags=["b"], status="published")
    assert follow_changes(app.catch_up()) == [("remove", "left", story["id"])]
    story = newsroom.patch(story, tags=["a"], status="published")
    app.catch_up()
    newsroom.patch(story, published_at=LATER, status="published")
    assert follow_changes(app.catch_up()) == [("remove", "unpublished", story["id"])]
    # Published with other tags: readers who had it under the old tags get the change.
    again = newsroom.story("Again", embargo_until=UNTIL, tags=["a"])
    app.catch_up()
    newsroom.patch(again, embargo_until=None, tags=["b"], status="published")
    assert follow_changes(app.catch_up()) == [("remove", "left", again["id"])]
    assert [change["reason"] for change in anybody.catch_up()] == ["published"]


def test_a_story_put_under_embargo_is_removed_for_other_readers_only(
    newsroom: Newsroom, anybody: OfflineApp, partner: OfflineApp
) -> None:
    story = newsroom.story("Out")
    anybody.catch_up()
    partner.catch_up()
    newsroom.patch(story, embargo_until=UNTIL, status="published")
    assert follow_changes(anybody.catch_up()) == [("remove", "unpublished", story["id"])]
    assert follow_changes(partner.catch_up()) == [("upsert", "updated", story["id"])]
    assert partner.list_stories() == partner.load_expected()


def test_changes_of_translations_and_categories_match_embargo_access(
    newsroom: Newsroom, anybody: OfflineApp, partner: OfflineApp
) -> None:
    world, city = newsroom.category("World"), newsroom.category("City")
    public = newsroom.story("Out", categories=[city["id"]])
    anybody.catch_up()
    partner.catch_up()
    held = newsroom.story(
        "Held",
        embargo_until=UNTIL,
        translation_of=public["id"],
        language="fr",
        categories=[city["id"]],
    )
    changes = partner.catch_up()
    assert {change["id"] for change in changes} == {public["id"], held["id"]}
    assert partner.list_stories() == partner.load_expected()
    public = newsroom.patch(public, title="Changed", slug="changed", status="published")
    assert {change["id"] for change in partner.catch_up()} == {public["id"], held["id"]}
    assert [change["id"] for change in anybody.catch_up()] == [public["id"]]
    newsroom.patch(city, "categories", parent=world["id"])
    partner.catch_up()
    assert partner.list_stories() == partner.load_expected()
    newsroom.verb(held, "unpublish")
    partner.catch_up()
    assert partner.list_stories() == partner.load_expected()


def test_changes_during_a_snapshot_follow_it(
    newsroom: Newsroom, client: TestClient, headers: dict[str, str]
) -> None:
    stories = [newsroom.story(f"Out {number}") for number in range(3)]
    first = newsroom.story("First", embargo_until=UNTIL)
    app = OfflineApp(client, headers=headers)
    while len(app.changes) < 3:
        assert app.step(limit=1)
    second = newsroom.story("Second", embargo_until=LATER)
    first = newsroom.verb(newsroom.patch(first, summary="S"), "publish")
    app.catch_up(limit=1)
    ids = [change["id"] for change in app.changes]
    assert ids[:3] == [story["id"] for story in stories]
    # In their current state, and as changes since the start of the snapshot.
    assert sorted(ids[3:]) == sorted([first["id"], second["id"]] * 2)
    assert app.list_stories() == app.load_expected()
    assert all(change["at"] < UNTIL for change in app.changes)
    assert app.catch_up() == []


def is_refused(response: Response) -> str:
    """Return the code of an uncacheable `410`."""
    assert response.status_code == 410, response.text
    assert response.headers["cache-control"] == "no-store"
    code: str = response.json()["code"]
    return code


@pytest.mark.parametrize("gained", [True, False])
def test_changed_access_rights_end_a_cursor(
    gained: bool,
    newsroom: Newsroom,
    client: TestClient,
    anybody: OfflineApp,
    partner: OfflineApp,
    headers: dict[str, str],
) -> None:
    public, french = newsroom.story("Out"), {"language": "fr", "embargo_until": UNTIL}
    held = newsroom.story("Held", translation_of=public["id"], **french)
    app, now = (anybody, headers) if gained else (partner, {})
    app.catch_up()
    for path, more in (
        (f"/v1/changes?cursor={app.cursor}", {}),
        (f"/v1/changes?cursor={app.cursor}&wait=30", {}),
        (f"/v1/stream?cursor={app.cursor}", {}),
        ("/v1/stream", {"last-event-id": app.cursor}),
    ):
        assert is_refused(client.get(path, headers={**now, **more})) == "rights_changed", path
    app.headers = now
    app.catch_up(limit=1)
    assert app.refusals == ["rights_changed"]
    assert (held["id"] in app.copies["article"]) is gained
    assert app.list_stories() == app.load_expected()
    assert app.catch_up() == []


def test_changed_access_rights_end_a_snapshot(
    newsroom: Newsroom, client: TestClient, headers: dict[str, str]
) -> None:
    newsroom.story("Held", embargo_until=UNTIL)
    newsroom.story("Out")
    app = OfflineApp(client, headers=headers)
    while len(app.changes) < 1:
        assert app.step(limit=1)
    app.headers = {}
    app.catch_up(limit=1)
    assert app.refusals == ["rights_changed"]
    assert app.list_stories() == app.load_expected()


def test_a_cursor_works_with_any_key_of_the_same_rights(
    newsroom: Newsroom, services: Services, anybody: OfflineApp, partner: OfflineApp
) -> None:
    newsroom.story("Out")
    newsroom.story("Held", embargo_until=UNTIL)
    anybody.headers = newsroom.headers
    partner.headers = embargo_key(services)
    assert (len(anybody.catch_up()), len(partner.catch_up())) == (1, 2)
    assert anybody.refusals == partner.refusals == []


def test_a_cursor_has_only_a_digest_of_the_access_rights(
    services: Services, anybody: OfflineApp, partner: OfflineApp
) -> None:
    digests = [services.sync_cursors.read(app.cursor)[1] for app in (anybody, partner)]
    assert digests == [PUBLIC.digest, EMBARGOED.digest]
    assert all(len(digest) == 16 for digest in digests)
    assert digests[0] != digests[1]


def test_restricted_changes_are_not_cached(
    newsroom: Newsroom, client: TestClient, headers: dict[str, str]
) -> None:
    newsroom.story("Held", embargo_until=UNTIL)
    own = client.get("/v1/changes", headers=headers)
    assert own.json()["data"]
    assert own.headers["cache-control"].startswith("private, max-age=0")


_CHANGING = ("x-request-id", "date")


def decode_cursor(answer: Response) -> tuple[int, bytes, dict[str, str]]:
    headers = {name: text for name, text in answer.headers.items() if name not in _CHANGING}
    return answer.status_code, answer.content, headers


def test_other_readers_get_the_same_bytes_as_without_embargoes(
    newsroom: Newsroom, client: TestClient, services: Services, clock: HandClock
) -> None:
    public = newsroom.story("Out", tags=["a"])
    clock.advance(hours=1)
    first = client.get("/v1/changes?limit=1").json()["cursor"]
    last = client.get("/v1/changes").json()["cursor"]
    paths = [
        "/v1/changes",
        "/v1/changes?tag=a",
        *(f"/v1/changes?cursor={c}" for c in (first, last)),
    ]
    before, log = [decode_cursor(client.get(path)) for path in paths], rows(services)
    tied = {"translation_of": public["id"], "embargo_until": UNTIL, "tags": ["a"]}
    story = newsroom.story("Held", language="fr", **tied)
    story = newsroom.patch(story, title="Changed", status="published")
    newsroom.verb(newsroom.story("Wrong", language="de", **tied), "kill", notice="Wrong.")
    planned = newsroom.article("Planned", embargo_until=UNTIL)
    newsroom.verb(planned, "schedule", at="2026-11-22T13:30:00Z")
    clock.advance(hours=1)
    assert log_due_changes(services) == 1
    newsroom.verb(story, "unpublish", answer="gone", notice="No.")
    for path, (status, body, headers) in zip(paths, before, strict=True):
        now = decode_cursor(client.get(path))
        assert now[:2] == (status, body), path
        assert now[2] == headers, path
    assert rows(services) == log


def test_the_embargo_log_is_trimmed_with_the_change_log(
    newsroom: Newsroom, services: Services, clock: HandClock, partner: OfflineApp
) -> None:
    story = newsroom.story("Held", embargo_until="2027-06-01T00:00:00Z")
    for number in range(3):
        story = newsroom.patch(story, title=f"Held {number}", status="published")
    newsroom.story("Out")
    partner.catch_up()
    clock.advance(days=services.settings.log_days + 1)
    newsroom.story("Much later")
    trim_log_in_batches(services)
    with services.database.read() as session:
        versions = session.scalars(select(EmbargoedRow.version))
    assert versions == [story["version"]]
    assert partner.catch_up()
    assert partner.list_stories() == partner.load_expected()
    partner.headers = {}
    partner.catch_up()
    assert partner.list_stories() == partner.load_expected()
