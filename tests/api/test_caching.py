"""Caching headers: ETags, dates and lifetimes, which reveal no scheduled change."""

import pytest
from starlette.testclient import TestClient

from tests.api.reading import read
from tests.clock import HandClock
from tests.newsroom import Newsroom

LIFETIME = "public, max-age=0, s-maxage=15, stale-while-revalidate=15, stale-if-error=15"
NOON = "Sun, 22 Nov 2026 12:00:00 GMT"
PATHS = ("/v1/headlines", "/v1/articles", "/v1/articles/a-title", "/v1/sources", "/v1/categories")


@pytest.fixture
def old_story(newsroom: Newsroom, clock: HandClock) -> None:
    """One story, published a minute ago."""
    newsroom.story()
    clock.advance(minutes=1)


def test_delivery_responses_have_all_caching_headers(old_story: None, client: TestClient) -> None:
    for path in (*PATHS, "/v1/categories?tree=true"):
        headers = client.get(path).headers
        assert headers["cache-control"] == LIFETIME
        assert headers["last-modified"] == NOON
        assert headers["etag"].startswith('"')
        assert {"Accept-Encoding", "Authorization", "X-Api-Key"} <= set(headers["vary"].split(", "))
        assert headers["surrogate-key"]
        assert headers["dateline-serial"] == "1"
        assert headers["content-type"] == "application/json"


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_matching_etag_is_answered_304(old_story: None, client: TestClient) -> None:
    for path in PATHS:
        fresh = client.get(path)
        tag = fresh.headers["etag"]
        for tags in (tag, f"W/{tag}", f'"x", {tag}', "*"):
            response = client.get(path, headers={"if-none-match": tags})
            assert (response.status_code, response.content) == (304, b"")
            for name in ("etag", "cache-control", "vary", "last-modified"):
                assert response.headers[name] == fresh.headers[name]
        assert client.get(path, headers={"if-none-match": '"x"'}).status_code == 200


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_if_modified_since_is_ignored_if_there_is_an_etag(
    old_story: None, client: TestClient
) -> None:
    path, before = "/v1/headlines", "Sun, 22 Nov 2026 11:59:59 GMT"
    for date, status in ((NOON, 304), (before, 200), ("yesterday", 200), ("", 200)):
        assert client.get(path, headers={"if-modified-since": date}).status_code == status
    both = {"if-modified-since": NOON, "if-none-match": '"x"'}
    assert client.get(path, headers=both).status_code == 200


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_an_invalid_date_is_ignored(old_story: None, client: TestClient) -> None:
    far, offset = "Sun, 22 Nov 99999 12:00:00 GMT", "Sun, 22 Nov 2026 12:00:00 +99999999999"
    for date in (far, offset, "0", "é" * 99):
        headers = {"if-modified-since": date.encode("latin-1")}
        assert client.get("/v1/headlines", headers=headers).status_code == 200  # type: ignore[arg-type]


def test_a_change_modifies_the_etag_and_the_serial(
    old_story: None, newsroom: Newsroom, client: TestClient
) -> None:
    before = client.get("/v1/headlines").headers
    newsroom.story("Another")
    after = client.get("/v1/headlines").headers
    assert after["etag"] != before["etag"]
    assert int(after["dateline-serial"]) > int(before["dateline-serial"])


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_last_modified_is_omitted_for_two_seconds_after_a_change(
    newsroom: Newsroom, client: TestClient, clock: HandClock
) -> None:
    newsroom.story()
    for path in PATHS:
        assert "last-modified" not in client.get(path).headers
    clock.advance(seconds=1.9)
    assert "last-modified" not in client.get("/v1/headlines").headers
    clock.advance(seconds=0.1)
    assert client.get("/v1/headlines").headers["last-modified"] == NOON


def test_a_scheduled_publication_sets_last_modified_of_the_list(
    newsroom: Newsroom, client: TestClient, clock: HandClock
) -> None:
    newsroom.story(published_at="2026-11-22T13:00:00Z")
    clock.advance(hours=1, seconds=30)
    headers = client.get("/v1/headlines").headers
    assert headers["last-modified"] == "Sun, 22 Nov 2026 13:00:00 GMT"


def test_cache_lifetimes_end_at_the_next_scheduled_change(
    newsroom: Newsroom, client: TestClient, clock: HandClock
) -> None:
    newsroom.story("now", expires_at="2026-11-22T14:00:00Z")
    newsroom.story("next", published_at="2026-11-22T13:00:00Z")
    for _ in range(2):
        for seconds, fresh, stale in ((3600, 15, 15), (30, 15, 15), (20, 15, 5), (7, 7, 0)):
            clock.advance(seconds=3600 - seconds)
            expected = (
                f"public, max-age=0, s-maxage={fresh}, stale-while-revalidate={stale}, "
                f"stale-if-error={stale}"
            )
            assert client.get("/v1/headlines").headers["cache-control"] == expected
            clock.advance(seconds=seconds - 3600)
        clock.advance(hours=1)


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_every_404_has_the_same_short_cache_lifetime(
    newsroom: Newsroom, client: TestClient, clock: HandClock
) -> None:
    newsroom.story("Soon", published_at="2026-11-22T12:00:03Z")
    for path in ("/v1/articles/soon", "/v1/articles/never", "/v1/sources/x", "/nowhere"):
        response = client.get(path)
        assert response.status_code == 404
        assert response.headers["cache-control"] == "max-age=0, s-maxage=5"
    clock.advance(seconds=3)
    assert read(client, "/v1/articles/soon")["title"] == "Soon"


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_management_responses_are_never_stored(old_story: None, newsroom: Newsroom) -> None:
    paths = ["/articles", "/articles/a-title", "/articles/none", "/sources", "/keys", "/export"]
    for path in (*paths, "/articles/a-title/revisions", "/articles?limit=x"):
        assert newsroom.call("GET", path).headers["cache-control"] == "no-store", path
    assert newsroom.call("POST", "/import").headers["cache-control"] == "no-store"


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_responses_to_a_key_are_private(
    old_story: None, newsroom: Newsroom, client: TestClient
) -> None:
    for path in PATHS:
        answer = client.get(path, headers=newsroom.headers)
        assert answer.headers["cache-control"].startswith("private")
