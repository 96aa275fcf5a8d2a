"""Each publication and expiry by time is logged once, in order."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services, bootstrap
from app.delivery import store, timed_changes
from app.kit.errors import DatabaseBusy
from app.settings import Settings
from app.worker import Worker, log_due_changes
from tests.clock import HandClock
from tests.newsroom import Newsroom
from tests.transfer.helpers import list_inconsistencies

_DAY = "2026-11-22"


def load_log(services: Services) -> list[tuple[str, str, str]]:
    """Return the rows about stories in the log: reason, operation, slug of the title."""
    with services.database.read() as session:
        rows = [row for row in store.load_changes(session, 0, 10_000) if row.type == "article"]
    return [(row.reason, row.op, row.id) for row in rows]


def titles(client: TestClient) -> list[str]:
    """Return the titles that readers see, oldest first."""
    listed = client.get("/v1/headlines?sort=published_at&limit=100").json()["data"]
    return [item["title"] for item in listed]


def schedule(newsroom: Newsroom, title: str, hour: int, **fields: Any) -> str:
    """Publish a story at an hour of this day and return its id."""
    story = newsroom.story(title, published_at=f"2026-11-22T{hour}:00:00Z", **fields)
    return str(story["id"])


def test_due_publications_are_logged_once_and_in_order(
    newsroom: Newsroom, services: Services, clock: HandClock, client: TestClient
) -> None:
    third = schedule(newsroom, "Third", 15)
    first = schedule(newsroom, "First", 13)
    second = schedule(newsroom, "Second", 14)
    assert log_due_changes(services) == 0
    assert load_log(services) == []
    clock.advance(hours=1)
    assert titles(client) == ["First"]
    assert log_due_changes(services) == 1
    assert log_due_changes(services) == 0
    clock.advance(hours=5)
    assert log_due_changes(services) == 2
    assert log_due_changes(services) == 0
    assert load_log(services) == [("published", "upsert", item) for item in (first, second, third)]
    assert titles(client) == ["First", "Second", "Third"]
    assert list_inconsistencies(services) == []


def test_changes_at_one_instant_are_logged_in_the_order_of_ids(
    newsroom: Newsroom, services: Services, clock: HandClock
) -> None:
    stories = [
        newsroom.article(f"Story {number}", expires_at=f"{_DAY}T16:00:00Z") for number in range(4)
    ]
    for story in (stories[2], stories[0], stories[3], stories[1]):
        newsroom.verb(story, "schedule", at=f"{_DAY}T13:00:00Z")
    ids = sorted(story["id"] for story in stories)
    clock.advance(hours=2)
    assert log_due_changes(services) == 4
    assert load_log(services) == [("published", "upsert", id_) for id_ in ids]
    clock.advance(hours=3)
    assert log_due_changes(services) == 4
    assert load_log(services)[4:] == [("expired", "remove", id_) for id_ in ids]


def test_expiries_are_logged_once_and_in_order(
    newsroom: Newsroom, services: Services, clock: HandClock, client: TestClient
) -> None:
    late = newsroom.story("Late", expires_at="2026-11-22T14:00:00Z")["id"]
    early = newsroom.story("Early", expires_at="2026-11-22T13:00:00Z")["id"]
    stays = newsroom.story("Stays")["id"]
    before = load_log(services)
    clock.advance(hours=3)
    assert titles(client) == ["Stays"]
    assert log_due_changes(services) == 2
    assert log_due_changes(services) == 0
    assert load_log(services)[len(before) :] == [
        ("expired", "remove", early),
        ("expired", "remove", late),
    ]
    assert client.get(f"/v1/articles/{stays}").status_code == 200
    assert client.get(f"/v1/articles/{late}").status_code == 404
    assert list_inconsistencies(services) == []


def test_a_log_row_has_the_attributes_that_select_the_story(
    newsroom: Newsroom, services: Services, clock: HandClock
) -> None:
    newsroom.category("Asia")
    fields = {"categories": ["asia"], "tags": ["Été"], "expires_at": "2026-11-22T15:00:00Z"}
    id_ = schedule(newsroom, "Told", 13, **fields)
    clock.advance(hours=2)
    log_due_changes(services)
    clock.advance(hours=2)
    log_due_changes(services)
    with services.database.read() as session:
        out, over = [row for row in store.load_changes(session, 0, 100) if row.id == id_]
    assert (out.before, over.after) == (None, None)
    assert out.after == over.before
    assert out.after is not None
    assert out.after["tag"] == ["été"]
    assert len(out.after["category"]) == 1
    assert (out.version, over.version) == (1, 1)


def test_a_worker_logs_everything_that_it_missed(
    newsroom: Newsroom,
    services: Services,
    clock: HandClock,
    client: TestClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(timed_changes, "BATCH", 4)
    monkeypatch.setattr("app.worker.BATCH", 4)
    came = [schedule(newsroom, f"Story {number}", 13) for number in range(9)]
    both = schedule(newsroom, "Came and went", 14, expires_at="2026-11-22T15:00:00Z")
    clock.advance(days=30)
    assert "Came and went" not in titles(client)
    assert len(titles(client)) == 9
    assert log_due_changes(services) == 11
    log = load_log(services)
    assert sorted(log[:9]) == sorted(("published", "upsert", item) for item in came)
    assert log[9:] == [("published", "upsert", both), ("expired", "remove", both)]
    assert log_due_changes(services) == 0
    assert list_inconsistencies(services) == []


def test_a_clock_set_back_hides_no_story_and_logs_nothing_twice(
    newsroom: Newsroom, services: Services, clock: HandClock, client: TestClient
) -> None:
    schedule(newsroom, "Out", 13)
    clock.advance(hours=2)
    log_due_changes(services)
    before = load_log(services)
    clock.advance(hours=-3)
    assert titles(client) == ["Out"]
    assert log_due_changes(services) == 0
    clock.advance(hours=3)
    assert log_due_changes(services) == 0
    assert load_log(services) == before


def test_a_schedule_that_changes_before_it_is_due_is_logged_as_changed(
    newsroom: Newsroom, services: Services, clock: HandClock
) -> None:
    moved = newsroom.story("Moved", published_at="2026-11-22T13:00:00Z")
    dropped = newsroom.story("Dropped", published_at="2026-11-22T13:00:00Z")
    newsroom.verb(moved, "publish", published_at="2026-11-22T18:00:00Z")
    newsroom.verb(dropped, "unpublish")
    clock.advance(hours=2)
    assert log_due_changes(services) == 0
    assert load_log(services) == []
    clock.advance(hours=4)
    assert log_due_changes(services) == 1
    assert load_log(services) == [("published", "upsert", moved["id"])]


def test_two_workers_log_each_story_once(
    newsroom: Newsroom, services: Services, settings: Settings, clock: HandClock
) -> None:
    import threading

    ids = [schedule(newsroom, f"Story {number}", 13) for number in range(40)]
    clock.advance(hours=2)
    twin = bootstrap(settings, clock=clock)
    threads = [threading.Thread(target=log_due_changes, args=(item,)) for item in (services, twin)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    twin.close()
    assert sorted(load_log(services)) == sorted(("published", "upsert", entry) for entry in ids)


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_the_loop_runs_until_it_is_stopped_and_survives_an_error(
    newsroom: Newsroom,
    services: Services,
    settings: Settings,
    clock: HandClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    import time

    id_ = schedule(newsroom, "Looped", 13)
    faults = iter([DatabaseBusy("The database is busy. Try again shortly.")])

    def sometimes(parts: Services) -> int:
        for fault in faults:
            raise fault
        return log_due_changes(parts)

    monkeypatch.setattr("app.worker.log_due_changes", sometimes)
    hasty = Settings(database_url=settings.database_url, worker_interval=0.01)
    quick = bootstrap(hasty, clock=clock)
    loops = Worker(quick)
    loops.start()
    clock.advance(hours=2)
    until = time.monotonic() + 60
    while not load_log(services) and time.monotonic() < until:
        time.sleep(0.01)
    loops.stop()
    quick.close()
    assert load_log(services) == [("published", "upsert", id_)]
    assert "busy" in caplog.text
