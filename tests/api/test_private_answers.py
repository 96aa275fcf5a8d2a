"""Every answer to a key or a feed token is private and has the limits, whatever its status."""

import re
from collections.abc import Iterator

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from app.api.app import openapi_document
from app.settings import Settings
from tests.clock import HandClock
from tests.newsroom import Newsroom
from tests.partners.agreements import add_key, add_partner, add_product

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])
_STATUSES = {200, 301, 304, 400, 404, 410, 412, 429}


@pytest.fixture
def settings(database_url: str) -> Settings:
    """A deployment with a limit for addresses, too."""
    return Settings(database_url=database_url, anonymous_requests_per_minute=10_000)


@pytest.fixture
def stories(newsroom: Newsroom, clock: HandClock) -> None:
    """Stories that are there, have moved, and were withdrawn in each way."""
    moved = newsroom.story("Old", slug="old")
    newsroom.patch(moved, slug="new", status="published")
    newsroom.verb(newsroom.story("Gone"), "unpublish", answer="gone", notice="Under review.")
    newsroom.verb(newsroom.story("Killed"), "kill", notice="It is false.")
    newsroom.story("Over the quota", body="<p>Text.</p>")
    newsroom.story("Within the quota", body="<p>Text.</p>")
    clock.advance(seconds=3)


def _public_paths() -> Iterator[str]:
    """Yield an address of each path that is read with GET, except for the stream."""
    for path, operations in openapi_document()["paths"].items():
        if "get" in operations and path != "/v1/stream":
            yield re.sub(r"\{[a-z_]+\}", "none", path.replace("{ext}", "json"))


def _repeat(client: TestClient, path: str, headers: dict[str, str]) -> Iterator[Response]:
    """Yield answers of a resource: computed, cached, with conditions, and to a wrong request."""
    for _ in range(2):
        first = client.get(path, headers=headers)
        yield first
    yield client.get(path, headers={**headers, "if-none-match": first.headers["etag"]})
    yield client.get(path, headers={**headers, "if-match": '"x"'})
    yield client.get(f"{path}{'&' if '?' in path else '?'}unknown=1", headers=headers)
    yield client.head(path, headers=headers)


def _read(client: TestClient, headers: dict[str, str]) -> Iterator[Response]:
    """Yield answers with each status from the cache and from the routes."""
    for path in ("/v1/articles/new", "/v1/headlines"):
        yield from _repeat(client, path, headers)
    stories = ("old", "gone", "killed", "none", "old", "gone", "killed", "none")
    # The quota is reached by the first of the last two.
    for slug in (*stories, "within-the-quota", "over-the-quota"):
        yield client.get(f"/v1/articles/{slug}", headers=headers)
    for path in ("/v1/me?unknown=1", "/none", "/openapi.json", "/problems/gone", "/", "/healthz"):
        yield client.get(path, headers=headers)
    yield client.post("/v1/headlines", headers=headers)


def _read_with_token(client: TestClient, token: str) -> Iterator[Response]:
    """Yield answers of feeds and of the stream."""
    yield from _repeat(client, f"/feeds/latest.json?token={token}", {})
    for path in ("/feeds/categories/none.json", "/feeds/none.json", "/v1/stream"):
        yield client.get(f"{path}?token={token}&unknown=1")
        yield client.head(f"{path}?token={token}")


def _check(answer: Response) -> None:
    said = (answer.request.url, answer.status_code, answer.headers.get("cache-control"))
    control = answer.headers["cache-control"]
    assert control.startswith(("private", "no-store")), said
    assert "public" not in control, said
    assert "s-maxage" not in control, said
    for name in ("ratelimit", "ratelimit-policy"):
        assert len(answer.headers.get_list(name)) == 1, said


def test_every_answer_to_a_key_or_token_is_private_and_says_what_is_left(
    stories: None, newsroom: Newsroom, client: TestClient
) -> None:
    add_product(newsroom, "Every")
    partner = add_partner(newsroom, "every", limits={"stories_per_day": 1})
    key = add_key(newsroom, partner)
    found = set()
    for answer in _read(client, key):
        _check(answer)
        found.add(answer.status_code)
    assert found >= _STATUSES
    for answer in _read(client, newsroom.headers):
        _check(answer)
    for path in _public_paths():
        _check(client.get(path, headers=key))
    other = add_partner(newsroom, "every", name="Other")
    made = newsroom.call(
        "POST", f"/partners/{other['slug']}/feed-tokens", json={"product": "every"}
    )
    found = set()
    for answer in _read_with_token(client, made.json()["token"]):
        _check(answer)
        found.add(answer.status_code)
    assert found >= {200, 304, 400, 404, 412}


def test_no_answer_to_an_anonymous_reader_speaks_of_limits(
    stories: None, client: TestClient
) -> None:
    found = list(_read(client, {}))
    assert {answer.status_code for answer in found} >= _STATUSES - {429}
    assert not [answer.request.url for answer in found if "ratelimit" in answer.headers]
