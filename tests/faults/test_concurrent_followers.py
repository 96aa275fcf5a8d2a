"""Clients of `/v1/changes` during concurrent writes: no entry is missed or repeated."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from app.bootstrap import Services
from app.delivery import store
from tests.conftest import key_for
from tests.faults.concurrency import run_concurrently
from tests.faults.server import Client, server_row

_WRITERS = 6
_STORIES = 15
# The last of them starts during the writes, with a snapshot.
_FILTERS = ("", "", "tag=even", "source=agency", "")
# Commits take different times, so the first serial would not be committed first without a
# mechanism that ensures it.
_SLOW_COMMITS = """
CREATE FUNCTION take_time() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_sleep(random() * 0.02); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER take_time AFTER INSERT ON changes DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION take_time();
"""


class Follower:
    """Follows the log on a separate connection, and waits if there is nothing new."""

    def __init__(self, port: int, filters: str, *, limit: int) -> None:
        self._client = Client(port)
        self._limit = limit
        self._next = f"/v1/changes?{filters}"
        self.entries: list[dict[str, Any]] = []

    def follow(self, done: threading.Event) -> None:
        """Read changes until all writes are finished and read."""
        while True:
            last, wait = done.is_set(), 0 if done.is_set() else 1
            if not self.step(wait) and last:
                self._client.close()
                return

    def step(self, wait: int = 0) -> bool:
        """Send one request; return whether there are changes or more to come."""
        path = f"{self._next}&limit={self._limit}&wait={wait}"
        status, _, answer = self._client.call("GET", path)
        assert status == 200, answer
        self.entries += answer["data"]
        self._next = f"/v1/changes?cursor={answer['cursor']}"
        return bool(answer["data"] or answer["more"])

    def skip(self) -> None:
        """Read the changes so far, and drop them."""
        while self.step():
            pass
        self.entries.clear()

    @property
    def log_entries(self) -> list[tuple[int, str]]:
        """The received changes, as the log has them."""
        return [(item["serial"], item["id"]) for item in self.entries]


@pytest.mark.slow
@pytest.mark.exhaustive_on("sqlite")
def test_no_sync_client_misses_or_repeats_an_entry(
    services: Services, database_url: str, dialect: str
) -> None:
    if dialect == "postgresql":
        _execute(database_url, _SLOW_COMMITS)
    key, done, midst = key_for(services, "admin"), threading.Event(), threading.Event()
    with server_row(database_url, worker_interval=0.2) as server:
        server.start()
        _make(server.port, key, "sources", {"name": "Agency"})
        followers = [
            Follower(server.port, filters, limit=1 + 3 * number)
            for number, filters in enumerate(_FILTERS)
        ]
        *early, late = followers
        for item in early:
            item.skip()
        began = _log(services)[-1][0]

        def follow_late() -> None:
            assert midst.wait(60)
            late.follow(done)

        def write() -> None:
            try:
                run_concurrently(
                    [partial(_write, server.port, key, n, midst) for n in range(_WRITERS)]
                )
            finally:
                midst.set()
                done.set()

        acts: list[Callable[[], None]] = [write, follow_late]
        acts += [partial(item.follow, done) for item in early]
        run_concurrently(acts)
    log = [row for row in _log(services) if row[0] > began]
    assert len(log) == _WRITERS * _STORIES
    # Each story is published once, so the entries are the rows of the log, in the same order.
    numbers = {id_: int(title) for id_, title in _titles(early[0]).items()}
    assert early[0].log_entries == early[1].log_entries == log
    assert early[2].log_entries == [row for row in log if numbers[row[1]] % 2 == 0]
    assert early[3].log_entries == [row for row in log if numbers[row[1]] % 3 == 0]
    # After a snapshot, the log may repeat its contents, but nothing may be missing.
    assert _titles(late).keys() == numbers.keys()
    assert len(set(late.log_entries)) == len(late.log_entries)


def _write(port: int, key: str, writer: int, midst: threading.Event) -> None:
    client = Client(port, key)
    for number in range(_STORIES):
        if number == _STORIES // 3:
            midst.set()
        status, _, story = client.call("POST", "/v1/manage/articles", _story(writer, number))
        assert status == 201, story
    client.close()


def _story(writer: int, number: int) -> dict[str, Any]:
    return {
        "title": str(number),
        "slug": f"story-{writer}-{number}",
        "language": "en",
        "tags": ["even"] if number % 2 == 0 else ["odd"],
        "source": "agency" if number % 3 == 0 else None,
        "status": "published",
    }


def _make(port: int, key: str, what: str, document: dict[str, Any]) -> None:
    client = Client(port, key)
    status, _, created = client.call("POST", f"/v1/manage/{what}", document)
    assert status == 201, created
    client.close()


def _execute(database_url: str, statements: str) -> None:
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text(statements))
    engine.dispose()


def _log(services: Services) -> list[tuple[int, str]]:
    with services.database.read() as session:
        return [(row.serial, row.id) for row in store.load_changes(session, 0, 10_000)]


def _titles(follower: Follower) -> dict[str, str]:
    stories = (item for item in follower.entries if item["type"] == "article")
    return {story["id"]: story["document"]["title"] for story in stories}
