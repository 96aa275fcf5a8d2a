"""After a day without a worker, readers are up to date, and log clients get each change once."""

from typing import Any

from starlette.testclient import TestClient

from app.bootstrap import Services
from app.worker import log_due_changes
from tests.api.reading import read, titles
from tests.clock import HandClock
from tests.newsroom import Newsroom

DAY = "2026-11-22T"


def follow_changes(client: TestClient, cursor: str) -> tuple[list[tuple[str, str, str]], str]:
    """Return the changes that a client receives: op, reason, and the title or the removed id."""
    changes: list[tuple[str, str, str]] = []
    more = True
    while more:
        page: dict[str, Any] = read(client, f"/v1/changes?cursor={cursor}&limit=2")
        changes += [
            (item["op"], item["reason"], (item["document"] or {}).get("title") or item["id"])
            for item in page["data"]
        ]
        cursor, more = page["cursor"], page["more"]
    return changes, cursor


def test_clients_of_the_log_catch_up_after_a_day_without_a_worker(
    newsroom: Newsroom, client: TestClient, services: Services, clock: HandClock
) -> None:
    ends = newsroom.story("Ends", expires_at=f"{DAY}15:00:00Z")
    for title, hour in (("Second", 16), ("First", 14), ("Third", 20)):
        newsroom.verb(newsroom.article(title), "schedule", at=f"{DAY}{hour}:00:00Z")
    newsroom.story("Held", embargo_until=f"{DAY}18:00:00Z")
    brief = newsroom.verb(
        newsroom.article("Brief", expires_at=f"{DAY}17:00:00Z"), "schedule", at=f"{DAY}16:30:00Z"
    )
    cursor = read(client, "/v1/changes?limit=1000")["cursor"]
    received = {}
    for hour in range(13, 22):
        clock.advance(hours=1)
        received[hour] = titles(client)
    assert received[13] == ["Ends"]
    assert received[14] == ["First", "Ends"]
    assert received[15] == ["First"]
    assert received[17] == ["Second", "First"]
    assert received[21] == ["Third", "Held", "Second", "First"]
    clock.advance(hours=14)
    assert follow_changes(client, cursor)[0] == []
    log_due_changes(services)
    changes, cursor = follow_changes(client, cursor)
    assert changes == [
        *(("upsert", "published", title) for title in ("First", "Second", "Held", "Third")),
        ("remove", "expired", ends["id"]),
        ("remove", "expired", brief["id"]),
    ]
    log_due_changes(services)
    assert follow_changes(client, cursor)[0] == []
    assert client.get(f"/v1/articles/{brief['id']}").status_code == 404
