"""Responses through a real shared cache: cached, revalidated and fetched again in each encoding."""

import time
from typing import Any

import pytest

from app.api.http.answer import entity_tag
from tests.system.conftest import Site, paths
from tests.system.programs import SharedCache
from tests.system.reading import Answer, count_requests, fetch

pytestmark = pytest.mark.system


@pytest.mark.parametrize("which", [0, 1], ids=["a story", "a list"])
def test_a_fresh_response_is_served_by_the_shared_cache(
    site: Site, cache: SharedCache, which: int
) -> None:
    path = paths(site.story())[which]
    before = count_requests(site.port)
    first = fetch(cache.port, path)
    time.sleep(2)
    again = fetch(cache.port, path)
    # The request for the metrics is counted as well.
    assert count_requests(site.port) == before + 2
    assert (first.is_from_cache, again.is_from_cache) == (False, True)
    assert first.json() == again.json()
    for name in ("etag", "cache-control", "surrogate-key", "dateline-serial", "vary"):
        assert first.headers[name] == again.headers[name]


def test_cached_responses_have_an_age(site: Site, cache: SharedCache) -> None:
    if cache.name == "nginx":
        pytest.skip("nginx sends no Age")
    path, _ = paths(site.story())
    began = time.monotonic()
    assert fetch(cache.port, path).headers["age"] == "0"
    time.sleep(2)
    age = int(fetch(cache.port, path).headers["age"])
    assert 2 <= age <= time.monotonic() - began + 1


def test_the_shared_cache_answers_conditional_requests(site: Site, cache: SharedCache) -> None:
    path, _ = paths(site.story())
    tag = fetch(cache.port, path).headers["etag"]
    before = count_requests(site.port)
    for tags in (tag, f"W/{tag}", f'"x", {tag}', f'"x",W/{tag},"y"', "*"):
        answer = fetch(cache.port, path, if_none_match=tags)
        assert (answer.status, answer.body) == (304, b""), tags
        assert answer.headers["etag"] == tag
        assert answer.headers["cache-control"].startswith("public")
        assert answer.headers["vary"].startswith("Accept-Encoding")
    assert fetch(cache.port, path, if_none_match='"x"').status == 200
    assert count_requests(site.port) == before + 1


def test_a_stale_response_is_revalidated_by_its_etag(
    site: Site, caches: tuple[SharedCache, ...]
) -> None:
    """Both caches in one test: it takes as long as the lifetime of a response."""
    routes = {"/v1/articles/{ref}": 0, "/v1/headlines": 1}
    at = paths(site.story())
    for cache in caches:
        for path in at:
            fetch(cache.port, path)
    unchanged = {route: count_requests(site.port, route=route, status="304") for route in routes}
    time.sleep(16)
    for route, which in routes.items():
        for cache in caches:
            expected = count_requests(site.port, route=route, status="304") + 1
            old = fetch(cache.port, at[which])
            assert (old.status, old.is_from_cache) == (200, True)
            while count_requests(site.port, route=route, status="304") < expected:
                time.sleep(0.05)
        assert count_requests(site.port, route=route, status="304") == unchanged[route] + len(
            caches
        )
    for cache in caches:
        before = count_requests(site.port)
        for path in at:
            answer = fetch(cache.port, path)
            assert answer.is_from_cache
            assert int(answer.headers.get("age", "0")) < 15
        assert count_requests(site.port) == before + 1


_BROWSERS = (
    "gzip, deflate, br, zstd",
    "gzip, deflate, br",
    "gzip",
    "identity",
    "br;q=1.0, gzip;q=0.8, *;q=0.1",
    "gzip;q=0",
    "zstd",
    "gzip;q=0.5, zstd;q=0.4",
)
_EXPECTED = ("zstd", "br", "gzip", "identity", "br", "identity", "zstd", "gzip")


@pytest.mark.parametrize("which", [0, 1], ids=["a story", "a list"])
@pytest.mark.parametrize("step", [1, 3, 5], ids=["in turn", "by threes", "by fives"])
def test_every_client_gets_its_requested_encoding(
    site: Site, cache: SharedCache, which: int, step: int
) -> None:
    path = paths(site.story(summary="word " * 100))[which]
    order = [(step * turn) % len(_BROWSERS) for turn in range(3 * len(_BROWSERS))]
    for number in order:
        for method in ("GET", "HEAD", "GET"):
            answer = fetch(cache.port, path, method, accept_encoding=_BROWSERS[number])
            assert answer.coding == _EXPECTED[number], _BROWSERS[number]
            if method == "GET":
                _is_whole(answer)
        nothing = fetch(cache.port, path)
        assert nothing.coding == "identity"
        _is_whole(nothing)


