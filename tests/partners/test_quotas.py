"""Quotas of partners: what counts, what is still sent when they are reached, and until when."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.api.app import create_app
from app.bootstrap import Services, bootstrap
from app.partners.quotas import StoryQuotas
from app.settings import Settings
from tests.client import make_client
from tests.clock import HandClock
from tests.newsroom import Newsroom
from tests.partners.agreements import add_key, add_partner, add_product
from tests.push.conftest import Pushing
from tests.receiver import receiving
from tests.server.serving import port_of, serve
from tests.sync.stream_client import StreamClient

_LAST_DAY = datetime(2026, 11, 30, 18, tzinfo=UTC)


@pytest.fixture
def settings(database_url: str) -> Settings:
    """A deployment that may send to webhooks on this machine."""
    return Settings(database_url=database_url, push_networks="127.0.0.0/8")


def make_partner(newsroom: Newsroom, **limits: int) -> dict[str, Any]:
    """Create a partner that reads everything, with limits."""
    add_product(newsroom)
    return add_partner(newsroom, "product", limits=limits)


def make_stories(newsroom: Newsroom, count: int) -> list[str]:
    """Create stories, and return their paths."""
    stories = [
        newsroom.story(f"Story {number}", body=f"<p>Text {number}.</p>") for number in range(count)
    ]
    return [f"/v1/articles/{story['slug']}" for story in stories]


def read_statuses(client: TestClient, headers: dict[str, str], *paths: str) -> list[int]:
    """Return the statuses of answers."""
    return [client.get(path, headers=headers).status_code for path in paths]


def test_a_reached_quota_lets_through_what_the_partner_has(
    newsroom: Newsroom, services: Services, client: TestClient, clock: HandClock
) -> None:
    partner = make_partner(newsroom, stories_per_day=2)
    headers, others = add_key(newsroom, partner), add_key(newsroom, partner)
    first, second, third = make_stories(newsroom, 3)
    assert read_statuses(client, headers, first, second, first) == [200, 200, 200]
    for _ in ("in memory", "written"):
        refused = client.get(third, headers=others)
        assert (refused.status_code, refused.json()["code"]) == (429, "quota_exceeded")
        assert refused.headers["retry-after"] == str(12 * 3600)
        assert "2026-11-23T00:00:00Z" in refused.json()["detail"]
        # A cached answer to a caller with other limits does not pass either.
        full = ("/v1/articles?include=body", "/v1/changes", "/feeds/latest.rss")
        assert read_statuses(client, headers, *full) == [429, 429, 429]
        free = (first, "/v1/headlines", "/v1/articles", "/v1/search?q=story", "/v1/me")
        assert read_statuses(client, headers, *free, *free) == [200] * 10
        services.usage.write()
    clock.moment = datetime(2026, 11, 23, tzinfo=UTC)
    assert read_statuses(client, headers, third, *full) == [200] * 4


def test_another_process_knows_the_quota(
    newsroom: Newsroom, services: Services, client: TestClient, clock: HandClock
) -> None:
    headers = add_key(newsroom, make_partner(newsroom, stories_per_day=2))
    paths = make_stories(newsroom, 3)
    other = bootstrap(services.settings, clock=clock)
    try:
        with make_client(create_app(other), base_url="http://testserver") as second:
            assert read_statuses(client, headers, paths[0]) == [200]
            assert read_statuses(second, headers, paths[1]) == [200]
            services.usage.write()
            other.usage.write()
            assert read_statuses(second, headers, paths[2], paths[0]) == [429, 200]
            assert read_statuses(client, headers, paths[2], paths[1]) == [429, 200]
    finally:
        other.close()


def test_a_month_ends(
    newsroom: Newsroom, services: Services, client: TestClient, clock: HandClock
) -> None:
    headers = add_key(newsroom, make_partner(newsroom, stories_per_day=3, stories_per_month=3))
    paths = make_stories(newsroom, 6)
    clock.moment = datetime(2026, 11, 29, 12, tzinfo=UTC)
    assert read_statuses(client, headers, *paths[:2]) == [200, 200]
    services.usage.write()
    clock.moment = _LAST_DAY
    assert read_statuses(client, headers, *paths[2:4]) == [200, 429]
    refused = client.get(paths[3], headers=headers)
    assert refused.headers["retry-after"] == str(6 * 3600)
    answer = client.get("/v1/me", headers=headers).json()
    assert answer["limits"][:-1] == [
        {
            "name": "stories_per_day",
            "quota": 3,
            "window": "day",
            "remaining": 2,
            "resets_at": "2026-12-01T00:00:00Z",
        },
        {
            "name": "stories_per_month",
            "quota": 3,
            "window": "month",
            "remaining": 0,
            "resets_at": "2026-12-01T00:00:00Z",
        },
    ]
    assert [(warning["pointer"], warning["code"]) for warning in answer["warnings"]] == [
        ("#/limits/1", "quota_reached")
    ]
    clock.advance(hours=6)
    assert read_statuses(client, headers, *paths[3:6]) == [200, 200, 200]
    clock.moment = datetime(2026, 12, 31, 23, 59, 59, 500_000, tzinfo=UTC)
    paths = make_stories(newsroom, 1)
    refused = client.get(paths[0], headers=headers)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_warning_comes_from_80_percent_on(newsroom: Newsroom, client: TestClient) -> None:
    headers = add_key(newsroom, make_partner(newsroom, stories_per_month=5))
    paths = make_stories(newsroom, 5)
    warnings = []
    for path in paths:
        client.get(path, headers=headers)
        answer = client.get("/v1/me", headers=headers).json()
        codes = [warning["code"] for warning in answer["warnings"]]
        warnings.append((answer["limits"][0]["remaining"], codes))
    near, over = ["quota_nearly_reached"], ["quota_reached"]
    assert warnings == [(4, []), (3, []), (2, []), (1, near), (0, over)]
    anonymous = client.get("/v1/me").json()
    assert (anonymous["limits"], anonymous["warnings"]) == ([], [])


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_new_snapshot_is_always_possible(
    newsroom: Newsroom, services: Services, client: TestClient, clock: HandClock
) -> None:
    partner = make_partner(newsroom, stories_per_day=3, stories_per_month=3)
    headers = add_key(newsroom, partner)
    make_stories(newsroom, 3)
    cursor = client.get("/v1/changes", headers=headers).json()["cursor"]
    services.usage.write()
    product = newsroom.call("GET", "/products/product").json()
    newsroom.patch(product, "products", filter={"language": ["en"]})
    # The days are forgotten by then, and the versions are not.
    clock.advance(days=1)
    assert client.get(f"/v1/changes?cursor={cursor}", headers=headers).status_code == 410
    answer = client.get("/v1/changes", headers=headers)
    assert answer.status_code == 200
    assert [entry["op"] for entry in answer.json()["data"]].count("upsert") == 3
    story = newsroom.call("GET", "/articles/story-0").json()
    newsroom.patch(story, title="Other", status="published")
    assert read_statuses(client, headers, "/v1/articles/story-0") == [429]


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_changed_quota_takes_effect_with_the_next_request(
    newsroom: Newsroom, client: TestClient
) -> None:
    partner = make_partner(newsroom, stories_per_day=1)
    headers = add_key(newsroom, partner)
    first, second = make_stories(newsroom, 2)
    assert read_statuses(client, headers, first, second) == [200, 429]
    partner = newsroom.patch(partner, "partners", limits={"stories_per_day": 2})
    assert read_statuses(client, headers, second) == [200]
    newsroom.patch(partner, "partners", limits={"stories_per_day": None})
    (third,) = make_stories(newsroom, 1)
    assert read_statuses(client, headers, third) == [200]


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_within_a_quota_the_database_is_read_every_few_seconds_only(
    newsroom: Newsroom,
    services: Services,
    client: TestClient,
    clock: HandClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    headers = add_key(newsroom, make_partner(newsroom, stories_per_day=100))
    paths, checked = make_stories(newsroom, 4), list[str]()
    check = StoryQuotas.check

    def note(quotas: StoryQuotas, *args: Any) -> None:
        checked.append("once")
        check(quotas, *args)

    monkeypatch.setattr(StoryQuotas, "check", note)
    assert read_statuses(client, headers, *paths, *paths) == [200] * 8
    assert len(checked) == 1
    services.usage.write_if_due()
    clock.advance(seconds=4)
    services.usage.write_if_due()
    assert read_statuses(client, headers, *paths) == [200] * 4
    assert len(checked) == 2


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_stream_ends_at_the_quota_and_is_refused_then(
    newsroom: Newsroom, services: Services
) -> None:
    key = add_key(newsroom, make_partner(newsroom, stories_per_day=1))["x-api-key"]
    with serve(create_app(services)) as server:
        stream = StreamClient(port_of(server), x_api_key=key).wait_for_start()
        make_stories(newsroom, 1)
        event = stream.next()
        make_stories(newsroom, 1)
        assert stream.has_ended()
        assert b"event: upsert" not in stream.rest
        again = StreamClient(port_of(server), x_api_key=key, last_event_id=event.id)
        assert again.status == 429
        assert int(again.headers["retry-after"]) > 3600
        stream.close()
        again.close()


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_webhook_with_documents_waits_for_the_quota(
    newsroom: Newsroom, services: Services, client: TestClient, clock: HandClock
) -> None:
    partner = make_partner(newsroom, stories_per_day=1)
    headers, pushing = add_key(newsroom, partner, "read", "webhooks"), Pushing(services, newsroom)
    with receiving() as receiver:
        body = {"url": receiver.url, "events": ["*"], "document": True}
        assert client.post("/v1/me/webhooks", json=body, headers=headers).status_code == 201
        stories = [newsroom.story(f"Story {number}", body="<p>B.</p>") for number in range(2)]
        pushing.settle()
        pushing.settle()
        assert len(receiver.requests) == 1
        # A removal does not wait.
        newsroom.verb(newsroom.call("GET", f"/articles/{stories[0]['id']}").json(), "unpublish")
        pushing.settle()
        assert len(receiver.requests) == 2
        clock.advance(minutes=6)
        pushing.settle()
        assert len(receiver.requests) == 2
        clock.moment = datetime(2026, 11, 23, tzinfo=UTC) + timedelta(minutes=6)
        pushing.settle()
        assert len(receiver.requests) == 3
        assert stories[1]["id"].encode() in receiver.requests[2].body
    services.usage.write()
    rows = newsroom.call("GET", "/usage?from=2026-11-01&group_by=route,day&limit=100").json()
    webhook_rows = [row for row in rows["data"] if row["route"] == "webhook"]
    assert [(row["day"], row["requests"], row["stories"]) for row in webhook_rows] == [
        ("2026-11-22", 2, 1),
        ("2026-11-23", 1, 1),
    ]
