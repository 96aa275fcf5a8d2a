"""What callers use is counted, by every route, and stories count once a day for a partner."""

import csv
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import patch

import pytest
from starlette.testclient import TestClient

from app.access.caller import Caller
from app.api.app import create_app
from app.bootstrap import Services
from app.kit.clock import format_instant
from app.kit.errors import DatabaseUnavailable
from app.partners import receipts as receipts_module
from app.partners import usage as usage_module
from app.partners.receipts import Receipts
from app.partners.sent_story import SentStory
from app.partners.store.usage_reports import Report, load_report_page
from app.partners.usage import Usage
from app.worker import forget_counted_days_in_batches
from tests.clock import HandClock
from tests.conftest import key_for
from tests.newsroom import Newsroom
from tests.partners.agreements import add_key, add_partner, add_product
from tests.server.serving import port_of, serve
from tests.sync.stream_client import StreamClient

DAY = "2026-11-22"


def report(newsroom: Newsroom, services: Services, query: str) -> list[dict[str, Any]]:
    """Write what was counted, and return a report with what its rows are about."""
    services.usage.write()
    answer = newsroom.call("GET", f"/usage?{query}")
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["data"]
    return [{name: value for name, value in row.items() if value is not None} for row in rows]


def count_by_day(newsroom: Newsroom, services: Services, query: str = "") -> dict[str, int]:
    """Return how many stories counted, by day."""
    rows = report(newsroom, services, f"group_by=day&{query}")
    return {row["day"]: row["stories"] for row in rows}


@pytest.fixture
def headers(newsroom: Newsroom) -> dict[str, str]:
    """The headers of the key of a partner that reads everything."""
    add_product(newsroom)
    return add_key(newsroom, add_partner(newsroom, "product"))


def test_every_request_with_a_key_counts(
    newsroom: Newsroom, services: Services, client: TestClient, headers: dict[str, str]
) -> None:
    newsroom.story("First", body="<p>Text.</p>")
    token = newsroom.call(
        "POST", "/partners/partner/feed-tokens", json={"product": "product"}
    ).json()["token"]
    services.usage.write()
    sent: dict[str, list[int]] = {}

    def read(route: str, path: str = "", method: str = "GET", **more: str) -> Any:
        answer = client.request(
            method, path or route, headers={"accept-encoding": "identity"} | headers | more
        )
        count = sent.setdefault(route, [0, 0])
        count[0] += 1
        count[1] += len(answer.content)
        return answer

    # The first ones compute the answer and verify the key; the last ones are prepared responses.
    tags = {read("/v1/headlines").headers["etag"] for _ in range(6)}
    (tag,) = tags
    assert read("/v1/headlines", **{"if-none-match": tag}).status_code == 304
    assert read("/v1/headlines", "/v1/headlines?limit=0").status_code == 400
    read("/v1/headlines", method="HEAD")
    read("/v1/articles/{ref}", "/v1/articles/first")
    assert read("/v1/articles/{ref}", "/v1/articles/none").status_code == 404
    read("/v1/changes")
    read("/v1/me")
    assert read("/v1/manage/usage", "/v1/manage/usage").status_code == 403
    # Without a key, nothing counts.
    client.get("/v1/headlines")
    client.get("/v1/me")
    rows = report(newsroom, services, "group_by=partner,route&limit=100")
    of_partner = {row["route"]: row for row in rows if "partner" in row}
    assert {route: [row["requests"], row["bytes"]] for route, row in of_partner.items()} == sent
    assert sum(row["stories"] for row in rows) == 1
    of_newsroom = {row["route"] for row in rows if "partner" not in row}
    assert {"/v1/manage/articles", "/v1/manage/partners"} <= of_newsroom
    assert not of_newsroom & {"/v1/headlines", "/v1/me"}
    client.get(f"/feeds/latest.json?token={token}")
    (feed,) = (
        row
        for row in report(newsroom, services, "group_by=key,route&limit=100")
        if row["route"] == "/feeds/latest.{ext}"
    )
    assert (feed["requests"], feed["key"]["prefix"], feed["key"]["name"]) == (1, token[:12], None)


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_events_count(newsroom: Newsroom, services: Services, headers: dict[str, str]) -> None:
    with serve(create_app(services)) as server:
        stream = StreamClient(port_of(server), x_api_key=headers["x-api-key"]).wait_for_start()
        newsroom.story("First", body="<p>Text.</p>")
        stream.next()
        newsroom.story("Second", body="<p>Text.</p>")
        stream.next()
        # A third turn of the hub: the second one is counted by then.
        newsroom.story("Third", body="<p>Text.</p>")
        stream.next()
        rows = report(newsroom, services, "group_by=route&limit=100")
        stream.close()
    (row,) = (row for row in rows if row["route"] == "/v1/stream")
    assert row["requests"] == 1
    assert row["stories"] >= 2
    assert row["bytes"] > 1_000


