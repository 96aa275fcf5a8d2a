"""Cached responses are sent without a query, and never after they are outdated."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from tests.clock import HandClock
from tests.databases import count_queries
from tests.newsroom import Newsroom

Change = Callable[[Newsroom, dict[str, Any]], object]

_CHANGES: dict[str, Change] = {
    "published": lambda newsroom, _: newsroom.story("Another"),
    "updated": lambda newsroom, story: newsroom.patch(story, title="B", status="published"),
    "unpublished": lambda newsroom, story: newsroom.verb(story, "unpublish"),
    "deleted": lambda newsroom, story: newsroom.delete(story),
    "source renamed": lambda newsroom, _: newsroom.patch(
        newsroom.call("GET", "/sources/wire").json(), "sources", name="The Wire"
    ),
}


@pytest.fixture
def story(newsroom: Newsroom) -> dict[str, Any]:
    newsroom.source("Wire")
    return newsroom.story("A", source="wire", body="<p>" + "word " * 300 + "</p>")


def test_a_cached_response_is_sent_again_without_a_query(
    client: TestClient, services: Services, story: dict[str, Any]
) -> None:
    paths = ["/v1/headlines", f"/v1/articles/{story['slug']}", "/v1/sources", "/v1/articles/none"]
    first = [client.get(path) for path in paths]
    with count_queries(services.database) as sent:
        again = [client.get(path) for path in paths]
    assert sent == []
    for item, other in zip(first[:3], again[:3], strict=True):
        assert (item.content, item.headers["etag"]) == (other.content, other.headers["etag"])
        assert item.headers["x-request-id"] != other.headers["x-request-id"]
    assert again[3].json()["request_id"] == again[3].headers["x-request-id"]


@pytest.mark.parametrize("change", _CHANGES)
def test_no_response_is_older_than_an_acknowledged_change(
    change: str, client: TestClient, newsroom: Newsroom, story: dict[str, Any]
) -> None:
    paths = ["/v1/headlines", f"/v1/articles/{story['id']}", "/v1/articles?source=wire"]
    before = [client.get(path).content for path in paths]
    _CHANGES[change](newsroom, story)
    after = [client.get(path).content for path in paths]
    assert after[0] != before[0]
    if change != "published":
        assert after[1] != before[1]


def test_a_cached_404_ends_when_the_story_is_published(
    client: TestClient, newsroom: Newsroom
) -> None:
    draft = newsroom.article("Soon")
    assert client.get("/v1/articles/soon").status_code == 404
    newsroom.verb(draft, "publish")
    assert client.get("/v1/articles/soon").status_code == 200


def test_cached_responses_end_at_a_scheduled_publication_or_expiry(
    client: TestClient, newsroom: Newsroom, clock: HandClock
) -> None:
    newsroom.story("Later", published_at="2026-11-22T12:01:00Z")
    newsroom.story("Now", expires_at="2026-11-22T12:02:00Z")
    clock.advance(seconds=30)
    shown = []
    for _ in range(4):
        shown.append([item["title"] for item in client.get("/v1/headlines").json()["data"]])
        assert client.get("/v1/articles/later").status_code == (200 if len(shown) > 1 else 404)
        clock.advance(seconds=30)
    assert shown == [["Now"], ["Later", "Now"], ["Later", "Now"], ["Later"]]


def test_a_later_schedule_ends_a_cached_response(
    client: TestClient, newsroom: Newsroom, clock: HandClock
) -> None:
    story = newsroom.story("Now")
    clock.advance(seconds=5)
    usual = "public, max-age=0, s-maxage=15, stale-while-revalidate=15, stale-if-error=15"
    for _ in range(2):
        assert client.get("/v1/headlines").headers["cache-control"] == usual
    assert client.get("/v1/articles/later").status_code == 404
    newsroom.story("Later", published_at="2026-11-22T12:00:25Z")
    for _ in range(2):
        shown = client.get("/v1/headlines")
        assert shown.headers["cache-control"].endswith(
            "s-maxage=15, stale-while-revalidate=5, stale-if-error=5"
        )
    clock.advance(seconds=21)
    assert [item["title"] for item in client.get("/v1/headlines").json()["data"]] == [
        "Later",
        "Now",
    ]
    assert client.get("/v1/articles/later").status_code == 200
    newsroom.patch(story, expires_at="2026-11-22T12:01:00Z", status="published")
    assert client.get("/v1/articles/now").status_code == 200
    clock.advance(minutes=1)
    assert client.get("/v1/articles/now").status_code == 404


def test_a_story_shows_added_and_removed_translations(
    client: TestClient, newsroom: Newsroom, story: dict[str, Any]
) -> None:
    path = f"/v1/articles/{story['id']}"
    assert client.get(path).json()["translations"] == []
    other = newsroom.story("Un", language="fr", translation_of=story["slug"])
    assert [translation["slug"] for translation in client.get(path).json()["translations"]] == [
        "un"
    ]
    newsroom.verb(other, "unpublish")
    assert client.get(path).json()["translations"] == []


def test_a_revoked_key_is_refused_immediately_despite_cached_responses(
    client: TestClient, newsroom: Newsroom, story: dict[str, Any]
) -> None:
    new_key = newsroom.call("POST", "/keys", json={"name": "app", "scopes": ["read"]}).json()
    headers = {"x-api-key": new_key["key"]}
    answer = client.get("/v1/headlines", headers=headers)
    assert answer.headers["cache-control"].startswith("private")
    newsroom.call("DELETE", f"/keys/{new_key['id']}")
    assert client.get("/v1/headlines", headers=headers).status_code == 401


def test_each_encoding_has_its_own_etag_and_304(client: TestClient, story: dict[str, Any]) -> None:
    path, tags = f"/v1/articles/{story['id']}", set()
    for coding in ("identity", "gzip", "br", "zstd"):
        whole = client.get(path, headers={"accept-encoding": coding})
        assert whole.headers.get("content-encoding", "identity") == coding
        tags.add(whole.headers["etag"])
        headers = {"accept-encoding": coding, "if-none-match": f'W/{whole.headers["etag"]}, "x"'}
        unchanged = client.get(path, headers=headers)
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        for name in ("etag", "cache-control", "vary", "surrogate-key", "dateline-serial"):
            assert unchanged.headers[name] == whole.headers[name]
        assert "content-type" not in unchanged.headers
    assert len(tags) == 4


def test_a_range_request_gets_the_complete_response(
    client: TestClient, story: dict[str, Any]
) -> None:
    answer = client.get(f"/v1/articles/{story['id']}", headers={"range": "bytes=0-9"})
    assert (answer.status_code, answer.headers["accept-ranges"]) == (200, "none")
    assert answer.json()["title"] == "A"
