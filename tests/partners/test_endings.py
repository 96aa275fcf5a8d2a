"""The event that an agreement ends soon."""

from datetime import timedelta
from typing import Any

from app.bootstrap import Services
from app.kit import json
from app.kit.clock import format_instant
from app.worker import announce_endings_in_batches
from tests.clock import HandClock
from tests.newsroom import Newsroom
from tests.partners.agreements import add_partner


def test_an_ending_agreement_is_announced_once(
    newsroom: Newsroom, services: Services, clock: HandClock
) -> None:
    every, ending, other = (
        _add_webhook(newsroom, event) for event in ("*", "agreement.ending", "article.killed")
    )
    ends_at = clock.now() + timedelta(days=31)
    partner = add_partner(newsroom, ends_at=format_instant(ends_at))
    add_partner(newsroom, name="Without an end")
    announce_endings_in_batches(services)
    assert _list_bodies(newsroom, ending) == []
    clock.advance(days=1)
    for _ in range(2):
        announce_endings_in_batches(services)
    (body,) = _list_bodies(newsroom, ending)
    assert body["type"] == "agreement.ending"
    assert (body["data"]["id"], body["data"]["ends_at"]) == (
        partner["id"],
        format_instant(ends_at),
    )
    assert newsroom.call("GET", "/partners/partner").json() == partner
    # Another end is another event.
    later = format_instant(clock.now() + timedelta(days=20))
    newsroom.patch(partner, "partners", ends_at=later)
    for _ in range(2):
        announce_endings_in_batches(services)
    bodies = _list_bodies(newsroom, ending)
    assert [body["data"]["ends_at"] for body in bodies] == [later, format_instant(ends_at)]
    assert (_list_bodies(newsroom, every), _list_bodies(newsroom, other)) == (bodies, [])
    # An agreement that has ended already is not announced.
    add_partner(newsroom, name="Over", ends_at=format_instant(clock.now()))
    announce_endings_in_batches(services)
    assert _list_bodies(newsroom, ending) == bodies


def _add_webhook(newsroom: Newsroom, event: str) -> str:
    url = "https://receiver.example/hook"
    webhook = newsroom.call("POST", "/webhooks", json={"url": url, "events": [event]}).json()
    id_: str = webhook["id"]
    return id_


def _list_bodies(newsroom: Newsroom, webhook: str) -> list[dict[str, Any]]:
    """Return the bodies of the deliveries to a webhook, the newest first."""
    answer = newsroom.call("GET", f"/webhooks/{webhook}/deliveries")
    data: list[dict[str, Any]] = json.loads(answer.content)["data"]
    return [delivery["body"] for delivery in data]