def test_a_story_counts_once_a_day_and_version(
    newsroom: Newsroom,
    services: Services,
    client: TestClient,
    clock: HandClock,
    headers: dict[str, str],
) -> None:
    story = newsroom.story("First", body="<p>One.</p>")
    newsroom.story("Second", body="<p>Two.</p>")
    client.get("/v1/articles", headers=headers)
    assert count_by_day(newsroom, services) == {DAY: 0}
    for path in ("/v1/articles/first", "/v1/articles/first.md", "/feeds/latest.rss"):
        client.get(path, headers=headers)
    assert count_by_day(newsroom, services) == {DAY: 2}
    # A second version on the same day, and the same version on the next one, are free.
    story = newsroom.patch(story, title="Other", status="published")
    client.get("/v1/articles/first", headers=headers)
    clock.advance(days=1)
    client.get("/v1/articles?include=body", headers=headers)
    client.get("/v1/changes", headers=headers)
    assert count_by_day(newsroom, services, f"from={DAY}") == {DAY: 2, "2026-11-23": 0}
    newsroom.patch(story, title="Third", status="published")
    client.get("/v1/articles/first", headers=headers)
    client.get("/v1/articles/first?fields=body_text", headers=headers)
    assert count_by_day(newsroom, services, "from=2026-11-23") == {"2026-11-23": 1}
    by_story = report(newsroom, services, f"from={DAY}&group_by=story")
    days = {row["story"]: (row["first_day"], row["last_day"]) for row in by_story}
    assert days[story["id"]] == (DAY, "2026-11-23")
    assert sorted(days.values()) == [(DAY, DAY), (DAY, "2026-11-23")]


def test_no_process_counts_a_story_twice(
    newsroom: Newsroom, services: Services, clock: HandClock, headers: dict[str, str]
) -> None:
    del headers
    partner = newsroom.call("GET", "/partners/partner").json()
    stories = [SentStory(newsroom.story(f"Story {number}")["id"], 1, "full") for number in range(8)]
    database = services.database
    processes = [Usage(database, clock, Receipts(database, clock)) for _ in range(4)]
    for number, process in enumerate(processes):
        caller = Caller(partner_id=partner["id"], key_id=f"{partner['id'][:-1]}{number}")
        process.add(caller, "/v1/changes", 10, stories[number % 2 :])
    with ThreadPoolExecutor() as threads:
        for written in [threads.submit(process.write) for process in processes]:
            written.result()
    rows = report(newsroom, services, "group_by=partner,key")
    of_partner = [row for row in rows if "partner" in row]
    assert sum(row["stories"] for row in of_partner) == len(stories)
    assert [row["bytes"] for row in of_partner] == [10, 10, 10, 10]


def test_an_answer_that_is_sent_again_counts_while_usage_is_written(
    newsroom: Newsroom, services: Services, clock: HandClock, headers: dict[str, str]
) -> None:
    del headers
    partner = newsroom.call("GET", "/partners/partner").json()
    story = newsroom.story("First")
    caller = Caller(partner_id=partner["id"], key_id=partner["id"])
    usage, stories = services.usage, [SentStory(story["id"], 1, "full")]
    with ThreadPoolExecutor(1) as thread:
        writes = [thread.submit(usage.write) for _ in range(20)]
        answer = usage.add(caller, "/v1/changes", 10, stories)
        number = 1
        while number < 20_000 or not all(written.done() for written in writes):
            clock.advance(milliseconds=1)
            if answer is None or not answer.count_again(clock.now()):
                answer = usage.add(caller, "/v1/changes", 10, stories)
            number += 1
    for written in writes:
        written.result()
    last_at = clock.now()
    clock.advance(seconds=1)
    (row,) = [row for row in report(newsroom, services, "group_by=partner,key") if "partner" in row]
    assert (row["requests"], row["bytes"], row["stories"]) == (number, 10 * number, 1)
    (recipient,) = newsroom.call("GET", f"/articles/{story['id']}/recipients").json()["data"]
    assert recipient["last_at"] == format_instant(last_at)


