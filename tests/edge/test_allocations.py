"""Memory of cached responses: nothing stays allocated, and the peak is limited."""

import gc
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from app.api.app import create_app
from app.api.delivery import story_lists
from app.bootstrap import Services
from app.settings import Settings
from tests.edge.driver import HOST, Driver, request
from tests.newsroom import Newsroom

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("dialect", ["sqlite"])]
_CODINGS = ("identity", "gzip", "br", "zstd")
_CACHE_BYTES = 2_000_000
_DIFFERENT = 5_000
# The maximum of real bytes for each byte that the cache counts.
_FACTOR = 1.25
# The peak of one request. A 404 contains the request, so its document is built for each request.
_MOST_BYTES = {"a 404": 40_000}
_MOST_BYTES_OF_A_HIT = 6_000


@pytest.fixture
def settings(database_url: str) -> Settings:
    return Settings(database_url=database_url, cache_bytes=_CACHE_BYTES)


@pytest.fixture
def driver(services: Services, newsroom: Newsroom) -> Iterator[Driver]:
    for number in range(3):
        newsroom.story(f"Story {number}", body="<p>" + "All eleven hives. " * 60 + "</p>")
    new_driver = Driver(create_app(services))
    yield new_driver
    new_driver.close()


def _build_request(path: str, *more: tuple[bytes, bytes]) -> dict[str, Any]:
    return request(path, [HOST, (b"accept-encoding", b"gzip"), *more])


_WAYS = {
    "a list": (_build_request("/v1/headlines"), 200),
    "a story": (_build_request("/v1/articles/story-1"), 200),
    "a 304": (_build_request("/v1/headlines", (b"if-none-match", b"*")), 304),
    "a 404": (_build_request("/v1/articles/none"), 404),
    "with a proxy's id": (_build_request("/v1/headlines", (b"x-request-id", b"a-1")), 200),
}


@pytest.mark.parametrize("way", _WAYS)
def test_a_cached_response_leaves_no_memory_allocated(driver: Driver, way: str) -> None:
    scope, status = _WAYS[way]
    assert driver.ask(scope, times=50) == status
    before = _count_blocks()
    driver.ask(scope, times=1_000)
    # The loop and the interpreter allocate a few; a thousand would be one for each request.
    assert _count_blocks() - before < 100


def _count_blocks() -> int:
    gc.collect()
    return sys.getallocatedblocks()


@pytest.mark.parametrize("way", _WAYS)
def test_a_cached_response_has_a_low_memory_peak(driver: Driver, way: str) -> None:
    scope, _ = _WAYS[way]
    driver.ask(scope, times=50)
    with _trace_memory():
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        driver.ask(scope, times=200)
        peak = tracemalloc.get_traced_memory()[1] - before
    assert peak < _MOST_BYTES.get(way, _MOST_BYTES_OF_A_HIT)


@contextmanager
def _trace_memory() -> Iterator[None]:
    gc.collect()
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()


def _build_numbered_request(number: int) -> dict[str, Any]:
    """Return one of five thousand requests: each object in each of four encodings."""
    limit, second = number // 4 % 100 + 1, number // 400
    path = f"/v1/headlines?limit={limit}&published_before=2027-01-01T00:00:{second:02d}Z"
    coding = _CODINGS[number % len(_CODINGS)].encode()
    return request(path, [HOST, (b"accept-encoding", coding)])


def test_the_cache_stays_within_its_limit_and_frees_its_memory(
    driver: Driver, newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Parsed queries are cached separately, with a separate limit.
    monkeypatch.setattr(story_lists, "_QUERY_BYTES", 2**30)
    # Data that is loaded once, and canonical queries, do not belong to the cache.
    for number in range(_DIFFERENT):
        story_lists.HEADLINES.parameters.canonical(_build_numbered_request(number)["query_string"])
    driver.ask(_build_numbered_request(0))
    newsroom.source("Something that drops everything")
    with _trace_memory():
        before = _measure_memory()
        for number in range(_DIFFERENT):
            assert driver.ask(_build_numbered_request(number)) == 200
        used = _measure_memory() - before
        newsroom.source("Something else that drops everything")
        driver.ask(_build_request("/v1/articles/none"))
        remaining = _measure_memory() - before
    assert _CACHE_BYTES / 2 < used < _CACHE_BYTES * _FACTOR
    assert remaining < used / 8, used


def _measure_memory() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]
