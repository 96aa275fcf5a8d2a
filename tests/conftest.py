"""Fixtures that all tests share."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from starlette.testclient import TestClient

from app.access.commands.create_key import create_key
from app.api.app import create_app
from app.bootstrap import Services, bootstrap
from app.kit.sql.database import Database
from app.kit.sql.unit_of_work import Actor
from app.settings import Settings
from tests.client import make_client
from tests.clock import HandClock
from tests.databases import fresh_database
from tests.memory import write_in_memory
from tests.newsroom import Newsroom
from tests.repetitions import FACTOR

write_in_memory()
# Examples have no time limit: on a busy machine, any of them may take long.
hypothesis.settings.register_profile("dateline", deadline=None)
hypothesis.settings.load_profile("dateline")

for name in [entry for entry in os.environ if entry.startswith("DATELINE_")]:
    del os.environ[name]

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"

_LONG = ("slow", "exhaustive")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests on PostgreSQL; start slow tests first, so that none runs alone at the end."""
    for item in items:
        _limit_time(item)
        callspec = getattr(item, "callspec", None)
        # A parameter may have more than the name: `postgresql-fresh`.
        values = callspec.params.values() if callspec is not None else ()
        dialects = {str(value).partition("-")[0] for value in values}
        if "postgresql" in dialects:
            item.add_marker("postgresql")
        for marker in item.iter_markers("exhaustive_on"):
            if dialects.intersection(marker.args):
                item.add_marker("exhaustive")
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def _limit_time(item: pytest.Item) -> None:
    if FACTOR > 1:
        item.add_marker(pytest.mark.timeout(0), append=False)
    elif any(map(item.get_closest_marker, _LONG)) and not item.get_closest_marker("timeout"):
        # They repeat something many times; the limit of all other tests is in pyproject.toml.
        item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(autouse=True)
def _restore_logging() -> Iterator[None]:
    """Restore the loggers after a command has changed them."""
    loggers = [logging.getLogger(name) for name in ("dateline", "uvicorn", "uvicorn.access")]
    states = [(item, item.handlers, item.propagate, item.level, item.disabled) for item in loggers]
    yield
    for logger, handlers, propagate, level, disabled in states:
        logger.handlers, logger.propagate, logger.disabled = handlers, propagate, disabled
        logger.setLevel(level)


@pytest.fixture
def shared() -> Path:
    """The folder of real input; tests are skipped if it is missing."""
    if not SHARED.is_dir():
        pytest.skip("the real input (../shared/data) is not here")
    return SHARED


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """The database that a test runs on: a test runs once on each."""
    name: str = request.param
    return name


@pytest.fixture
def database_url(dialect: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a migrated database for one test, with a separate index."""
    monkeypatch.setenv("DATELINE_SEARCH_PATH", str(tmp_path / "search"))
    with fresh_database(dialect, tmp_path) as url:
        yield url


@pytest.fixture
def clock() -> HandClock:
    """A clock at noon of 2026-11-22, until the test moves it."""
    return HandClock()


@pytest.fixture
def settings(database_url: str) -> Settings:
    """The settings of the deployment under test; override this fixture for others."""
    return Settings(database_url=database_url)


@pytest.fixture
def services(settings: Settings, clock: HandClock) -> Iterator[Services]:
    """Everything below HTTP, on the database and the clock of the test."""
    database = Database(
        settings.database_url,
        busy_timeout=settings.busy_timeout,
        pool_size=5,
        read_seconds=settings.read_seconds,
    )
    wired = bootstrap(settings, clock=clock, database=database)
    yield wired
    wired.close()


@pytest.fixture
def client(services: Services) -> Iterator[TestClient]:
    """An HTTP client of an anonymous reader; an internal error must appear as a problem."""
    with make_client(
        create_app(services), base_url="http://testserver", raise_server_exceptions=False
    ) as test_client:
        test_client.follow_redirects = False
        yield test_client


@pytest.fixture
def newsroom(client: TestClient, services: Services) -> Newsroom:
    """A client of an administrator, with the verbs of the newsroom."""
    return Newsroom(client, key_for(services, "admin"))


def key_for(services: Services, scope: str) -> str:
    """Create a key with a scope."""
    new_key = services.runner.run(
        Actor(None, "tests"), lambda unit: create_key(unit, f"a key for {scope}", [scope])
    )
    return new_key.key


def embargo_key(services: Services) -> dict[str, str]:
    """Create a key with embargo access, and return the headers that send it."""
    new_key = services.runner.run(
        Actor(None, "tests"), lambda unit: create_key(unit, "partner", ["read"], embargoed=True)
    )
    return {"authorization": f"Bearer {new_key.key}"}
