"""Helpers for imports, exports, and comparisons of what readers get."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from starlette.testclient import TestClient

from app.api.app import create_app
from app.bootstrap import Services, bootstrap
from app.content.transfer.export import export_lines
from app.content.transfer.importer import Importer
from app.content.transfer.lines import LineOutcome
from app.delivery.consistency import find_inconsistencies
from app.kit import json
from app.kit.clock import Clock
from app.kit.sql.database import Database
from app.kit.sql.unit_of_work import Actor
from app.settings import Settings
from tests.client import make_client
from tests.databases import fresh_database

IMPORTER = Actor(None, "tests")
OTHER = {"sqlite": "postgresql", "postgresql": "sqlite"}
# Both sides have the same secret, so that cursors in pages are equal bytes, too.
SECRET = "one secret for both sides of the move"


@contextmanager
def open_newsroom(dialect: str, folder: Path, clock: Clock) -> Iterator[Services]:
    """Open services on an empty database."""
    folder.mkdir(exist_ok=True)
    with fresh_database(dialect, folder) as url:
        settings = Settings(database_url=url, secret_key=SecretStr(SECRET))
        services = bootstrap(settings, clock=clock, database=Database(url, pool_size=5))
        try:
            yield services
        finally:
            services.close()


@contextmanager
def open_client(services: Services) -> Iterator[TestClient]:
    """Open a client of a newsroom, which does not follow redirects."""
    with make_client(create_app(services), base_url="http://testserver") as client:
        client.follow_redirects = False
        yield client


def to_ndjson(lines: Iterable[dict[str, Any]]) -> list[bytes]:
    """Return objects as lines."""
    return [json.dumps(line) + b"\n" for line in lines]


def import_lines(
    services: Services, lines: Iterable[bytes], *, dry_run: bool = False
) -> list[LineOutcome]:
    """Import lines and return their outcomes."""
    importer = Importer(services.runner, IMPORTER, dry_run=dry_run)
    return [outcome for batch in importer.run(lines) for outcome in batch]


def import_all(services: Services, *lines: dict[str, Any]) -> list[LineOutcome]:
    """Import objects, none of which may be refused."""
    outcomes = import_lines(services, to_ndjson(lines))
    refused = [(outcome.line, outcome.error) for outcome in outcomes if outcome.status == "refused"]
    assert refused == []
    return outcomes


def export_all(services: Services, *, killed: bool = True) -> list[bytes]:
    """Export everything, or all but killed stories."""
    with services.database.read() as session:
        return to_ndjson(export_lines(session, services.clock.now(), killed=killed))


def list_statuses(outcomes: Iterable[LineOutcome]) -> list[str]:
    """Return the outcome of each line in a word."""
    return [outcome.status for outcome in outcomes]


def list_inconsistencies(services: Services) -> list[str]:
    """Return the inconsistencies between content, documents and log."""
    with services.database.read() as session:
        return [
            f"{flaw.id}: {flaw.detail}"
            for flaw in find_inconsistencies(session, services.clock.now())
        ]


def find_last_serial(services: Services) -> int:
    """Return the last serial of the change log."""
    return services.delivery.load_current()[1].serial
