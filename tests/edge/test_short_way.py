"""What an anonymous reader asks of a fixed path goes to its route at once, and reads the same."""

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.api.app import create_app
from app.api.at_once import AtOnce
from app.api.direct import DirectRoutes
from app.api.edge.asgi import Receive, Scope, Send
from app.bootstrap import Services
from app.settings import Settings
from tests.api.reading import public_paths
from tests.newsroom import Newsroom

_ORIGIN = {"origin": "https://site.example", "x-request-id": "one"}
_QUERIES = ("", "?limit=1", "?limit=0", "?nonsense=1", "?cursor=forged", "?tag=%FF", "?sort=title")


@pytest.fixture
def settings(database_url: str) -> Settings:
    """Nothing is kept: whatever is asked for is made."""
    return Settings(database_url=database_url, cache_bytes=0)


def _fixed() -> list[str]:
    read = ("/v1/", "/feeds/", "/sitemap")
    kept = [path for path in public_paths() if path.startswith(read) and "{" not in path]
    fixed = [path for path in kept if path not in {"/v1/me", "/v1/stream"}]
    return [*fixed, *(f"/v1/articles/{ref}" for ref in ("one", "Two", "three", "four", "none"))]


def _answers(services: Services) -> dict[str, object]:
    found: dict[str, object] = {}
    with TestClient(create_app(services)) as client:
        for path in _fixed():
            for query in _QUERIES:
                for method in ("GET", "HEAD"):
                    answer = client.request(method, path + query, headers=_ORIGIN)
                    told = (answer.status_code, sorted(answer.headers.items()), answer.content)
                    found[f"{method} {path}{query}"] = told
    return found


def test_all_ways_answer_alike(
    newsroom: Newsroom, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    newsroom.story("One", tags=["t"])
    newsroom.story("Two", source=newsroom.source("The Post")["slug"])
    newsroom.patch(newsroom.story("Three"), slug="third", status="published")
    newsroom.verb(newsroom.story("Four"), "kill", notice="Wrong.")
    shortest = _answers(services)
    monkeypatch.setattr(AtOnce, "answer", lambda *_: None)
    assert _answers(services) == shortest
    monkeypatch.setattr(DirectRoutes, "has", lambda *_: False)
    assert _answers(services) == shortest
    assert len(shortest) > 6 * len(_QUERIES)


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_the_framework_is_not_asked_for_a_list(
    newsroom: Newsroom, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    newsroom.story("One")
    asked: list[str] = []

    async def note(_: FastAPI, scope: Scope, receive: Receive, send: Send) -> None:
        asked.append(scope["path"])

    client = TestClient(create_app(services))
    monkeypatch.setattr(FastAPI, "__call__", note)
    for path in ("/v1/headlines", "/v1/articles", "/v1/sources", "/v1/categories?tree=true"):
        assert client.get(path).status_code == 200
    assert asked == []


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_the_short_way_is_counted_like_any_other(newsroom: Newsroom, services: Services) -> None:
    with TestClient(create_app(services)) as client:
        for _ in range(3):
            client.get("/v1/headlines")
        client.get("/v1/headlines?nonsense=1")
        counted = [
            line
            for line in client.get("/metrics").text.splitlines()
            if line.startswith("dateline_requests_total") and "/v1/headlines" in line
        ]
    assert sorted(line.rpartition(" ")[2] for line in counted) == ["1.0", "3.0"]
