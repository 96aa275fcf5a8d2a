"""A public answer has one function, which the cache, FastAPI's route and the hub call alike."""

from collections import Counter
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response
from starlette.testclient import TestClient

from app.access import scopes
from app.api.app import _DELIVERY, _MANAGEMENT, create_app
from app.api.cache.pushed_feeds import read_feed
from app.api.delivery.registry import RESOURCES, find
from app.api.delivery.resource import Resource
from app.api.http.access import ReadPolicy, SessionPolicy
from app.api.http.asgi import Receive, Scope, Send
from app.api.routes.access_router import AccessRoute, AccessRouter
from app.bootstrap import Services
from app.settings import Settings
from tests.api.reading import filled, public_paths
from tests.client import expect_contract_violation, make_client
from tests.conftest import key_for
from tests.newsroom import Newsroom

_ORIGIN = {"origin": "https://site.example", "x-request-id": "one"}
_QUERIES = ("", "?limit=1", "?limit=0", "?nonsense=1", "?cursor=forged", "?tag=%FF", "?sort=title")
# What an answer says of itself; all else depends on its reader.
_OWN = (
    "content-type content-location link location surrogate-key cache-tag dateline-serial "
    "access-control-allow-origin x-request-id x-content-type-options www-authenticate"
).split()


@pytest.fixture
def settings(database_url: str) -> Settings:
    """Nothing is kept: whatever is asked for is computed."""
    return Settings(database_url=database_url, cache_bytes=0, public_url="http://testserver")


def _paths() -> list[str]:
    templates = [one.path for one in RESOURCES if not one.path.startswith("/v1/articles/{ref}")]
    refs = ("one", "Two", "three", "four", "none")
    stories = [f"/v1/articles/{ref}{end}" for ref in refs for end in ("", ".md", ".x", "/related")]
    return [*(filled(path) for path in templates), *stories]


def _answers(services: Services, key: str) -> dict[str, object]:
    found: dict[str, object] = {}
    with make_client(create_app(services), follow_redirects=False) as client:
        for path in _paths():
            for query in _QUERIES:
                for headers in (_ORIGIN, {**_ORIGIN, "x-api-key": key}):
                    answer = client.get(path + query, headers=headers)
                    own = {k: v for k, v in answer.headers.items() if k in _OWN}
                    if answer.status_code in {404, 410}:
                        # The cache adds what they depend on.
                        own = {k: own[k] for k in ("content-type", "x-request-id")}
                    found[f"{path}{query} {len(headers)}"] = answer.status_code, own, answer.content
    return found


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_the_cache_and_the_routes_of_the_framework_answer_alike(
    newsroom: Newsroom, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    newsroom.story("One", tags=["t"])
    newsroom.story("Two", source=newsroom.source("The Post")["slug"])
    newsroom.patch(newsroom.story("Three"), slug="third", status="published")
    newsroom.verb(newsroom.story("Four"), "kill", notice="Wrong.")
    key = key_for(services, "read")
    answered = _answers(services, key)
    monkeypatch.setattr("app.api.cache.request.find", lambda _: None)
    with expect_contract_violation("The headers for caches are missing."):
        assert _answers(services, key) == answered
    statuses = Counter(one[0] for one in answered.values())  # type: ignore[index]
    assert {200, 301, 400, 404, 410} <= statuses.keys()


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_the_framework_is_not_asked_for_what_is_public(
    newsroom: Newsroom, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    newsroom.story("One")
    key = key_for(services, "read")
    asked: list[str] = []

    async def note(_: FastAPI, scope: Scope, receive: Receive, send: Send) -> None:
        asked.append(scope["path"])

    client = make_client(create_app(services))
    monkeypatch.setattr(FastAPI, "__call__", note)
    for path in ("/v1/headlines", "/v1/articles", "/v1/sources", "/feeds/latest.rss"):
        for headers in ({}, {"x-api-key": key}):
            assert client.get(path, headers=headers).status_code == 200
            assert client.get(f"{path}?limit=0", headers=headers).status_code == 400
    assert asked == []


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_what_is_computed_is_counted(newsroom: Newsroom, services: Services) -> None:
    with make_client(create_app(services)) as client:
        for _ in range(3):
            client.get("/v1/headlines")
        client.get("/v1/headlines?nonsense=1")
        counted = [
            line
            for line in client.get("/metrics").text.splitlines()
            if line.startswith("dateline_requests_total") and "/v1/headlines" in line
        ]
    assert sorted(line.rpartition(" ")[2] for line in counted) == ["1.0", "3.0"]


def test_a_feed_is_sent_as_it_is_read(
    newsroom: Newsroom, services: Services, client: TestClient
) -> None:
    newsroom.story("One", tags=["t"])
    own = services.settings.public_url
    for path in ("/feeds/latest.rss", "/feeds/tags/t.atom", "/feeds/search.json?q=one&limit=20"):
        answer = client.get(path)
        sent = read_feed(services, f"{own}{path}")
        assert (sent.status, sent.body) == (200, answer.content), path
        assert sent.media_type == answer.headers["content-type"]
    for path, status in {
        "/feeds/nothing.rss": 404,
        "/feeds/latest.xyz": 404,
        "/feeds/latest.rss?limit=0": 400,
        "/feeds/languages/EN.rss": 301,
        "/v1/search": 404,
    }.items():
        assert read_feed(services, f"{own}{path}").status == status, path


def test_every_resource_has_one_route_and_is_found_at_its_path() -> None:
    declared = [path for router in _DELIVERY for path in router.resources]
    assert sorted(declared) == sorted(one.path for one in RESOURCES)
    assert set(declared) <= set(public_paths())
    for resource in RESOURCES:
        match = find(filled(resource.path))
        assert match is not None
        assert match.resource is resource
    for path in ("/v1/nothing", "/v1/articles/", "/v1/articles/a/b", "/feeds/latest", "/v1/me"):
        assert find(path) is None, path


class TestWhoMayRead:
    """It is declared with each route."""

    def test_a_resource_without_it_is_none(self) -> None:
        with pytest.raises(TypeError):
            Resource("/v1/secrets", start=lambda: None)  # type: ignore[call-arg]

    @pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
    def test_a_route_without_it_is_none(self, method: str) -> None:
        declare: Any = getattr(AccessRouter(), method)
        with pytest.raises(TypeError):
            declare("/v1/secrets")
        declare("/v1/secrets", access=ReadPolicy.STORIES)

    @pytest.mark.parametrize("method", ["api_route", "route"])
    def test_an_application_with_such_a_route_does_not_start(self, method: str) -> None:
        router = AccessRouter()

        async def secrets(_: Request) -> Response:
            return Response()

        getattr(router, method)("/v1/secrets")(secrets)
        with pytest.raises(TypeError, match="/v1/secrets"):
            router.check()

    def test_every_route_of_the_newsroom_needs_a_scope_but_the_preview_and_sign_in(self) -> None:
        declared: dict[str, Any] = {}
        for router in _MANAGEMENT:
            router.check()
            declared |= {
                one.name: one.access for one in router.routes if isinstance(one, AccessRoute)
            }
        assert len(declared) == sum(len(router.routes) for router in _MANAGEMENT)
        open_to_all = {
            name for name, access in declared.items() if not isinstance(access, scopes.Scope)
        }
        sign_in = {name for name, access in declared.items() if isinstance(access, SessionPolicy)}
        assert open_to_all == {"manage_read_preview", *sign_in}
        assert {name for name in sign_in if declared[name] is SessionPolicy.OPEN} == {
            "start_sign_in",
            "complete_sign_in",
        }
