"""Expensive requests have a time limit and a limited number, and do not delay other requests."""

import socket
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from httpx2 import Response
from sqlalchemy import text
from starlette.testclient import TestClient

from app.api.app import create_app
from app.api.delivery.respond import is_expensive
from app.bootstrap import Services
from app.delivery.store import story_queries
from app.kit.sql.costly_reads import MAX_COSTLY
from app.settings import Settings
from tests.newsroom import Newsroom
from tests.server.serving import port_of, serve

_SECONDS, _TIMEOUT = 0.5, 20.0
_SLOW = {
    "sqlite": text(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) "
        "SELECT count(*) FROM n"
    ),
    "postgresql": text("SELECT pg_sleep(300)"),
}


@pytest.fixture
def settings(database_url: str) -> Settings:
    """A limit of half a second for each statement."""
    return Settings(database_url=database_url, read_seconds=_SECONDS)


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> threading.Semaphore:
    """Counts that take minutes; the semaphore is released when each of them starts."""
    started = threading.Semaphore(0)

    def count(session: Any, *_: Any, **__: Any) -> story_queries.StoryCount:
        started.release()
        session.scalar(_SLOW[session.dialect])
        return story_queries.StoryCount(0)

    monkeypatch.setattr(story_queries, "count_stories", count)
    return started


def test_a_count_above_the_time_limit_is_refused(
    counting: threading.Semaphore, client: TestClient
) -> None:
    began = time.monotonic()
    refused = client.get("/v1/headlines?count=exact")
    assert time.monotonic() - began < _TIMEOUT
    assert (refused.status_code, refused.json()["code"]) == (503, "read_too_long")
    assert (refused.headers["retry-after"], refused.headers["cache-control"]) == ("5", "no-store")
    assert client.get("/v1/headlines").status_code == 200


def test_other_requests_do_not_wait_for_expensive_ones(
    newsroom: Newsroom, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    newsroom.story("A story")
    started, go_on = threading.Semaphore(0), threading.Event()

    def count(*_: Any, **__: Any) -> story_queries.StoryCount:
        started.release()
        assert go_on.wait(_TIMEOUT)
        return story_queries.StoryCount(1)

    monkeypatch.setattr(story_queries, "count_stories", count)
    # This many would occupy every thread and every connection.
    with ThreadPoolExecutor(60) as pool:
        requests: list[Callable[[], Response]] = [
            pool.submit(client.get, f"/v1/headlines?count=exact&limit={number + 1}").result
            for number in range(60)
        ]
        for _ in range(MAX_COSTLY):
            assert started.acquire(timeout=_TIMEOUT)
        for path in ("/v1/headlines", "/v1/articles", "/readyz", "/v1/me"):
            answer = client.get(path, headers=newsroom.headers)
            assert answer.status_code == 200, path
        time.sleep(_SECONDS)
        assert not started.acquire(blocking=False)
        go_on.set()
        codes = [item(_TIMEOUT).json().get("code") for item in requests]  # type: ignore[call-arg]
    # Requests that wait for too long are refused.
    assert codes.count(None) >= MAX_COSTLY
    assert set(codes) == {None, "database_busy"}


def test_expensive_requests_are_recognized_by_their_query() -> None:
    many = b"tag=" + b"%2C".join(b"-tag%d" % number for number in range(180))
    for query in (b"count=exact", b"count=estimated&limit=1", b"facets=tag", many):
        assert is_expensive(query), query
    for query in (b"", b"category=sport%2Cculture&limit=5", b"q=account"):
        assert not is_expensive(query), query


def test_a_query_is_cancelled_when_its_client_disconnects(
    counting: threading.Semaphore, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.api.delivery.respond.ReadLimit", _build_long_limit)
    with serve(create_app(services)) as server:
        for turn in range(2 * MAX_COSTLY):
            with socket.create_connection(("127.0.0.1", port_of(server))) as asking:
                data = f"GET /v1/headlines?count=exact&limit={turn + 1} HTTP/1.1\r\nHost: a\r\n\r\n"
                asking.sendall(data.encode())
                # It got a thread, so the earlier ones have ended.
                assert counting.acquire(timeout=_TIMEOUT)


def _build_long_limit(_: float) -> Any:
    from app.kit.sql.sqlite_readers import ReadLimit

    return ReadLimit(30)


def test_a_count_without_a_key_ends_at_ten_thousand(
    newsroom: Newsroom, client: TestClient, monkeypatch: pytest.MonkeyPatch, dialect: str
) -> None:
    monkeypatch.setattr(story_queries, "_MOST_COUNTED", 3)
    for number in range(3):
        newsroom.story(f"Rain {number}", tags=["rain"])
    assert _count(client, "exact") == _count(client, "estimated") == (3, "exact")
    for number in range(2):
        newsroom.story(f"Rain {number + 3}", tags=["rain"])
    assert _count(client, "exact") == (3, "at_least")
    assert _count(client, "exact", headers=newsroom.headers) == (5, "exact")
    if dialect == "postgresql":
        assert _count(client, "estimated")[1] == "estimated"
        assert _count(client, "estimated", headers=newsroom.headers)[1] == "estimated"
    else:
        assert _count(client, "estimated") == (3, "at_least")
        assert _count(client, "estimated", headers=newsroom.headers) == (5, "exact")
    assert _count(client, "exact", "/v1/search?q=rain") == (3, "at_least")
    assert _count(client, "exact", "/v1/search?q=rain", headers=newsroom.headers) == (5, "exact")
    assert _count(client, "exact", "/v1/headlines?one_per_story=true") == (3, "at_least")
    assert "count_is" not in client.get("/v1/headlines").json()["page"]


def _count(
    client: TestClient,
    kind: str,
    path: str = "/v1/headlines?tag=rain",
    headers: Mapping[str, str] | None = None,
) -> tuple[int, str]:
    answer = client.get(f"{path}&count={kind}", headers=headers)
    assert answer.status_code == 200, answer.text
    page = answer.json()["page"]
    return page["count"], page["count_is"]
