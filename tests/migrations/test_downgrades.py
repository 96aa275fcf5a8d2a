"""Each revision is downgraded and upgraded again with the rows of a newsroom in its tables."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, text

from app.api.app import create_app
from app.bootstrap import Services, bootstrap
from app.kit.sql import migrations
from app.kit.sql.database import Database
from app.settings import Settings
from app.syndication.push.models import PushDelivery
from tests.client import make_client
from tests.clock import HandClock
from tests.conftest import key_for
from tests.databases import fresh_database
from tests.migrations.test_schema import REVISIONS, schema
from tests.newsroom import Newsroom
from tests.transfer.helpers import list_inconsistencies

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive_on("postgresql")]
KEPT = (
    *("sources", "categories", "articles", "article_categories", "article_labels", "revisions"),
    *("documents", "document_bodies", "document_terms", "changes", "api_keys", "audit", "secrets"),
)


@pytest.fixture
def lived_in(dialect: str, tmp_path: Path) -> Iterator[str]:
    """The address of a database with the data of a newsroom."""
    folder = tmp_path / "lived-in"
    folder.mkdir()
    with fresh_database(dialect, folder) as url:
        services = build_services(url)
        with make_client(create_app(services), base_url="http://testserver") as client:
            _write(Newsroom(client, key_for(services, "admin")))
        with services.database.write() as session:
            session.execute(insert(PushDelivery), [_delivery()])
        services.close()
        yield url


def build_services(url: str) -> Services:
    database = Database(url, pool_size=5)
    return bootstrap(Settings(database_url=url), clock=HandClock(), database=database)


def _write(newsroom: Newsroom) -> None:
    newsroom.source("Post")
    newsroom.category("Asia")
    image = {"url": "https://post.example/a.jpg", "digital_source_type": "digitalCapture"}
    fields = {"source": "post", "categories": ["asia"], "tags": ["bees"], "image": image}
    story = newsroom.story("Whole", digital_source_type="digitalCreation", **fields)
    newsroom.patch(story, title="Ahead of its public copy")
    newsroom.story("Held", embargo_until="2026-12-25T00:00:00Z")
    newsroom.story("To come", published_at="2026-12-25T00:00:00Z")
    newsroom.verb(newsroom.story("Killed"), "kill", notice="A mistake.")
    newsroom.delete(newsroom.story("Deleted"))
    hook = {"url": "https://receiver.example/hook", "events": ["*"]}
    assert newsroom.call("POST", "/webhooks", json=hook).status_code == 201


def _delivery() -> dict[str, object]:
    return {
        **dict.fromkeys(("due_at", "tried_at", "status", "answer")),
        "id": "i1",
        "kind": "webhook",
        "receiver": "r",
        "event": "e",
        "subject": "s",
        "serial": 1,
        "body": b"{}",
        "state": "delivered",
        "attempts": 1,
        "made_at": HandClock().now(),
    }


def counts(database: Database) -> dict[str, int]:
    with database.engine.connect() as connection:
        return {
            table: connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
            for table in KEPT
        }


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_data_survives_a_downgrade_and_an_upgrade(lived_in: str, revision: str) -> None:
    database = Database(lived_in)
    before, tables = counts(database), schema(database)
    assert all(before.values())
    migrations.downgrade(database, revision)
    assert migrations.find_current(database) == revision
    migrations.upgrade(database)
    assert (counts(database), schema(database)) == (before, tables)
    assert database.find_integrity_errors() == []
    database.close()


def test_a_filled_database_is_downgraded_step_by_step_to_no_schema(lived_in: str) -> None:
    database = Database(lived_in)
    for revision in [*reversed(REVISIONS[:-1]), "base"]:
        migrations.downgrade(database, revision)
    assert schema(database) == {}
    migrations.upgrade(database)
    database.close()


def test_the_newest_migration_leaves_consistent_delivery_tables(lived_in: str) -> None:
    database = Database(lived_in)
    migrations.downgrade(database, REVISIONS[-2])
    migrations.upgrade(database)
    database.close()
    services = build_services(lived_in)
    assert list_inconsistencies(services) == []
    services.close()
