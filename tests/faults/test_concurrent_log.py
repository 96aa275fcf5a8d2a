"""A reader of the log during concurrent writes: it skips and repeats no row."""

import threading
from functools import partial

import pytest

from app.bootstrap import Services
from app.delivery import store
from app.kit.sql.database import Database
from tests.faults.commandline import assert_consistent
from tests.faults.concurrency import run_concurrently
from tests.newsroom import Newsroom

_WRITERS = 6
_STORIES = 12


class Follower:
    """Reads the log by serial, as caches, indexes and webhooks do."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._done = threading.Event()
        self.seen: list[tuple[int, str, str]] = []

    def follow(self) -> None:
        """Read the rows after the last serial, until all writes are finished and read."""
        while True:
            done = self._done.is_set()
            after = self.seen[-1][0] if self.seen else 0
            with self._database.read() as session:
                rows = store.load_changes(session, after, 7)
            self.seen += [(row.serial, row.id, row.reason) for row in rows]
            if done and not rows:
                return

    def finish(self) -> None:
        """Stop it once it has read everything."""
        self._done.set()


@pytest.mark.slow
def test_a_log_reader_neither_skips_nor_repeats_a_row(
    newsroom: Newsroom, services: Services
) -> None:
    category = newsroom.category("World")
    database = Database(services.settings.database_url, pool_size=1)
    follower = Follower(database)
    writers = [
        partial(_publish_and_withdraw, newsroom, number, category["slug"])
        for number in range(_WRITERS)
    ]

    def write() -> None:
        try:
            run_concurrently(writers)
        finally:
            follower.finish()

    run_concurrently([follower.follow, write])
    database.close()
    with services.database.read() as session:
        log = [(row.serial, row.id, row.reason) for row in store.load_changes(session, 0, 10_000)]
    assert follower.seen == log
    # One row for the category, and three for each story, in the order in which they were written.
    assert len(log) == 1 + 3 * _WRITERS * _STORIES
    reasons: dict[str, list[str]] = {}
    for _, id_, reason in log[1:]:
        reasons.setdefault(id_, []).append(reason)
    assert all(item == ["published", "updated", "unpublished"] for item in reasons.values())
    assert_consistent(services.settings.database_url)


def _publish_and_withdraw(newsroom: Newsroom, writer: int, category: str) -> None:
    for number in range(_STORIES):
        story = newsroom.story(f"Writer {writer}, story {number}", categories=[category])
        story = newsroom.patch(story, title="Anew", status="published")
        newsroom.verb(story, "unpublish")
