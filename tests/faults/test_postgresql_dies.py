"""A PostgreSQL server that stops and starts again: a problem, and recovery."""

import time
from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.settings import Settings
from app.worker import Worker
from tests.faults.commandline import assert_consistent
from tests.faults.postgres import Postgres, start_postgres
from tests.faults.server import Client, ready, server_row
from tests.faults.test_killed import admin_key
from tests.faults.writers import Ledger, Writer, reconcile, writing
from tests.newsroom import Newsroom

pytestmark = pytest.mark.slow


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    """A separate PostgreSQL for the test."""
    with start_postgres() as server:
        yield server


@pytest.fixture
def settings(postgres: Postgres) -> Settings:
    """A deployment on that PostgreSQL."""
    return Settings(database_url=postgres.url, worker_interval=0.05)


@pytest.fixture
def database_url(postgres: Postgres) -> str:
    """The address of that PostgreSQL."""
    return postgres.url


def test_every_path_reports_an_unreachable_database_and_recovers(
    postgres: Postgres, newsroom: Newsroom, client: TestClient, services: Services
) -> None:
    story = newsroom.story("Before")
    worker = Worker(services)
    worker.start()
    postgres.down()
    draft = {"title": "Never", "language": "en"}
    for _ in range(3):
        for answer in (
            client.get("/v1/headlines"),
            client.get(f"/v1/articles/{story['id']}"),
            client.get("/v1/me", headers=newsroom.headers),
            newsroom.call("GET", "/articles"),
            newsroom.call("POST", "/articles", json=draft),
        ):
            assert answer.status_code == 503, answer.text
            assert answer.json()["code"] == "database_unavailable"
            assert "retry-after" in answer.headers
    assert client.get("/healthz").status_code == 200
    not_ready = client.get("/readyz")
    assert (not_ready.status_code, not_ready.json()["database"]) == (503, "does not answer")
    assert client.get("/metrics").status_code == 200
    time.sleep(0.3)
    postgres.up()
    assert client.get("/readyz").status_code == 200
    assert client.get(f"/v1/articles/{story['id']}").json()["title"] == "Before"
    assert newsroom.article("After")["version"] == 1
    assert newsroom.call("GET", "/articles?count=exact").json()["page"]["count"] == 2
    _check_worker(newsroom, services)
    worker.stop()
    assert_consistent(postgres.url)


def test_a_lost_database_leaves_no_partial_write(postgres: Postgres) -> None:
    key = admin_key(postgres.url)
    ledger = Ledger()
    writers = [Writer(ledger, f"Writer {number}", number).work for number in range(3)]
    with server_row(postgres.url) as server:
        server.start()
        for _ in range(3):
            with writing([*writers], server.port, key):
                time.sleep(0.3)
                postgres.down()
            # Writes during the outage are expected to be refused.
            assert all("answered 503" in item for item in ledger.wrong), ledger.wrong
            assert ready(server.port) == 503
            ledger.wrong.clear()
            postgres.up()
            assert ready(server.port) == 200
            client = Client(server.port, key)
            reconcile(ledger, client, set(ledger.stories))
            client.close()
            assert_consistent(postgres.url)
    assert ledger.stories


def _check_worker(newsroom: Newsroom, services: Services) -> None:
    """A due story is logged by the loop that lost the database before."""
    from datetime import timedelta

    at = (services.clock.now() + timedelta(minutes=1)).isoformat().replace("+00:00", "Z")
    story = newsroom.story("Later", published_at=at)
    services.clock.advance(minutes=2)  # type: ignore[attr-defined]
    ends = time.monotonic() + 60
    while services.delivery.has_unlogged_changes() and time.monotonic() < ends:
        time.sleep(0.05)
    assert not services.delivery.has_unlogged_changes(), story
