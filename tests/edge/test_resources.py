"""A public response has one function, which the cache, FastAPI's route and the hub call alike."""

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
from app.api.http.access import KeyPolicy, ReadPolicy, SessionPolicy
from app.api.http.asgi import Receive, Scope, Send
from app.api.routes.access_router import AccessRoute, AccessRouter
from app.bootstrap import Services
from app.settings import Settings
from tests.api.reading import fill_path, public_paths
from tests.client import expect_contract_violation, make_client
from tests.conftest import key_for
from tests.newsroom import Newsroom

_ORIGIN = {"origin": "https://site.example", "x-request-id": "one"}
_QUERIES = ("", "?limit=1", "?limit=0", "?nonsense=1", "?cursor=forged", "?tag=%FF", "?sort=title")
# Headers that describe the response itself; all others depend on its reader.
_OWN = (
    "content-type content-location link location surrogate-key cache-tag dateline-serial "
    "access-control-allow-origin x-request-id x-content-type-options www-authenticate"
).split()


@pytest.fixture
def settings(database_url: str) -> Settings:
    """Nothing is cached: each response is computed."""
    return Settings(database_url=database_url, cache_bytes=0, public_url="http://testserver")


def _paths() -> list[str]:
    templates = [
        resource.path
        for resource in RESOURCES
        if not resource.path.startswith("/v1/articles/{ref}")
    ]
    refs = ("one", "Two", "three", "four", "none")
    stories = [f"/v1/articles/{ref}{end}" for ref in refs for end in ("", ".md", ".x", "/related")]
    return [*(fill_path(path) for path in templates), *stories]


def _answers(services: Services, key: str) -> dict[str, object]:
    answers: dict[str, object] = {}
    with make_client(create_app(services), follow_redirects=False) as client:
        for path in _paths():
            for query in _QUERIES:
                for headers in (_ORIGIN, {**_ORIGIN, "x-api-key": key}):
                    answer = client.get(path + query, headers=headers)
                    own = {k: v for k, v in answer.headers.items() if k in _OWN}
                    if answer.status_code in {404, 410}:
                        # The cache adds the dependencies.
                        own = {k: own[k] for k in ("content-type", "x-request-id")}
                    answers[f"{path}{query} {len(headers)}"] = (
                        answer.status_code,
                        own,
                        answer.content,
                    )
    return answers


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_the_cache_and_the_fastapi_routes_give_equal_responses(
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
    statuses = Counter(item[0] for item in answered.values())  # type: ignore[index]
    assert {200, 301, 400, 404, 410} <= statuses.keys()


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_fastapi_is_not_called_for_public_responses(
    newsroom: Newsroom, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    newsroom.story("One")
    key = key_for(services, "read")
    called_paths: list[str] = []

    async def note(_: FastAPI, scope: Scope, receive: Receive, send: Send) -> None:
        called_paths.append(scope["path"])

    client = make_client(create_app(services))
    monkeypatch.setattr(FastAPI, "__call__", note)
    for path in ("/v1/headlines", "/v1/articles", "/v1/sources", "/feeds/latest.rss"):
        for headers in ({}, {"x-api-key": key}):
            assert client.get(path, headers=headers).status_code == 200
            assert client.get(f"{path}?limit=0", headers=headers).status_code == 400
    assert called_paths == []


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_computed_responses_are_counted(newsroom: Newsroom, services: Services) -> None:
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


def test_a_pushed_feed_equals_the_requested_feed(
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


def test_every_resource_has_exactly_one_route() -> None:
    declared = [path for router in _DELIVERY for path in router.resources]
    assert sorted(declared) == sorted(item.path for item in RESOURCES)
    assert set(declared) <= set(public_paths())
    for resource in RESOURCES:
        match = find(fill_path(resource.path))
        assert match is not None
        assert match.resource is resource
    for path in ("/v1/nothing", "/v1/articles/", "/v1/articles/a/b", "/feeds/latest", "/v1/me"):
        assert find(path) is None, path


class TestAccessDeclarations:
    """Each route declares who may read it."""

    def test_a_resource_must_declare_who_may_read_it(self) -> None:
        with pytest.raises(TypeError):
            Resource("/v1/secrets", start=lambda: None)  # type: ignore[call-arg]

    @pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
    def test_a_route_must_declare_who_may_read_it(self, method: str) -> None:
        declare: Any = getattr(AccessRouter(), method)
        with pytest.raises(TypeError):
            declare("/v1/secrets")
        declare("/v1/secrets", access=ReadPolicy.STORIES)

    @pytest.mark.parametrize("method", ["api_route", "route"])
    def test_an_application_with_an_undeclared_route_does_not_start(self, method: str) -> None:
        router = AccessRouter()

        async def secrets(_: Request) -> Response:
            return Response()

        getattr(router, method)("/v1/secrets")(secrets)
        with pytest.raises(TypeError, match="/v1/secrets"):
            router.check()

    def test_every_newsroom_route_except_preview_and_sign_in_needs_a_scope(self) -> None:
        declared: dict[str, Any] = {}
        for router in _MANAGEMENT:
            router.check()
            declared |= {
                route.name: route.access
                for route in router.routes
                if isinstance(route, AccessRoute)
            }
        assert len(declared) == sum(len(router.routes) for router in _MANAGEMENT)
        open_to_all = {
            name for name, access in declared.items() if not isinstance(access, scopes.Scope)
        }
        sign_in = {name for name, access in declared.items() if isinstance(access, SessionPolicy)}
        assert open_to_all == {"manage_read_preview", "exchange_key_for_session", *sign_in}
        assert declared["exchange_key_for_session"] is KeyPolicy.ANY
        assert {name for name in sign_in if declared[name] is SessionPolicy.OPEN} == {
            "start_sign_in",
            "complete_sign_in",
        }
