"""Databases that are missing, read-only, older or newer: a sentence, and no traceback."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import event, text
from starlette.testclient import TestClient

from app.api.app import create_app
from app.bootstrap import Services, bootstrap
from app.kit.errors import DatabaseUnavailable
from app.kit.sql import migrations
from app.kit.sql.database import Database
from app.settings import Settings
from tests.client import make_client
from tests.clock import HandClock
from tests.databases import fresh_database
from tests.faults.commandline import assert_consistent, assert_reported_in_a_sentence, dateline
from tests.newsroom import Newsroom

_COMMANDS = [
    ["serve", "--port", "0"],
    ["worker"],
    ["check"],
    ["rebuild"],
    ["export"],
    ["keys", "list"],
]
every_command = pytest.mark.parametrize("words", _COMMANDS, ids=" ".join)


@every_command
def test_a_missing_folder_is_reported_in_a_sentence(words: list[str], tmp_path: Path) -> None:
    ended = dateline(*words, database_url=f"sqlite:///{tmp_path}/nowhere/dateline.db")
    assert_reported_in_a_sentence(ended)
    assert not (tmp_path / "nowhere").exists()


@every_command
def test_a_file_that_is_no_database_is_reported_in_a_sentence(
    words: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear reader, " * 500)
    assert_reported_in_a_sentence(dateline(*words, database_url=f"sqlite:///{path}"))
    assert path.read_text() == "Dear reader, " * 500


def test_a_folder_instead_of_a_database_is_reported_in_a_sentence(tmp_path: Path) -> None:
    assert_reported_in_a_sentence(dateline("serve", database_url=f"sqlite:///{tmp_path}"))


@every_command
def test_an_unreachable_postgresql_is_reported_in_a_sentence(
    words: list[str], tmp_path: Path
) -> None:
    url = f"postgresql+psycopg://user:secret@/dateline?host={tmp_path}"
    ended = dateline(*words, database_url=url)
    assert_reported_in_a_sentence(ended)
    assert "secret" not in ended.err


@pytest.mark.postgresql
@pytest.mark.parametrize("words", _COMMANDS, ids=" ".join)
def test_postgresql_without_a_schema_is_refused(words: list[str], tmp_path: Path) -> None:
    with fresh_database("postgresql", tmp_path, migrated=False) as url:
        ended = dateline(*words, database_url=url)
        assert_reported_in_a_sentence(ended)
        assert "Run `dateline migrate`" in ended.err
        database = Database(url)
        assert migrations.find_current(database) is None
        database.close()


@pytest.mark.parametrize("words", [*_COMMANDS, ["migrate"]], ids=" ".join)
def test_a_database_of_a_newer_version_is_refused(words: list[str], services: Services) -> None:
    _pretend(services, "9999")
    ended = dateline(*words, database_url=services.settings.database_url)
    assert_reported_in_a_sentence(ended)
    assert "newer" in ended.err


@pytest.mark.parametrize("revision", ["0000", "9999"])
def test_readiness_reports_another_schema(
    revision: str, client: TestClient, services: Services
) -> None:
    assert client.get("/readyz").status_code == 200
    _pretend(services, revision)
    not_ready = client.get("/readyz")
    assert not_ready.status_code == 503
    assert not_ready.json()["migrations"] == "behind"
    assert client.get("/healthz").status_code == 200


def test_missing_tables_are_reported_without_a_traceback(
    newsroom: Newsroom, client: TestClient, services: Services
) -> None:
    migrations.downgrade(services.database, "base")
    for answer in (client.get("/v1/headlines"), newsroom.call("GET", "/articles")):
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
    assert client.get("/readyz").status_code == 503


def test_a_read_only_database_is_read_and_not_written(
    newsroom: Newsroom, client: TestClient, services: Services
) -> None:
    story = newsroom.story("Before")
    _forbid_writing(services.database)
    refused = newsroom.call("POST", "/articles", json={"title": "Never", "language": "en"})
    assert (refused.status_code, refused.json()["code"]) == (503, "database_read_only")
    line = b'{"type":"article","external_id":"x","title":"T","language":"en"}\n'
    ndjson = {"content-type": "application/x-ndjson"}
    outcome = newsroom.call("POST", "/import", content=line, headers=ndjson)
    assert outcome.json()["problem"]["code"] == "database_read_only"
    assert client.get(f"/v1/articles/{story['id']}").json()["title"] == "Before"
    assert newsroom.call("GET", "/articles").json()["data"][0]["title"] == "Before"
    assert client.get("/readyz").status_code == 200


def test_an_embedded_database_opened_read_only_is_served(tmp_path: Path) -> None:
    with fresh_database("sqlite", tmp_path) as url:
        read_only = f"sqlite:///file:{tmp_path}/test.db?mode=ro&uri=true"
        assert_consistent(read_only)
        refused = dateline(
            "keys", "create", "--name", "n", "--scope", "read", database_url=read_only
        )
        assert_reported_in_a_sentence(refused)
        services = bootstrap(Settings(database_url=read_only), clock=HandClock())
        with make_client(create_app(services), raise_server_exceptions=False) as client:
            assert client.get("/v1/headlines").status_code == 200
        services.close()
        assert_consistent(url)


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize("snapshot", [True, False])
def test_a_removed_file_is_not_created_again(services: Services, snapshot: bool) -> None:
    """A connection is opened after the removal, for a thread without one."""
    file = Path(str(services.database.engine.url.database))
    services.database.check_file()
    file.rename(file.with_suffix(".gone"))
    services.database.engine.dispose()

    def read() -> None:
        with services.database.read(snapshot=snapshot):
            pass

    with ThreadPoolExecutor() as threads, pytest.raises(DatabaseUnavailable):
        threads.submit(read).result()
    assert not file.exists()


def test_a_read_only_database_without_a_schema_is_reported_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    url = f"sqlite:///file:{tmp_path}/empty.db?mode=ro&uri=true"
    assert_reported_in_a_sentence(dateline("serve", database_url=url))


def _pretend(services: Services, revision: str) -> None:
    with services.database.engine.connect() as connection, connection.begin():
        statement = text("UPDATE alembic_version SET version_num = :revision")
        connection.execute(statement, {"revision": revision})


def _forbid_writing(database: Database) -> None:
    """Make every later transaction read-only, as with a read-only file or a standby server."""
    if database.dialect == "postgresql":
        read_only = text("SET TRANSACTION READ ONLY")
        event.listen(database.engine, "begin", lambda connection: connection.execute(read_only))
        return
    query_only = "PRAGMA query_only = ON"
    event.listen(database.engine, "connect", lambda connection, _: connection.execute(query_only))
    with database.write() as session:
        # The connection that stays open.
        session.execute(text(query_only))
