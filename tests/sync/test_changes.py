"""Sync: a snapshot first, then each change once, oldest first."""

import json
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.delivery import store
from app.worker import log_due_changes
from tests.api.reading import read
from tests.clock import HandClock
from tests.newsroom import Newsroom
from tests.sync.offline_app import OfflineApp


def follow_changes(entries: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(change["op"], change["reason"], change["id"]) for change in entries]


def test_a_snapshot_has_all_stories_and_then_no_changes(
    newsroom: Newsroom, client: TestClient
) -> None:
    newsroom.source("The Post")
    newsroom.category("World")
    stories = [newsroom.story(f"Story {number}", source="the-post") for number in range(5)]
    newsroom.article("A draft")
    app = OfflineApp(client)
    entries = app.catch_up(limit=2)
    assert app.list_stories() == app.load_expected()
    assert [change["id"] for change in entries if change["type"] == "article"] == [
        story["id"] for story in stories
    ]
    assert app.catch_up() == []


def test_each_change_is_sent_once_and_the_oldest_first(
    newsroom: Newsroom, client: TestClient
) -> None:
    first, second = newsroom.story("First"), newsroom.story("Second")
    app = OfflineApp(client)
    app.catch_up()
    for number in range(3):
        first = newsroom.patch(first, title=f"First, {number}", status="published")
    second = newsroom.verb(second, "unpublish")
    third = newsroom.story("Third")
    assert follow_changes(app.catch_up()) == [
        ("upsert", "updated", first["id"]),
        ("remove", "unpublished", second["id"]),
        ("upsert", "published", third["id"]),
    ]
    assert app.list_stories() == app.load_expected()


def test_a_story_that_leaves_the_filter_is_removed_for_its_readers_only(
    newsroom: Newsroom, client: TestClient
) -> None:
    story = newsroom.story("Story", tags=["a"])
    with_a, with_b = OfflineApp(client, "tag=a"), OfflineApp(client, "tag=b")
    with_a.catch_up()
    with_b.catch_up()
    story = newsroom.patch(story, tags=["b"], status="published")
    assert follow_changes(with_a.catch_up()) == [("remove", "left", story["id"])]
    assert follow_changes(with_b.catch_up()) == [("upsert", "updated", story["id"])]
    story = newsroom.verb(story, "unpublish")
    assert with_a.catch_up() == []
    assert follow_changes(with_b.catch_up()) == [("remove", "unpublished", story["id"])]


def test_a_story_that_was_never_public_is_not_in_the_changes(
    newsroom: Newsroom, client: TestClient
) -> None:
    app = OfflineApp(client)
    app.catch_up()
    newsroom.delete(newsroom.article("A draft"))
    assert app.catch_up() == []


def test_the_worker_logs_scheduled_and_expired_stories(
    newsroom: Newsroom, client: TestClient, services: Services, clock: HandClock
) -> None:
    app = OfflineApp(client)
    app.catch_up()
    soon, later = clock.now() + timedelta(hours=1), clock.now() + timedelta(hours=2)
    story = newsroom.story("Story", published_at=soon.isoformat(), expires_at=later.isoformat())
    assert app.catch_up() == []
    clock.advance(hours=1)
    log_due_changes(services)
    assert follow_changes(app.catch_up()) == [("upsert", "published", story["id"])]
    clock.advance(hours=1)
    log_due_changes(services)
    assert follow_changes(app.catch_up()) == [("remove", "expired", story["id"])]


def test_a_cursor_is_bound_to_its_filters(newsroom: Newsroom, client: TestClient) -> None:
    newsroom.story("Story", tags=["a"])
    cursor = read(client, "/v1/changes?tag=a")["cursor"]
    assert client.get(f"/v1/changes?cursor={cursor}&tag=a").status_code == 200
    other = client.get(f"/v1/changes?cursor={cursor}&tag=b")
    assert (other.status_code, other.json()["code"]) == (400, "bad_cursor")
    lists = read(client, "/v1/headlines?limit=1")
    assert lists["page"]["next"] is None


