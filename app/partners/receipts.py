"""Receipts: which partner received which story, in which version, and whether its removal.

Each process keeps what it sent in memory, and writes it every few seconds, so that no answer waits
for a write. A process that is killed loses the receipts of these seconds.
"""

import logging
import threading
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeVar

from app.content.events import ArticleRemoved
from app.delivery.results import REMOVED, SentStory
from app.kit.clock import Clock
from app.kit.sql.database import Database
from app.kit.sql.unit_of_work import UnitOfWork
from app.partners.store.receipts import RemovalRow, SentRow, delete_receipts, write_receipts

WRITE_INTERVAL = timedelta(seconds=3)
# Receipts in memory while the database cannot be written; further ones are lost.
MOST_PENDING = 50_000
_MOST_IN_TRANSACTION = 2_000
_log = logging.getLogger("dateline.partners")

# A partner and a story.
_Key = tuple[str, str]
Row = TypeVar("Row", SentRow, RemovalRow)


class Receipts:
    """The receipts of one process since the last write."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Write to a database."""
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._sent: dict[_Key, SentRow] = {}
        self._removed: dict[_Key, RemovalRow] = {}
        self._written_at: datetime | None = None
        self._is_full = False

    def add(self, partner_id: str, stories: Iterable[SentStory], route: str) -> None:
        """Note the stories, and the removals, that were sent to a partner by a route."""
        now = self._clock.now()
        with self._lock:
            for story in stories:
                if self._has_space():
                    self._add(partner_id, story, route, now)

    def write_if_due(self) -> None:
        """Write what there is if the interval has passed."""
        now, last = self._clock.now(), self._written_at
        # If the clock was set back, do not wait longer.
        if last is None or not last <= now < last + WRITE_INTERVAL:
            self.write()

    def write(self) -> None:
        """Write everything in several transactions; keep what could not be written."""
        self._written_at = self._clock.now()
        while self._write_batch():
            pass

    def _write_batch(self) -> bool:
        """Write a part; return whether there was any."""
        with self._lock:
            sent = list(islice(self._sent.values(), _MOST_IN_TRANSACTION))
            # A removal is written after what it removes.
            waiting = (row for key, row in self._removed.items() if key not in self._sent)
            removed = [] if sent else list(islice(waiting, _MOST_IN_TRANSACTION))
        if not (sent or removed):
            return False
        with self._database.write() as session:
            write_receipts(session, sent, removed)
        with self._lock:
            _forget(self._sent, sent)
            _forget(self._removed, removed)
            self._is_full = False
        return True

    def _add(self, partner_id: str, story: SentStory, route: str, now: datetime) -> None:
        key = (partner_id, story.id)
        if story.form == REMOVED:
            self._removed.setdefault(key, RemovalRow(story.id, partner_id, now, route))
            return
        self._removed.pop(key, None)
        known = self._sent.get(key)
        first_at = now if known is None else known.first_at
        self._sent[key] = SentRow(
            story.id, partner_id, first_at, now, story.version, story.form, route
        )

    def _has_space(self) -> bool:
        if len(self._sent) + len(self._removed) < MOST_PENDING:
            return True
        if not self._is_full:
            self._is_full = True
            _log.warning("receipts of partners are lost: they cannot be written at present")
        return False


def erase_receipts(unit: UnitOfWork) -> None:
    """Delete the receipts of stories that are purged or erased."""
    delete_receipts(
        unit.session,
        [event.article_id for event in unit.events if isinstance(event, ArticleRemoved)],
    )


def _forget(pending: dict[_Key, Row], written: Iterable[Row]) -> None:
    """Remove what was written, unless it changed meanwhile."""
    for row in written:
        key = (row.partner_id, row.article_id)
        if pending.get(key) is row:
            del pending[key]
