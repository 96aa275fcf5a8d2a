"""Scripts of other origins behind a shared cache: each origin gets its own CORS headers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.conftest import Site, paths, running_site
from tests.system.programs import SharedCache, nginx, varnish
from tests.system.reading import fetch

pytestmark = pytest.mark.system
_NAMED = ("https://a.example", "https://b.example")
_ORIGINS = (*_NAMED, "https://evil.example", None)
_START = {"varnish": varnish, "nginx": nginx}


@pytest.fixture(params=["*", ",".join(_NAMED)], ids=["any", "named"])
def origins(request: pytest.FixtureRequest) -> str:
    value: str = request.param
    return value


@pytest.fixture
def site(origins: str, tmp_path: Path) -> Iterator[Site]:
    with running_site(tmp_path, cors_origins=origins) as new_site:
        yield new_site


@pytest.fixture(params=_START)
def cache(request: pytest.FixtureRequest, site: Site, tmp_path: Path) -> Iterator[SharedCache]:
    with _START[request.param](tmp_path, site.port) as shared_cache:
        yield shared_cache


def test_each_origin_gets_its_own_cors_headers(
    site: Site, cache: SharedCache, origins: str
) -> None:
    for path in (*paths(site.story()), "/v1/articles/none", "/nowhere"):
        for origin in (*_ORIGINS, *_ORIGINS, *reversed(_ORIGINS)):
            answer = fetch(cache.port, path, **({"origin": origin} if origin else {}))
            allowed = answer.headers.get("access-control-allow-origin")
            if origins == "*":
                assert allowed == ("*" if origin else None), path
            else:
                assert allowed == (origin if origin in _NAMED else None), path
            if allowed is not None:
                assert "ETag" in answer.headers["access-control-expose-headers"]
        assert answer.is_from_cache
