"""Usage: what callers with keys and feed tokens ask for and receive, by day, key and route.

An answer increments numbers in memory, and waits for nothing. Each process writes them every few
seconds. A process that is killed loses these seconds; if it loses the connection in the middle of a
commit, requests and bytes may be added twice, but stories count once.
"""

import threading
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from app.access.caller import Caller
from app.kit.clock import Clock
from app.kit.sql.database import Database
from app.partners.quotas import StoryQuotas
from app.partners.receipts import Receipts
from app.partners.sent_story import SentStory
from app.partners.store.usage import UsageRow, add_usage

WRITE_INTERVAL = timedelta(seconds=3)
# Requests and bytes, by the ordinal of a day, partner, key and route.
_Counts = dict[tuple[int, str, str, str], list[int]]


class Usage:
    """The usage of one process since the last write, and the receipts of partners."""

    def __init__(
        self, database: Database, clock: Clock, receipts: Receipts, *, enforces_quotas: bool = True
    ) -> None:
        """Write to a database, together with receipts."""
        self._database = database
        self._clock = clock
        self._receipts = receipts
        self.quotas = StoryQuotas(database, clock, receipts, is_enforced=enforces_quotas)
        self._lock = threading.Lock()
        self._counts: _Counts = {}
        self._written_at: datetime | None = None

    def add(
        self,
        caller: Caller,
        route: str,
        size: int,
        stories: Sequence[SentStory] = (),
        *,
        requests: int = 1,
        is_cached: bool = False,
    ) -> None:
        """Count what is sent to a caller by a route: the bytes of a body, and stories.

        A caller that is neither a partner nor has a key is not counted. With `is_cached`, the
        stories are the same object each time.
        """
        partner_id = caller.partner_id
        key_id = caller.key_id or caller.feed_token_id or ""
        if partner_id is None and not key_id:
            return
        now = self._clock.now()
        key = (now.toordinal(), partner_id or "", key_id, route)
        with self._lock:
            count = self._counts.get(key)
            if count is None:
                count = self._counts[key] = [0, 0]
            count[0] += requests
            count[1] += size
        if partner_id is not None and stories:
            note = self._receipts.add_cached if is_cached else self._receipts.add
            number = note(partner_id, stories, route, key_id, now)
            if number:
                self.quotas.note_sent(partner_id, number)

    @property
    def unwritten(self) -> int:
        """Return how many rows of requests and bytes are not written yet."""
        return len(self._counts)

    def write_if_due(self) -> None:
        """Write what there is if the interval has passed."""
        now, last = self._clock.now(), self._written_at
        # If the clock was set back, do not wait longer.
        if last is None or not last <= now < last + WRITE_INTERVAL:
            self.write()

    def write(self) -> None:
        """Write everything; keep it if that fails."""
        with self._lock:
            counts, self._counts = self._counts, {}
        self._written_at = self._clock.now()
        is_written = False
        try:
            self._receipts.write()
            if counts:
                with self._database.write() as session:
                    add_usage(session, _build_rows(counts))
            is_written = True
        finally:
            self.quotas.forget()
            if not is_written:
                self._restore(counts)

    def _restore(self, counts: _Counts) -> None:
        with self._lock:
            for key, (requests, size) in counts.items():
                newer = self._counts.setdefault(key, [0, 0])
                newer[0] += requests
                newer[1] += size


def _build_rows(counts: _Counts) -> list[UsageRow]:
    return [
        UsageRow(date.fromordinal(day).isoformat(), partner_id, key_id, route, requests, 0, size)
        for (day, partner_id, key_id, route), (requests, size) in counts.items()
    ]
