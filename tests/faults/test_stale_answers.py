"""Stale answers from the cache while PostgreSQL is unreachable."""

import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.settings import Settings
from tests.clock import HandClock
from tests.faults.postgres import Postgres, start_postgres
from tests.faults.proxy import Proxy, proxy
from tests.newsroom import Newsroom

pytestmark = pytest.mark.slow

_SECONDS = 4.0
_LIST = "/v1/headlines"


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A separate PostgreSQL for these tests."""
    with start_postgres() as server:
        yield server


@pytest.fixture
def database_proxy(postgres: Postgres) -> Iterator[Proxy]:
    """The proxy in front of the database."""
    with proxy(postgres.socket) as tcp_proxy:
        yield tcp_proxy


@pytest.fixture(params=[_SECONDS])
def settings(database_proxy: Proxy, request: pytest.FixtureRequest) -> Settings:
    """A deployment that may send stale answers for some seconds."""
    url = f"postgresql+psycopg://postgres:@127.0.0.1:{database_proxy.port}/dateline"
    return Settings(database_url=url, stale_seconds=request.param)


@pytest.fixture(autouse=True)
def listening(services: Services) -> None:
    """Detect whether the server responds."""
    services.watch.listen()
    _wait_until(lambda: services.watch.proof().at > 0)


def test_stale_answers_are_sent_for_a_limited_time(
    database_proxy: Proxy, newsroom: Newsroom, client: TestClient
) -> None:
    newsroom.story("Before")
    before = _warm_up(client)
    assert client.get("/v1/articles/none").status_code == 404
    assert client.get("/v1/changes").status_code == 200
    database_proxy.silence()
    silent_at = time.monotonic()
    _wait_until(lambda: "cache-status" in client.get(_LIST).headers)
    _is_stale(client.get(_LIST), 200, before)
    tag = {"if-none-match": before.headers["etag"]}
    _is_stale(client.get(_LIST, headers=tag), 304, before)
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["database"]) == (200, "away")
    assert ready.json()["writes"] is False
    for refused in (
        client.get(_LIST, headers=newsroom.headers),
        client.get(f"{_LIST}?limit=7"),
        client.get("/v1/articles/none"),
        client.get("/v1/changes"),
        client.get("/v1/stream"),
        newsroom.call("GET", "/articles"),
    ):
        assert (refused.status_code, refused.json()["code"]) == (503, "database_unavailable")
    assert time.monotonic() - silent_at < _SECONDS
    # The time starts at the last proof, a quarter of a second before the silence.
    _wait_until(lambda: client.get(_LIST).status_code == 503)
    assert _SECONDS - 0.6 < time.monotonic() - silent_at < _SECONDS + 2
    assert client.get("/readyz").status_code == 503
    database_proxy.speak()
    _wait_until(lambda: client.get(_LIST).status_code == 200)
    after = client.get(_LIST)
    assert "s-maxage=15" in after.headers["cache-control"]
    assert not {"age", "cache-status"} & set(after.headers)


def test_a_stale_answer_ends_at_its_next_scheduled_change(
    database_proxy: Proxy, newsroom: Newsroom, client: TestClient, clock: HandClock
) -> None:
    newsroom.story("Ends", expires_at=(clock.now() + timedelta(minutes=5)).isoformat())
    _warm_up(client)
    database_proxy.silence()
    _wait_until(lambda: "cache-status" in client.get(_LIST).headers)
    clock.advance(minutes=5)
    assert client.get(_LIST).status_code == 503
    assert client.get("/readyz").status_code == 503


def test_a_known_write_ends_older_stale_answers(
    database_proxy: Proxy, newsroom: Newsroom, client: TestClient
) -> None:
    story = newsroom.story("Wrong")
    _warm_up(client)
    newsroom.verb(story, "unpublish")
    database_proxy.silence()
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        answer = client.get(_LIST)
        assert answer.status_code == 503 or answer.json()["data"] == []


def test_a_node_with_an_empty_cache_is_not_ready(
    database_proxy: Proxy, newsroom: Newsroom, client: TestClient
) -> None:
    """It has read the log, for a response that was not cached."""
    for _ in range(2):
        assert client.get("/v1/changes").status_code == 200
        # By then it has seen all earlier writes.
        time.sleep(1.0)
    database_proxy.silence()
    _wait_until(lambda: client.get("/readyz").json()["database"] != "answers")
    assert client.get("/readyz").status_code == 503


@pytest.mark.parametrize("settings", [0.0], indirect=True)
def test_stale_answers_can_be_turned_off(
    database_proxy: Proxy, newsroom: Newsroom, client: TestClient
) -> None:
    newsroom.story("Before")
    _warm_up(client)
    database_proxy.silence()
    _wait_until(lambda: client.get(_LIST).status_code == 503)
    assert client.get("/readyz").status_code == 503


def _warm_up(client: TestClient) -> Response:
    """Return the list once it is sent from the cache without a query."""
    client.get(_LIST)
    time.sleep(1.0)
    return client.get(_LIST)


def _is_stale(answer: Response, status: int, before: Response) -> None:
    assert answer.status_code == status
    assert answer.content == (before.content if status == 200 else b"")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["etag"] == before.headers["etag"]
    age = answer.headers["age"]
    assert 0 <= int(age) <= _SECONDS
    match = re.fullmatch(
        r'Dateline; hit; ttl=(-?\d+); detail="database away"', answer.headers["cache-status"]
    )
    assert match is not None
    assert int(match[1]) == -int(age)


def _wait_until(true: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)
