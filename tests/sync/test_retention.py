"""Log retention: a client that returns in time misses nothing, any other client gets an error."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.delivery import log_retention, store
from app.kit.sql.unit_of_work import Actor
from app.settings import Settings
from app.worker import trim_log_in_batches
from tests.api.reading import read
from tests.clock import HandClock
from tests.newsroom import Newsroom
from tests.sync.offline_app import OfflineApp
from tests.transfer.helpers import list_inconsistencies


@pytest.fixture
def settings(database_url: str) -> Settings:
    """A deployment that keeps its log for ten days."""
    return Settings(database_url=database_url, log_days=10)


def log(services: Services) -> list[tuple[str, str]]:
    """Return the rows of stories in the log: reason and id."""
    with services.database.read() as session:
        rows = store.load_changes(session, 0, 10_000)
    return [(row.reason, row.id) for row in rows if row.type == "article"]


def rewrite_often(newsroom: Newsroom, story: dict[str, Any], times: int = 3) -> dict[str, Any]:
    for number in range(times):
        story = newsroom.patch(story, title=f"Take {number}", status="published")
    return story


def test_the_last_old_row_of_each_object_is_kept(
    newsroom: Newsroom, client: TestClient, services: Services, clock: HandClock
) -> None:
    story, gone = rewrite_often(newsroom, newsroom.story("Kept")), newsroom.story("Gone")
    newsroom.verb(gone, "unpublish", answer="gone")
    newsroom.patch(newsroom.source("S"), "sources", name="S2")
    clock.advance(days=9)
    last = rewrite_often(newsroom, newsroom.story("Young"), 1)
    before = log(services)
    trim_log_in_batches(services)
    assert log(services) == before
    clock.advance(days=2)
    trim_log_in_batches(services)
    assert log(services) == [
        ("updated", story["id"]),
        ("unpublished", gone["id"]),
        ("published", last["id"]),
        ("updated", last["id"]),
    ]
    # A row is deleted some time after it was superseded, in any position.
    rewrite_often(newsroom, story, 1)
    clock.advance(days=11)
    trim_log_in_batches(services)
    assert sorted(log(services)) == sorted(
        [("unpublished", gone["id"]), ("updated", last["id"]), ("updated", story["id"])]
    )
    assert client.get(f"/v1/articles/{gone['id']}").status_code == 410
    assert list_inconsistencies(services) == []


def test_a_cursor_older_than_the_log_is_answered_410(
    newsroom: Newsroom, client: TestClient, services: Services, clock: HandClock
) -> None:
    story = newsroom.story("Story")
    app = OfflineApp(client)
    app.catch_up()
    old = app.cursor
    newsroom.verb(story, "unpublish")
    clock.advance(days=11)
    trim_log_in_batches(services)
    for path, headers in (
        (f"/v1/changes?cursor={old}", {}),
        (f"/v1/changes?cursor={old}&wait=30", {}),
        (f"/v1/stream?cursor={old}", {}),
        ("/v1/stream", {"last-event-id": old}),
    ):
        answer = client.get(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (410, "cursor_too_old"), path
        assert "without a cursor" in answer.json()["detail"]
    anew = OfflineApp(client)
    anew.catch_up()
    assert anew.list_stories() == anew.load_expected()


def test_a_snapshot_older_than_the_log_is_answered_410(
    newsroom: Newsroom, client: TestClient, services: Services, clock: HandClock
) -> None:
    stories = [newsroom.story(f"Story {number}") for number in range(3)]
    app = OfflineApp(client)
    while not app.changes:
        app.step(limit=1)
    newsroom.verb(stories[0], "unpublish")
    clock.advance(days=11)
    trim_log_in_batches(services)
    assert client.get(f"/v1/changes?cursor={app.cursor}").status_code == 410


def test_an_up_to_date_cursor_stays_valid_without_changes(
    newsroom: Newsroom, client: TestClient, services: Services, clock: HandClock
) -> None:
    story = rewrite_often(newsroom, newsroom.story("Story", tags=["a"]))
    apps = [OfflineApp(client, filters) for filters in ("", "tag=a", "tag=b")]
    for app in apps:
        app.catch_up()
    for _ in range(3):
        clock.advance(days=20)
        trim_log_in_batches(services)
        for app in apps:
            assert app.catch_up() == []
    newsroom.verb(story, "unpublish")
    assert [len(app.catch_up()) for app in apps] == [1, 1, 0]


def test_copies_within_the_retention_catch_up_and_older_ones_get_410(
    newsroom: Newsroom, client: TestClient, services: Services, clock: HandClock
) -> None:
    apps = [OfflineApp(client, "tag=a") for _ in range(4)]
    stories = [newsroom.story(f"Story {number}", tags=["a"]) for number in range(4)]
    restarts = 0
    for day in range(40):
        clock.advance(days=1)
        story = stories[day % 4]
        tags = ["a"] if day % 3 else ["b"]
        stories[day % 4] = newsroom.patch(story, title=f"Day {day}", tags=tags, status="published")
        trim_log_in_batches(services)
        for number, app in enumerate(apps):
            # Every day, every fifth, every ninth, and too rarely.
            if day % (1, 5, 9, 19)[number] == 0:
                restarts += not app.try_catch_up()
                assert app.list_stories() == app.load_expected()
    assert restarts == 2
    assert list_inconsistencies(services) == []


def test_trimming_waits_for_the_slowest_follower(
    newsroom: Newsroom, services: Services, clock: HandClock
) -> None:
    with services.database.write() as session:
        store.start_follower(session, "a webhook", clock.now())
    rewrite_often(newsroom, newsroom.story("Story"))
    before = log(services)
    clock.advance(days=11)
    trim_log_in_batches(services)
    assert log(services) == before
    with services.database.write() as session:
        store.move_follower(session, "a webhook", 10_000, clock.now())
    trim_log_in_batches(services)
    assert len(log(services)) == 1


def test_a_removed_cdn_does_not_block_trimming(
    newsroom: Newsroom, services: Services, clock: HandClock
) -> None:
    with services.database.write() as session:
        store.start_follower(session, "purging", clock.now())
    rewrite_often(newsroom, newsroom.story("Story"))
    clock.advance(days=11)
    trim_log_in_batches(services)
    assert len(log(services)) == 1


def test_the_log_is_never_trimmed_without_a_retention(
    newsroom: Newsroom, services: Services, clock: HandClock
) -> None:
    rewrite_often(newsroom, newsroom.story("Story"))
    clock.advance(days=4_000)
    assert (
        services.runner.run(Actor(None, "tests"), lambda unit: log_retention.trim_log(unit, 0)) == 0
    )
    assert len(log(services)) == 4


def test_a_process_that_was_suspended_serves_nothing_outdated(
    newsroom: Newsroom, client: TestClient, services: Services, clock: HandClock
) -> None:
    """No remaining row names the story that showed a translation which was moved twice."""
    first, *others = [newsroom.story(f"Story {number}") for number in range(3)]
    moving = newsroom.story("En français", language="fr", translation_of=first["id"])
    shown = read(client, f"/v1/articles/{first['id']}")["translations"]
    assert [story["id"] for story in shown] == [moving["id"]]
    for other in others:
        moving = newsroom.patch(moving, translation_of=other["id"], status="published")
    clock.advance(days=11)
    trim_log_in_batches(services)
    assert read(client, f"/v1/articles/{first['id']}")["translations"] == []
