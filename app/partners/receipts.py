"""Receipts: which partner received which story, in which version, and whether its removal.

Each process keeps what it sent in memory, and writes it every few seconds, so that no answer waits
for a write. A process that is killed loses the receipts of these seconds. The transaction that
writes receipts also counts the stories, so a story counts once, whatever processes send it.
"""

import logging
import threading
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import chain
from operator import attrgetter, itemgetter

from app.kit.clock import Clock
from app.kit.sql.database import Database
from app.kit.sql.session import WriteSession
from app.partners.counting import WholeStory, count_stories
from app.partners.pending_receipts import PendingReceipts
from app.partners.sent_story import SentStory
from app.partners.store.receipts import load_counted, update_counted, write_receipts
from app.partners.store.usage import UsageKey, UsageRow, add_usage

# Stories of partners in memory; further ones get no receipt until the next write.
MOST_PENDING = 100_000
_MOST_IN_TRANSACTION = 2_000
_log = logging.getLogger("dateline.partners")


class Receipts:
    """The receipts of one process since the last write."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Write to a database."""
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._pending = PendingReceipts(MOST_PENDING)
        # What was taken and is not committed yet.
        self._taken = PendingReceipts(MOST_PENDING)

    def add(
        self,
        partner_id: str,
        stories: Sequence[SentStory],
        route: str,
        key_id: str = "",
        now: datetime | None = None,
    ) -> int:
        """Note that the stories, or their removals, are sent to a partner by a route.

        Return how many have their body, in a newer version than any since the last write.
        """
        now = now or self._clock.now()
        with self._lock:
            return self._pending.note(partner_id, stories, route, key_id, now)

    def list_unwritten(self, partner_id: str) -> list[WholeStory]:
        """Return the whole stories that were sent to a partner and are not written yet."""
        with self._lock:
            whole = [*self._taken.list_whole(partner_id), *self._pending.list_whole(partner_id)]
        return sorted(whole, key=attrgetter("at"))

    def take(self) -> PendingReceipts:
        """Return what is not written yet, to be passed to `write`."""
        with self._lock:
            self._taken, self._pending = self._pending, PendingReceipts(MOST_PENDING)
            return self._taken

    def write(self, pending: PendingReceipts) -> None:
        """Write what was taken; keep the receipts if that fails."""
        is_written = False
        try:
            self._write(pending)
            is_written = True
        finally:
            with self._lock:
                self._taken = PendingReceipts(MOST_PENDING)
                if not is_written:
                    pending.add_later(self._pending)
                    self._pending = pending
            if pending.is_incomplete:
                _log.warning("receipts of partners are lost: they cannot be written at present")
                pending.is_incomplete = False

    def _write(self, pending: PendingReceipts) -> None:
        """Write and count what partners got, and then the removals, in several transactions."""
        # In one order, to prevent deadlocks.
        entries = [entry for *_, entry in sorted(pending.list_entries(), key=itemgetter(0, 1))]
        sent = [(row, entry.whole) for entry in entries if (row := entry.sent) is not None]
        removed = [entry.removal for entry in entries if entry.removal is not None]
        for start in range(0, len(sent), _MOST_IN_TRANSACTION):
            part = sent[start : start + _MOST_IN_TRANSACTION]
            with self._database.write() as session:
                write_receipts(session, [row for row, _ in part], ())
                _count(session, list(chain.from_iterable(whole for _, whole in part)))
        for start in range(0, len(removed), _MOST_IN_TRANSACTION):
            with self._database.write() as session:
                write_receipts(session, (), removed[start : start + _MOST_IN_TRANSACTION])


def _count(session: WriteSession, stories: Sequence[WholeStory]) -> None:
    """Count stories whose receipts this transaction has written and locked."""
    if not stories:
        return
    before = load_counted(session, {story.recipient for story in stories})
    known = dict(before)
    # A story that was purged has no receipt, and does not count.
    sent = sorted((story for story in stories if story.recipient in known), key=attrgetter("at"))
    counted = Counter(
        UsageKey(story.day, story.partner_id, story.key_id, story.route)
        for story in count_stories(known, sent)
    )
    update_counted(session, [known[key] for key in sorted(known) if known[key] != before[key]])
    add_usage(session, [UsageRow(*key, 0, number, 0) for key, number in counted.items()])