def test_an_empty_answer_is_not_cached(newsroom: Newsroom, client: TestClient) -> None:
    newsroom.story("Story")
    something = client.get("/v1/changes")
    assert something.headers["cache-control"].startswith("public")
    nothing = client.get(f"/v1/changes?cursor={something.json()['cursor']}")
    assert nothing.json()["data"] == []
    assert nothing.headers["cache-control"] == "private, max-age=0, must-revalidate"


@pytest.mark.parametrize("cursor", ["x", "AAAA", "%00"])
def test_an_invalid_cursor_is_refused(client: TestClient, cursor: str) -> None:
    assert client.get(f"/v1/changes?cursor={cursor}").status_code == 400


def test_the_cursor_of_a_list_is_refused(newsroom: Newsroom, client: TestClient) -> None:
    for number in range(3):
        newsroom.story(f"Story {number}")
    cursor = read(client, "/v1/headlines?limit=1")["page"]["next"]
    assert client.get(f"/v1/changes?cursor={cursor}").json()["code"] == "bad_cursor"


def test_a_moved_category_is_logged_with_its_descendants(
    newsroom: Newsroom, client: TestClient
) -> None:
    world, africa = newsroom.category("World"), newsroom.category("Africa")
    country = newsroom.category("Country", parent="africa")
    city = newsroom.category("City", parent="country")
    app = OfflineApp(client)
    app.catch_up()
    africa = newsroom.patch(africa, "categories", parent="world")
    changes = app.catch_up()
    assert {
        (change["type"], *about)
        for change, about in zip(changes, follow_changes(changes), strict=True)
    } == {("category", "upsert", "updated", category["id"]) for category in (africa, country, city)}
    assert app.copies["category"][city["id"]]["path"] == ["world", "africa", "country", "city"]
    assert app.list_stories() == app.load_expected()
    newsroom.patch(africa, "categories", parent=None)
    assert world["id"] not in {change["id"] for change in app.catch_up()}
    assert app.list_stories() == app.load_expected()


def test_a_new_slug_is_logged_for_descendants_and_a_new_name_is_not(
    newsroom: Newsroom, client: TestClient
) -> None:
    world = newsroom.category("World")
    africa = newsroom.category("Africa", parent="world")
    city = newsroom.category("City", parent="africa")
    app = OfflineApp(client)
    app.catch_up()
    world = newsroom.patch(world, "categories", name="The world", names={"fr": "Le monde"})
    assert [change["id"] for change in app.catch_up()] == [world["id"]]
    newsroom.patch(world, "categories", slug="globe")
    changed_ids = [change["id"] for change in app.catch_up()]
    assert sorted(changed_ids) == sorted([world["id"], africa["id"], city["id"]])
    assert app.copies["category"][africa["id"]]["parent"] == "globe"
    assert app.list_stories() == app.load_expected()


def test_a_category_moved_by_an_import_is_logged_once_with_its_descendants(
    newsroom: Newsroom, client: TestClient, services: Services
) -> None:
    newsroom.category("World")
    newsroom.category("Africa")
    newsroom.category("Country", parent="africa")
    city = newsroom.category("City", parent="country")
    app = OfflineApp(client)
    app.catch_up()
    lines = (
        {"type": "category", "slug": "africa", "name": "Africa", "parent": "world"},
        {"type": "category", "slug": "country", "name": "Country", "parent": "world"},
        {"type": "category", "slug": "new", "name": "New", "parent": "city"},
    )
    content = "\n".join(json.dumps(line) for line in lines)
    headers = {"content-type": "application/x-ndjson"}
    assert newsroom.call("POST", "/import", content=content, headers=headers).is_success
    changed_ids = [change["id"] for change in app.catch_up()]
    with services.database.read() as session:
        assert [row.id for row in store.load_changes(session, 4, 100)] == changed_ids
    assert len(changed_ids) == len({"africa", "country", "new", "city"})
    assert app.copies["category"][city["id"]]["path"] == ["world", "country", "city"]
    assert app.list_stories() == app.load_expected()
