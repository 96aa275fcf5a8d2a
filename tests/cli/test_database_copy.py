"""`dateline copy`: all data from one database to another, SQLite or PostgreSQL."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select, text
from starlette.testclient import TestClient

from app.access.commands.sign_in_person import sign_in_person
from app.access.limits.limit_reports import LimitReports
from app.access.people.identity import Identity
from app.access.scopes import Scope
from app.bootstrap import Services, bootstrap
from app.cli.database_copy import LEFT_OUT, SEEDED
from app.kit.sql.database import Database
from app.kit.sql.migrations import find_head
from app.kit.sql.schema import Base
from app.kit.sql.table_copy import copy_rows, lock_empty_tables, select_tables
from app.kit.sql.unit_of_work import Actor
from app.settings import Settings
from app.syndication.push.models import PushDelivery, Subscription
from app.worker import trim_log_in_batches
from tests.cli.shell import Shell
from tests.clock import HandClock
from tests.databases import fresh_database
from tests.migrations.releases import parse_number
from tests.migrations.test_starting import set_revision
from tests.newsroom import Newsroom
from tests.partners.agreements import add_key, add_partner, add_product
from tests.sync.offline_app import OfflineApp
from tests.transfer.helpers import list_inconsistencies, open_client

ON_SQLITE = pytest.mark.parametrize("dialect", ["sqlite"])
ORDER = tuple(Base.metadata.sorted_tables)


@pytest.fixture
def settings(database_url: str) -> Settings:
    # The signing secret belongs to the database, and must be copied.
    return Settings(database_url=database_url)


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without tables."""
    folder = tmp_path / "target"
    folder.mkdir()
    with fresh_database(request.param, folder, migrated=False) as url:
        yield url


@pytest.fixture
def filled_database(newsroom: Newsroom, services: Services, clock: HandClock) -> None:
    """A newsroom with rows in every table."""
    newsroom.source("Post")
    child = newsroom.category("Japan")
    newsroom.category("Asia")
    newsroom.patch(child, "categories", parent="asia")
    fields = {"source": "post", "categories": ["japan"], "tags": ["Été"], "body": "<p>Text</p>"}
    first = newsroom.story("First", **fields)
    original = newsroom.story("Original")
    newsroom.patch(first, translation_of=original["id"], language="fr", status="published")
    renamed = newsroom.story("Renamed")
    newsroom.patch(renamed, slug="another", status="published")
    newsroom.verb(newsroom.story("Killed"), "kill", notice="A mistake.")
    newsroom.story("Held", embargo_until="2100-01-01T00:00:00Z")
    newsroom.verb(newsroom.article("Draft"), "preview")
    headers = {"idempotency-key": "once"}
    newsroom.call("POST", "/articles", json={"title": "T", "language": "en"}, headers=headers)
    url = {"url": "https://receiver.example/hook", "events": ["*"]}
    assert newsroom.call("POST", "/webhooks", json=url).status_code == 201
    add_product(newsroom)
    partner = add_partner(newsroom, "product")
    newsroom.client.get("/v1/headlines", headers=add_key(newsroom, partner))
    services.usage.write()
    LimitReports(services.database, clock, services.limits, shared=True).report()
    token = newsroom.call("POST", "/partners/partner/feed-tokens", json={"product": "product"})
    assert token.status_code == 201, token.text
    who = Identity("https://login.example", "1", "Amina Berrada", Scope.publish, bytes(32), "/")
    services.runner.run(Actor(None, "tests"), lambda unit: sign_in_person(unit, who, None))
    clock.advance(days=400)
    trim_log_in_batches(services)
    with services.database.write() as session:
        session.execute(insert(Subscription), [_subscription()])
        session.execute(insert(PushDelivery), [_delivery(1)])
        session.execute(insert(PushDelivery), [_delivery(2)])
        # The last number is not assigned again, although its row was deleted.
        session.execute(text("DELETE FROM deliveries WHERE number = 2"))


def _subscription() -> dict[str, Any]:
    return {
        **dict.fromkeys(("secret", "lease_until", "failing_since", "retry_at", "sent")),
        "id": "s" * 36,
        "digest": "d" * 64,
        "topic": "t",
        "callback": "c",
        "selection": [],
        "active": True,
        "failures": 0,
        "since": 0,
        "created_at": HandClock().now(),
    }


def _delivery(number: int) -> dict[str, Any]:
    return {
        **dict.fromkeys(("due_at", "tried_at", "status", "answer")),
        "number": number,
        "id": f"i{number}",
        "kind": "webhook",
        "receiver": "r",
        "event": "e",
        "subject": "s",
        "serial": 1,
        "body": b"\x00\xff",
        "state": "delivered",
        "attempts": 1,
        "made_at": HandClock().now(),
    }


