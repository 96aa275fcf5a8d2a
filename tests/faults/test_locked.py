"""A locked database: writers get an error in time, and readers continue."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest
from sqlalchemy import create_engine, text
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.settings import Settings
from tests.conftest import key_for
from tests.faults.commandline import assert_consistent
from tests.faults.server import Client, server_row
from tests.newsroom import MERGE_PATCH, Newsroom

pytestmark = pytest.mark.slow

_TIMEOUT = 0.5


@pytest.fixture
def settings(database_url: str) -> Settings:
    """A deployment with a short timeout."""
    return Settings(database_url=database_url, busy_timeout=_TIMEOUT)


@contextmanager
def _lock_database(services: Services) -> Iterator[None]:
    """Lock all articles in a writing transaction of another client."""
    engine = create_engine(services.settings.database_url)
    sqlite = engine.dialect.name == "sqlite"
    with engine.connect() as connection:
        if sqlite:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.execute(text("LOCK TABLE articles IN EXCLUSIVE MODE"))
            connection.execute(text("LOCK TABLE api_keys IN EXCLUSIVE MODE"))
        yield
        connection.rollback()
    engine.dispose()


def test_writers_get_database_busy_and_readers_continue(
    newsroom: Newsroom, client: TestClient, services: Services
) -> None:
    story = newsroom.story("Before")
    with _lock_database(services):
        for method, path, body in (
            ("POST", "/articles", {"title": "Never", "language": "en", "status": "published"}),
            ("PATCH", f"/articles/{story['id']}", {"title": "Never"}),
            ("POST", f"/articles/{story['id']}/unpublish", {}),
        ):
            began = time.monotonic()
            content_type = MERGE_PATCH if method == "PATCH" else "application/json"
            headers = {"if-match": '"v1"', "content-type": content_type}
            refused = newsroom.call(method, path, json=body, headers=headers)
            assert (refused.status_code, refused.json()["code"]) == (503, "database_busy")
            assert int(refused.headers["retry-after"]) > 0
            # A deployment with default settings would wait for as long as this.
            assert time.monotonic() - began < 5
        _assert_readable(client, newsroom, story["id"])
    assert newsroom.story("After")["version"] == 1
    titles = [item["title"] for item in client.get("/v1/headlines").json()["data"]]
    assert sorted(titles) == ["After", "Before"]
    assert_consistent(services.settings.database_url)


def test_an_import_refuses_its_lines_while_the_database_is_busy(
    newsroom: Newsroom, services: Services
) -> None:
    line = b'{"type":"article","external_id":"x","title":"T","language":"en"}\n'
    ndjson = {"content-type": "application/x-ndjson"}
    with _lock_database(services):
        answer = newsroom.call("POST", "/import", content=line * 2, headers=ndjson)
    codes = [item["problem"]["code"] for item in map(json.loads, answer.text.splitlines())]
    assert codes == ["database_busy", "database_busy"]
    again = newsroom.call("POST", "/import", content=line, headers=ndjson)
    assert json.loads(again.text)["status"] == "created"


def test_a_key_is_verified_while_its_use_cannot_be_recorded(
    newsroom: Newsroom, services: Services
) -> None:
    with _lock_database(services):
        me = newsroom.client.get("/v1/me", headers=newsroom.headers)
    assert (me.status_code, me.json()["scopes"]) == (200, ["admin"])


def _assert_readable(client: TestClient, newsroom: Newsroom, id_: str) -> None:
    for path in ("/v1/headlines", f"/v1/articles/{id_}", "/v1/sources", "/readyz", "/metrics"):
        began = time.monotonic()
        assert client.get(path).status_code == 200
        assert time.monotonic() - began < _TIMEOUT * 2
    assert newsroom.call("GET", f"/articles/{id_}").json()["title"] == "Before"


def test_a_write_that_waits_does_not_block_the_event_loop(
    services: Services, database_url: str
) -> None:
    """The process answers other requests while the thread of a write waits for the lock."""
    key = key_for(services, "write")
    with (
        server_row(database_url, busy_timeout=60) as server,
        ThreadPoolExecutor(1) as pool,
    ):
        server.start()
        with closing(Client(server.port, key)) as writer, closing(Client(server.port)) as reader:
            document = {"title": "Waits", "language": "en"}
            with _lock_database(services):
                waiting = pool.submit(writer.call, "POST", "/v1/manage/articles", document)
                for _ in range(20):
                    assert reader.call("GET", "/healthz")[0] == 200
                    assert reader.call("GET", "/v1/headlines")[0] == 200
                    time.sleep(0.02)
                assert not waiting.done()
            assert waiting.result()[0] == 201