_FORMATS = {
    "application/rss+xml": "application/rss+xml",
    "application/atom+xml, application/json;q=0.5": "application/atom+xml",
    "application/ninjs+json": "application/ninjs+json",
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": "application/json",
    "*/*": "application/json",
    "application/json": "application/json",
}


@pytest.mark.parametrize("which", [0, 1], ids=["a story", "a list"])
def test_every_client_gets_its_requested_format(site: Site, cache: SharedCache, which: int) -> None:
    story = site.story(summary="word " * 100)
    path = (f"/v1/articles/{story['slug']}", f"/v1/headlines?tag={story['slug']}")[which]
    offered = _FORMATS if which else {k: v for k, v in _FORMATS.items() if "json" in v}
    for _ in range(2):
        for accept, media_type in offered.items():
            for coding in ("br", "identity"):
                answer = fetch(cache.port, path, accept=accept, accept_encoding=coding)
                assert answer.headers["content-type"].partition(";")[0] == media_type, accept
                assert (answer.status, answer.coding) == (200, coding)
                assert answer.headers["etag"] == entity_tag(answer.body)
        assert fetch(cache.port, path).headers["content-type"] == "application/json"
    assert answer.is_from_cache


def _is_whole(answer: Answer) -> None:
    """The ETag is a hash of the bytes, so the bytes are those that Dateline sent with it."""
    assert answer.status == 200
    assert answer.headers["etag"] == entity_tag(answer.body)
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert answer.json()


def test_head_has_the_headers_of_get(site: Site, cache: SharedCache) -> None:
    path, _ = paths(site.story())
    for coding in ("zstd", "br", "gzip", "identity"):
        head = fetch(cache.port, path, "HEAD", accept_encoding=coding)
        answer = fetch(cache.port, path, accept_encoding=coding)
        assert (head.status, head.body) == (200, b"")
        for name in ("content-length", "content-encoding", "etag", "content-type", "vary"):
            assert head.headers.get(name) == answer.headers.get(name)
        known = fetch(cache.port, path, "HEAD", accept_encoding=coding, if_none_match="*")
        assert (known.status, known.body) == (304, b"")


def test_a_range_is_cut_from_the_same_encoding(site: Site, cache: SharedCache) -> None:
    """Dateline sends no ranges; a shared cache may cut them from a complete response."""
    at, tags = paths(site.story())[0], {}
    for coding in ("zstd", "br", "gzip", "identity"):
        for _ in range(2):
            part = fetch(cache.port, at, accept_encoding=coding, range="bytes=10-29")
            whole = fetch(cache.port, at, accept_encoding=coding)
            _is_whole(whole)
            _is_part(part, whole)
        tags[coding] = whole.headers["etag"]
    for coding, tag in tags.items():
        headers = {"range": "bytes=0-9", "accept_encoding": coding}
        part = fetch(cache.port, at, if_range=tag, **headers)
        assert part.status in {200, 206}
        for other in set(tags.values()) - {tag}:
            assert fetch(cache.port, at, if_range=other, **headers).status == 200


def _is_part(part: Answer, whole: Answer) -> None:
    assert part.headers["etag"] == whole.headers["etag"]
    assert part.coding == whole.coding
    if part.status == 200:
        assert part.body == whole.body
        return
    assert part.status == 206
    assert part.body == whole.body[10:30]
    assert part.headers["content-range"] == f"bytes 10-29/{len(whole.body)}"


def test_a_404_is_cached_for_exactly_five_seconds(
    site: Site, caches: tuple[SharedCache, ...]
) -> None:
    story: dict[str, Any] = site.draft()
    path, _ = paths(story)
    for cache in caches:
        first = fetch(cache.port, path)
        assert (first.status, first.is_from_cache) == (404, False)
        assert first.headers["cache-control"] == "max-age=0, s-maxage=5"
    site.verb(story, "publish")
    answers = [fetch(cache.port, path) for cache in caches]
    time.sleep(6)
    for cache, before in zip(caches, answers, strict=True):
        assert (before.status, before.is_from_cache) == (404, True), cache
        after = fetch(cache.port, path)
        assert (after.status, after.is_from_cache) == (200, False), cache