def rows_of(url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of all tables, by table."""
    database = Database(url)
    with database.engine.connect() as connection:
        rows = {
            table.name: [
                tuple(row)
                for row in connection.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for table in ORDER
        }
    database.close()
    return rows


def copy_database(rows: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
    """Return what a copy transfers."""
    return {name: table_rows for name, table_rows in rows.items() if name not in LEFT_OUT}


@pytest.mark.slow
@pytest.mark.usefixtures("filled_database")
def test_every_row_of_every_table_arrives(shell: Shell, target: str) -> None:
    before = rows_of(shell.url)
    assert [name for name, rows in before.items() if not rows] == [], "furnish each table above"
    done = shell.run_ok("copy", "--to", target)
    assert done.text.startswith("Copied ")
    after = rows_of(target)
    assert LEFT_OUT.keys() == {"leases", "rate_limits", "rate_limit_processes"}
    assert all(LEFT_OUT.values())
    assert copy_database(after) == copy_database(before)


@pytest.mark.slow
@pytest.mark.usefixtures("filled_database")
def test_clients_continue_after_a_copy(
    shell: Shell, target: str, client: TestClient, newsroom: Newsroom, clock: HandClock
) -> None:
    app = OfflineApp(client)
    app.catch_up()
    newsroom.story("After the cursor")
    page = client.get("/v1/articles?limit=1").json()["page"]["next"]
    shell.run_ok("copy", "--to", target)
    with (
        closing(bootstrap(Settings(database_url=target), clock=clock)) as moved,
        open_client(moved) as there,
    ):
        for path in (f"/v1/articles?limit=1&cursor={page}", "/v1/articles/renamed"):
            here, elsewhere = client.get(path), there.get(path)
            assert (elsewhere.status_code, elsewhere.content) == (here.status_code, here.content)
        key = newsroom.headers["authorization"].removeprefix("Bearer ")
        Newsroom(there, key).story("Written there")
        app.move_to(there)
        slugs = [item["document"]["slug"] for item in app.catch_up()]
        assert slugs == ["after-the-cursor", "written-there"]
        with moved.database.write() as session:
            session.execute(insert(PushDelivery), [_delivery(3)])
            assert session.scalar(select(func.max(PushDelivery.number))) == 3
        assert list_inconsistencies(moved) == []


@ON_SQLITE
def test_a_copy_to_the_source_itself_is_refused(shell: Shell) -> None:
    assert "is the source itself" in shell.run_refused("copy", "--to", shell.url)


@ON_SQLITE
def test_a_source_with_the_schema_of_the_next_release_is_refused(
    shell: Shell, tmp_path: Path
) -> None:
    with closing(Database(shell.url)) as source:
        set_revision(source, f"9000_from_{parse_number(find_head())}")
    assert "the schema of another release" in shell.run_refused(
        "copy", "--to", f"sqlite:///{tmp_path}/new.db"
    )


@ON_SQLITE
def test_a_target_with_rows_is_refused(shell: Shell, target: str) -> None:
    assert Shell(target).run("migrate").code == 0
    assert Shell(target).run("keys", "create", "--name", "k", "--scope", "read").code == 0
    before = rows_of(target)
    assert "not empty: its table 'api_keys' has rows" in shell.run_refused("copy", "--to", target)
    assert copy_database(rows_of(target)) == copy_database(before)


@ON_SQLITE
def test_a_target_that_is_served_is_refused(shell: Shell, target: str) -> None:
    Shell(target).run_ok("migrate")
    database = Database(target)
    leadership = database.open_leadership()
    assert leadership.try_acquire()
    assert "Stop it first" in shell.run_refused("copy", "--to", target)
    leadership.release()
    database.close()
    assert shell.run_ok("copy", "--to", target).text.endswith("checked the copy.\n")


def interrupt_copy(source: Database, target: Database) -> None:
    tables = select_tables(LEFT_OUT)
    with source.read() as here, target.write() as there:
        lock_empty_tables(there, tables, SEEDED)
        for number, _ in enumerate(copy_rows(here, there, tables)):
            if number == 5:
                raise KeyboardInterrupt


@pytest.mark.slow
@pytest.mark.usefixtures("filled_database")
def test_a_copy_that_is_interrupted_leaves_nothing(
    shell: Shell, services: Services, target: str
) -> None:
    Shell(target).run_ok("migrate")
    before = rows_of(target)
    database = Database(target)
    with pytest.raises(KeyboardInterrupt):
        interrupt_copy(services.database, database)
    database.close()
    assert rows_of(target) == before
    shell.run_ok("copy", "--to", target)


@pytest.mark.slow
@pytest.mark.usefixtures("filled_database")
def test_writes_during_a_copy_are_not_copied(
    services: Services, newsroom: Newsroom, shell: Shell, target: str
) -> None:
    Shell(target).run_ok("migrate")
    before, tables = rows_of(shell.url), select_tables(LEFT_OUT)
    database = Database(target)
    with services.database.read() as source, database.write() as session:
        lock_empty_tables(session, tables, SEEDED)
        for number, _ in enumerate(copy_rows(source, session, tables)):
            if number == 0:
                newsroom.story("Too late", source="post")
    database.close()
    assert copy_database(rows_of(target)) == copy_database(before)


def test_migrations_fill_only_known_tables(shell: Shell) -> None:
    filled = {name for name, rows in rows_of(shell.url).items() if rows}
    assert filled == SEEDED | {"leases"}


def test_a_missing_source_is_reported(tmp_path: Path) -> None:
    shell, target = Shell(f"sqlite:///{tmp_path}/none.db"), f"sqlite:///{tmp_path}/new.db"
    assert "There is no database" in shell.run_refused("copy", "--to", target)
    assert list(tmp_path.iterdir()) == []