def test_stories_are_known_while_they_are_written(services: Services) -> None:
    receipts, stories = services.receipts, [SentStory("s", 1, "full")]
    receipts.add("p", stories, "/v1/changes")
    taken = receipts.take()
    assert [story.article_id for story in receipts.list_unwritten("p")] == ["s"]
    receipts.write(taken)
    assert receipts.list_unwritten("p") == []


def test_usage_is_written_early_if_there_are_many_receipts(services: Services) -> None:
    services.usage.write()
    with patch.object(receipts_module, "MOST_PENDING", 4):
        for number, expected in enumerate([1, 2, 0]):
            services.receipts.add("p", [SentStory(f"s{number}", 1, "full")], "/v1/changes")
            services.usage.write_if_due()
            assert len(services.receipts.list_unwritten("p")) == expected


def test_usage_survives_its_partner_and_is_an_invoice(
    newsroom: Newsroom, services: Services, client: TestClient, clock: HandClock
) -> None:
    add_product(newsroom)
    partner = add_partner(newsroom, "product", name="=1+1", slug="north")
    headers = add_key(newsroom, partner)
    newsroom.story("First", body="<p>One.</p>")
    client.get("/v1/articles/first", headers=headers)
    services.usage.write()
    clock.advance(hours=12)
    client.get("/v1/headlines", headers=headers)
    services.usage.write()
    key = headers["x-api-key"][:11]
    assert newsroom.call("DELETE", f"/keys/{key}").is_success
    assert newsroom.delete(partner, "partners").is_success
    answer = newsroom.call("GET", "/usage?from=2026-11-01&to=2026-11-30&format=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(answer.text.splitlines()))
    of_partner = [row for row in rows if row["partner_id"]]
    assert [
        (row["day"], row["partner_slug"], row["partner_name"], row["requests"], row["stories"])
        for row in of_partner
    ] == [(DAY, "north", "'=1+1", "1", "1"), ("2026-11-23", "north", "'=1+1", "1", "0")]
    by_key = report(newsroom, services, f"to={DAY}&from={DAY}&group_by=key&limit=100")
    assert key in [row["key"]["prefix"] for row in by_key if "key" in row]


def test_a_report_has_pages_and_refuses_what_it_cannot_group(
    newsroom: Newsroom, services: Services, client: TestClient, headers: dict[str, str]
) -> None:
    others = add_key(newsroom, add_partner(newsroom, "product", name="Other"))
    client.get("/v1/categories", headers=others)
    paths = ("/v1/headlines", "/v1/articles", "/v1/search?q=a", "/v1/sources", "/v1/changes")
    for path in paths:
        client.get(path, headers=headers)
    services.usage.write()
    own = client.get("/v1/me/usage?group_by=route&limit=2", headers=headers).json()
    rows, page = own["data"], own["page"]
    while page["next"]:
        path = f"/v1/me/usage?group_by=route&limit=2&cursor={page['next']}"
        own = client.get(path, headers=headers).json()
        rows, page = rows + own["data"], own["page"]
        assert page["prev"]
    assert [row["route"] for row in rows] == sorted(path.partition("?")[0] for path in paths)
    back = client.get(
        f"/v1/me/usage?group_by=route&limit=2&cursor={page['prev']}", headers=headers
    ).json()
    assert [row["route"] for row in back["data"]] == [row["route"] for row in rows[2:4]]
    refused = [
        "group_by=story,day",
        "group_by=nothing",
        "from=2026-11-22T00:00:00Z",
        "from=2026-11-02&to=2026-11-01",
        "format=csv&limit=2",
    ]
    for query in refused:
        assert newsroom.call("GET", f"/usage?{query}").status_code == 400, query
    assert client.get("/v1/me/usage").status_code == 401
    for query in ("group_by=story", "group_by=story,partner"):
        assert client.get(f"/v1/me/usage?{query}", headers=headers).json()["data"] == []


def test_a_caller_without_a_partner_sees_its_own_key(
    newsroom: Newsroom, services: Services, client: TestClient, headers: dict[str, str]
) -> None:
    client.get("/v1/headlines", headers=headers)
    client.get("/v1/headlines", headers=newsroom.headers)
    services.usage.write()
    answer = client.get("/v1/me/usage?group_by=route&limit=100", headers=newsroom.headers).json()
    by_route = {row["route"]: row["requests"] for row in answer["data"]}
    assert by_route["/v1/headlines"] == 1
    assert "/v1/manage/partners" in by_route


def test_a_caller_without_a_partner_sees_no_stories_of_partners(
    newsroom: Newsroom, services: Services, client: TestClient, headers: dict[str, str]
) -> None:
    story = newsroom.story("First", body="<p>Text.</p>")
    client.get("/v1/articles/first", headers=headers)
    services.usage.write()
    path = "/v1/me/usage?group_by=partner,story"
    assert story["id"] in client.get(path, headers=headers).text
    key = {"x-api-key": key_for(services, "read")}
    for query in (path, f"{path}&format=csv", "/v1/me/usage?group_by=story"):
        refused = client.get(query, headers=key)
        assert refused.status_code == 400
        (error,) = refused.json()["errors"]
        assert (error["pointer"], error["code"]) == ("?group_by", "not_allowed")
        assert "no partner" in error["detail"]
    day = services.clock.now().date().isoformat()
    stories = Report(day, day, ("story",), key_id="key")
    with services.database.read() as session, pytest.raises(ValueError, match="cannot list"):
        load_report_page(session, stories, 10, None, backwards=False)
    with pytest.raises(ValueError, match="of everybody"):
        Report(day, day, ("story",))


def test_days_are_forgotten_and_versions_are_not(
    newsroom: Newsroom,
    services: Services,
    client: TestClient,
    clock: HandClock,
    headers: dict[str, str],
) -> None:
    newsroom.story("First", body="<p>One.</p>")
    client.get("/v1/articles/first", headers=headers)
    assert len(report(newsroom, services, "group_by=partner,story")) == 1
    clock.advance(days=services.settings.usage_days + 1)
    forget_counted_days_in_batches(services)
    assert report(newsroom, services, f"from={DAY}&group_by=partner,story") == []
    client.get("/v1/articles/first", headers=headers)
    counted = count_by_day(newsroom, services, f"from={DAY}")
    assert (counted[DAY], sum(counted.values())) == (1, 1)


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_purged_story_leaves_the_totals(
    newsroom: Newsroom, services: Services, client: TestClient, headers: dict[str, str]
) -> None:
    story = newsroom.story("First", body="<p>One.</p>")
    client.get("/v1/articles/first", headers=headers)
    services.usage.write()
    newsroom.delete(story)
    path = f"/articles/{story['id']}/purge"
    assert newsroom.call("POST", path, headers={"if-match": '"v2"'}).is_success
    assert report(newsroom, services, "group_by=story") == []
    assert count_by_day(newsroom, services) == {DAY: 1}


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_counts_are_kept_while_they_cannot_be_written(
    newsroom: Newsroom, services: Services, client: TestClient, headers: dict[str, str]
) -> None:
    newsroom.story("First", body="<p>One.</p>")
    services.usage.write()
    client.get("/v1/articles/first", headers=headers)
    down = DatabaseUnavailable("Down.")
    with (
        patch.object(usage_module, "add_usage", side_effect=down),
        pytest.raises(DatabaseUnavailable),
    ):
        services.usage.write()
    client.get("/v1/articles/first", headers=headers)
    rows = report(newsroom, services, "group_by=partner")
    (row,) = (row for row in rows if "partner" in row)
    assert (row["requests"], row["stories"]) == (2, 1)
