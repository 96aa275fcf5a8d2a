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
from itertools import chain, islice
from operator import attrgetter

from app.kit.clock import Clock
from app.kit.sql.database import Database
from app.kit.sql.session import WriteSession
from app.partners.counting import WholeStory, count_stories
from app.partners.pending_receipts import PendingReceipts, SentAnswer, build_receipts
from app.partners.sent_story import SentStory
from app.partners.store.receipts import RemovalRow, load_outdated, update_counted, write_receipts
from app.partners.store.usage import UsageKey, UsageRow, add_usage

# Stories of partners in memory; further ones get no receipt until the next write.
MOST_PENDING = 100_000
_MOST_IN_TRANSACTION = 5_000
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
    ) -> tuple[SentAnswer | None, bool]:
        """Note that the stories, or their removals, are sent to a partner by a route.

        Return the answer, or None if there is no room for it, and whether it is new since the last
        write.
        """
        now = now or self._clock.now()
        with self._lock:
            return self._pending.note(partner_id, stories, route, key_id, now)

    @property
    def is_half_full(self) -> bool:
        """Tell whether half of the room for stories is taken, so that a write is due."""
        return 2 * self._pending.size > MOST_PENDING

    def list_unwritten(self, partner_id: str) -> list[WholeStory]:
        """Return the whole stories that were sent to a partner and are not written yet."""
        with self._lock:
            answers = [
                *self._taken.list_answers(partner_id),
                *self._pending.list_answers(partner_id),
            ]
        whole = (receipt.whole for receipt in build_receipts(answers).values())
        return sorted(chain.from_iterable(whole), key=attrgetter("at"))

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
                    self._pending.add_earlier(pending)
            if pending.is_incomplete:
                _log.warning("receipts of partners are lost: they cannot be written at present")
                pending.is_incomplete = False

    def _write(self, pending: PendingReceipts) -> None:
        """Write and count what partners got, and then the removals, in several transactions."""
        # In one order, to prevent deadlocks.
        receipts, removed = pending.iterate_receipts(), list[RemovalRow]()
        while batch := list(islice(receipts, _MOST_IN_TRANSACTION)):
            removed += (receipt.removal for receipt in batch if receipt.removal is not None)
            with self._database.write(changes_rights=False) as session:
                rows = (receipt.sent for receipt in batch)
                write_receipts(session, [row for row in rows if row is not None], ())
                _count(session, [story for receipt in batch for story in receipt.whole])
        for start in range(0, len(removed), _MOST_IN_TRANSACTION):
            with self._database.write(changes_rights=False) as session:
                write_receipts(session, (), removed[start : start + _MOST_IN_TRANSACTION])


def _count(session: WriteSession, stories: Sequence[WholeStory]) -> None:
    """Count stories whose receipts this transaction has written and locked."""
    newest = {story.recipient: story.version for story in stories}
    before = load_outdated(session, newest)
    known = dict(before)
    # The others were counted before, or have no receipt because they were purged.
    sent = sorted((story for story in stories if story.recipient in known), key=attrgetter("at"))
    counted = Counter(
        UsageKey(story.day, story.partner_id, story.key_id, story.route)
        for story in count_stories(known, sent)
    )
    update_counted(session, [known[key] for key in sorted(known) if known[key] != before[key]])
    add_usage(session, [UsageRow(*key, 0, number, 0) for key, number in counted.items()])
