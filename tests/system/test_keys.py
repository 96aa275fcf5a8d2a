"""A shared cache never sends the response of one reader to another reader."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.conftest import Site, paths, running_site
from tests.system.programs import SharedCache, nginx, varnish
from tests.system.reading import Answer, count_requests, fetch

pytestmark = pytest.mark.system

# Varnish with its default rules, which do not know X-Api-Key: the response headers must suffice.
_BARE = 'vcl 4.1; backend dateline { .host = "127.0.0.1"; .port = "%d"; }'
_MARK = """
sub vcl_deliver {
    set resp.http.X-Cache = "MISS";
    if (obj.hits > 0) { set resp.http.X-Cache = "HIT"; }
}
"""
_START = {
    "varnish": varnish,
    "nginx": nginx,
    "bare varnish": lambda folder, port: varnish(folder, port, _BARE % port + _MARK),
}


@pytest.fixture(params=["all", "headlines", "none"])
def anonymous(request: pytest.FixtureRequest) -> str:
    """What can be read without a key."""
    value: str = request.param
    return value


@pytest.fixture
def site(anonymous: str, tmp_path: Path) -> Iterator[Site]:
    with running_site(tmp_path, anonymous=anonymous) as new_site:
        yield new_site


@pytest.fixture(params=_START)
def cache(request: pytest.FixtureRequest, site: Site, tmp_path: Path) -> Iterator[SharedCache]:
    with _START[request.param](tmp_path, site.port) as shared_cache:
        yield shared_cache


@pytest.mark.parametrize("first", ["a stranger", "a reader with a key"])
def test_a_response_to_a_key_is_not_sent_to_other_readers(
    site: Site, cache: SharedCache, anonymous: str, first: str
) -> None:
    story, listed = paths(site.story())
    ways = ({"authorization": f"Bearer {site.reader_key}"}, {"x_api_key": site.reader_key})
    wrong = ({"authorization": "Bearer dl_wrong"}, {"x_api_key": "dl_wrong"})
    if first == "a stranger":
        fetch(cache.port, story)
        fetch(cache.port, listed)
    for _ in range(2):
        for way in ways:
            for path in (story, listed):
                _is_private(fetch(cache.port, path, **way))
        for path, is_open in ((story, anonymous == "all"), (listed, anonymous != "none")):
            _is_for_strangers(fetch(cache.port, path), is_open)
        for way in wrong:
            refused = fetch(cache.port, story, **way)
            assert (refused.status, refused.is_from_cache) == (401, False)


def _is_private(answer: Answer) -> None:
    assert (answer.status, answer.is_from_cache) == (200, False)
    assert answer.headers["cache-control"].startswith("private")


def _is_for_strangers(answer: Answer, is_open: bool) -> None:
    if is_open:
        assert (answer.status, answer.headers["cache-control"][:6]) == (200, "public")
    else:
        assert (answer.status, answer.headers["cache-control"]) == (401, "no-store")
        assert not answer.is_from_cache


@pytest.mark.parametrize("anonymous", ["none"], indirect=True)
def test_a_shared_cache_stores_nothing_if_every_read_needs_a_key(
    site: Site, cache: SharedCache
) -> None:
    for path in (*paths(site.story()), "/v1/articles/none", "/v1/sources"):
        for way in ({}, {"x_api_key": site.reader_key}, {}):
            before = count_requests(site.port)
            assert not fetch(cache.port, path, **way).is_from_cache
            assert count_requests(site.port) == before + 2
