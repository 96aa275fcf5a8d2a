"""A PostgreSQL server that stops answering: no request waits longer than a second."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil
import pytest
from httpx2 import Response
from sqlalchemy import text
from starlette.testclient import TestClient

from app.bootstrap import Services, bootstrap
from app.kit.errors import DatabaseUnavailable
from app.settings import Settings
from app.worker import Worker
from tests.faults.postgres import Postgres, start_postgres
from tests.faults.proxy import Proxy, proxy
from tests.newsroom import Newsroom

pytestmark = pytest.mark.slow

# The documented limit is a second; the rest is a margin for a busy machine.
_PROMISE, _BACK = 1.0 + 1.0, 5.0


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A separate PostgreSQL for these tests."""
    with start_postgres() as server:
        yield server


@pytest.fixture
def first(postgres: Postgres) -> Iterator[Proxy]:
    """The first address of that PostgreSQL."""
    with proxy(postgres.socket) as tcp_proxy:
        yield tcp_proxy


@pytest.fixture
def second(postgres: Postgres) -> Iterator[Proxy]:
    """The second address of that PostgreSQL."""
    with proxy(postgres.socket) as tcp_proxy:
        yield tcp_proxy


@pytest.fixture(params=["first", "first,second"])
def addresses(request: pytest.FixtureRequest) -> list[str]:
    """The addresses that a deployment knows."""
    return str(request.param).split(",")


@pytest.fixture
def settings(addresses: list[str], request: pytest.FixtureRequest) -> Settings:
    """A deployment with these addresses."""
    hosts = ",".join(f"127.0.0.1:{request.getfixturevalue(name).port}" for name in addresses)
    url = f"postgresql+psycopg://postgres:@{hosts}/dateline"
    return Settings(database_url=url, stale_seconds=0)


@pytest.fixture
def listening(services: Services) -> Services:
    """A deployment that detects whether the server responds."""
    services.watch.listen()
    _wait_until(lambda: services.watch._heard_at > 0)  # type: ignore[attr-defined]
    return services


def _assert_refused(ask: Callable[[], Response]) -> None:
    """Require a refusal within the time limit."""
    began = time.monotonic()
    answer = ask()
    assert time.monotonic() - began < _PROMISE
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert "retry-after" in answer.headers


def _wait_until(true: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@contextmanager
def _stop_processes(processes: list[psutil.Process]) -> Iterator[None]:
    for process in processes:
        process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        for process in processes:
            process.send_signal(signal.SIGCONT)


only_first = pytest.mark.parametrize("addresses", [["first"]])
both = pytest.mark.parametrize("addresses", [["first", "second"]])


@only_first
def test_an_unresponsive_address_causes_no_wait(
    first: Proxy, newsroom: Newsroom, client: TestClient, listening: Services
) -> None:
    story = newsroom.story("Before")
    draft = {"title": "Never", "language": "en"}
    first.silence()
    _assert_refused(lambda: newsroom.call("POST", "/articles", json=draft))
    _assert_refused(lambda: client.get("/v1/headlines"))
    _assert_refused(lambda: client.get("/v1/me", headers=newsroom.headers))
    _is_not_ready(client)
    first.speak()
    _wait_until(lambda: client.get(f"/v1/articles/{story['id']}").status_code == 200, _BACK)
    assert newsroom.article("After")["version"] == 1
    assert client.get("/readyz").status_code == 200


@only_first
def test_a_suspended_server_causes_no_wait(
    postgres: Postgres, newsroom: Newsroom, client: TestClient, listening: Services
) -> None:
    story = newsroom.story("Before")
    with _stop_processes(postgres.processes()):
        _assert_refused(lambda: newsroom.call("GET", "/articles"))
        _assert_refused(lambda: client.get("/v1/headlines"))
        _is_not_ready(client)
    _wait_until(lambda: client.get(f"/v1/articles/{story['id']}").status_code == 200, _BACK)


@only_first
def test_readiness_does_not_wait_for_a_busy_thread_pool(
    first: Proxy, client: TestClient, services: Services
) -> None:
    """The deployment has no listening connection, so it does not know that the server is silent."""
    assert client.get("/readyz").status_code == 200
    first.silence()
    _is_not_ready(client)
    first.speak()


@only_first
def test_a_long_statement_is_not_aborted(listening: Services) -> None:
    with listening.database.read() as session:
        assert session.scalar(text("SELECT count(pg_sleep(2))")) == 1


@both
def test_a_second_address_takes_over(
    first: Proxy, newsroom: Newsroom, client: TestClient, listening: Services
) -> None:
    newsroom.story("Before")
    first.silence()
    _assert_refused(lambda: newsroom.call("GET", "/articles"))
    _wait_until(lambda: client.get("/readyz").status_code == 200, _BACK)
    for number in range(20):
        assert newsroom.article(f"{number}")["version"] == 1


@only_first
def test_a_leader_that_vanishes_is_replaced(
    first: Proxy, postgres: Postgres, listening: Services, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "dateline")
    other = bootstrap(Settings(database_url=postgres.url))
    leader, heir = Worker(listening), Worker(other)
    leader.start()
    _wait_until(lambda: listening.leadership.term)
    heir.start()
    first.silence()
    _wait_until(lambda: other.leadership.term, 15)
    assert listening.leadership.term is None
    first.speak()
    _wait_until(lambda: _attempt(listening) == "answers 1", _BACK)
    assert listening.leadership.term is None
    leader.stop()
    heir.stop()
    other.close()
    messages = [
        record.getMessage() for record in caplog.records if record.name == "dateline.worker"
    ]
    assert messages.count("this process does the background work") == 2
    assert messages.count("this process leaves the background work") == 1
    # Once for each loop, and not with each attempt.
    assert len([item for item in messages if item.startswith("leadership could not go on")]) <= 2


def _attempt(services: Services) -> str:
    try:
        with services.database.read() as session:
            return f"answers {session.scalar(text('SELECT 1'))}"
    except DatabaseUnavailable as wrong:
        return wrong.detail


def _is_not_ready(client: TestClient) -> None:
    began = time.monotonic()
    ready = client.get("/readyz")
    assert time.monotonic() - began < 2
    assert (ready.status_code, ready.json()["database"]) == (503, "does not answer")
