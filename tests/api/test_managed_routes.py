"""Routes of the newsroom are found and called without the framework, and answer as with it."""

from collections.abc import Callable
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, Query, Request
from httpx2 import Response
from starlette.testclient import TestClient

from app.api.app import _MANAGEMENT, _of, create_app
from app.api.dependencies import Body, Expected, Publisher
from app.api.managed import ManagedRoutes, solved
from app.bootstrap import Services
from tests.api.reading import filled, managed_routes
from tests.newsroom import MERGE_PATCH, Newsroom

# What a request has of its own, whatever the way.
_OWN = {"x-request-id", "content-length"}


def _find(method: str, path: str, **more: Any) -> str | None:
    managed = ManagedRoutes(FastAPI(), _of(_MANAGEMENT))
    scope = {"type": "http", "method": method, "path": path, "root_path": "", **more}
    found = managed.find(scope)
    return found[0].path if found else None


def test_every_route_of_the_newsroom_is_found_but_one() -> None:
    unknown = {
        (method, path) for method, path in managed_routes() if _find(method, filled(path)) != path
    }
    # Its version is a number, which the framework reads.
    assert unknown <= {(method, path) for method, path in managed_routes() if "{version}" in path}


def test_what_is_no_route_is_left_to_the_framework() -> None:
    assert _find("POST", "/v1/manage/articles/bulk") == "/v1/manage/articles/bulk"
    for method, path in (
        ("OPTIONS", "/v1/manage/articles"),
        ("PATCH", "/v1/manage/articles"),
        ("GET", "/v1/manage/articles/"),
        ("GET", "/v1/headlines"),
        ("POST", "/v1/manage/articles/x/praise"),
        ("POST", "/v1/manage/articles//publish"),
    ):
        assert _find(method, path) is None, (method, path)
    assert _find("GET", "/v1/manage/articles", root_path="/under") is None


def test_what_only_the_framework_can_solve_is_left_to_it() -> None:
    async def known(
        request: Request, caller: Publisher, body: Body, expected: Expected
    ) -> None: ...

    async def asks_the_query(q: Annotated[str, Query()]) -> None: ...

    async def asks_for_a_number(version: int) -> None: ...

    async def asks_what_is_made_on_a_thread(one: Annotated[int, Depends(lambda: 1)]) -> None: ...

    assert solved(known, ()) is not None
    for call in (asks_the_query, asks_for_a_number, asks_what_is_made_on_a_thread):
        assert solved(call, frozenset({"version"})) is None


def _told(response: Response) -> tuple[int, dict[str, str], bytes]:
    headers = {name: one for name, one in response.headers.items() if name not in _OWN}
    body = response.content.replace(response.headers["x-request-id"].encode(), b"ID")
    return response.status_code, headers, body


def _answers(newsroom: Newsroom, client: TestClient, refs: dict[str, str]) -> list[object]:
    caller = Newsroom(client, newsroom.headers["authorization"].removeprefix("Bearer "))
    article, moved = refs["article"], refs["moved"]
    patch = {"if-match": '"v9"', "content-type": MERGE_PATCH}
    calls: list[Callable[[], Response]] = [
        lambda: caller.call("GET", f"/articles/{article}"),
        lambda: caller.call("HEAD", f"/articles/{article}"),
        lambda: caller.call("GET", f"/articles/{moved}"),
        lambda: caller.call("POST", f"/articles/{moved}/publish", headers={"if-match": "*"}),
        lambda: caller.call("GET", "/articles/none"),
        lambda: caller.call("GET", "/articles?limit=0"),
        lambda: caller.call("POST", "/articles", json={"titel": "x"}),
        lambda: caller.call("POST", "/articles", content=b"{", headers={"content-type": "text/x"}),
        lambda: caller.call("POST", f"/articles/{article}/publish", headers={"if-match": "x"}),
        lambda: caller.call("POST", f"/articles/{article}/kill", json={"notice": ""}),
        lambda: caller.call("PATCH", f"/articles/{article}", json={}, headers=patch),
        lambda: caller.call("PUT", "/articles"),
        lambda: caller.call("OPTIONS", "/articles"),
        lambda: client.post(f"/v1/manage/articles/{article}/publish"),
    ]
    return [_told(call()) for call in calls]


def test_both_ways_answer_alike(
    newsroom: Newsroom, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = newsroom.story("One")
    newsroom.patch(story, slug="another", status="published")
    refs = {"article": story["id"], "moved": story["slug"]}
    with TestClient(create_app(services), follow_redirects=False) as client:
        short = _answers(newsroom, client, refs)
        monkeypatch.setattr(ManagedRoutes, "find", lambda *_: None)
        assert _answers(newsroom, client, refs) == short


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_what_nobody_foresaw_is_a_problem_document(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise RuntimeError("nobody foresaw this")

    monkeypatch.setattr("app.api.routes.manage_articles.queries.article", fails)
    answer = newsroom.call("GET", "/articles/x", headers={"origin": "https://site.example"})
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "foresaw" not in answer.text
