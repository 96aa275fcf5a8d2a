"""Usage: what callers with keys and feed tokens ask for and receive, by day, key and route.

An answer only increments numbers in memory, and does not wait for the database. Each process writes
them every few seconds. A process that is killed loses these seconds. If the connection is lost in
the middle of a commit, requests and bytes may be added twice, but stories count once.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.access.caller import Caller
from app.kit.clock import Clock
from app.kit.sql.database import Database
from app.partners.pending_receipts import SentAnswer
from app.partners.quotas import StoryQuotas
from app.partners.receipts import Receipts
from app.partners.sent_story import SentStory
from app.partners.store.usage import UsageRow, add_usage

WRITE_INTERVAL = timedelta(seconds=3)


@dataclass(slots=True)
class _Count:
    requests: int = 0
    size: int = 0


# By the ordinal of a day, partner, key and route.
_Counts = dict[tuple[int, str, str, str], _Count]


@dataclass(slots=True, eq=False)
class CountedAnswer:
    """An answer that was counted for a caller, so that sending it again takes less to count.

    `sent` has its stories, if it has some and the caller is a partner.
    """

    usage: "Usage"
    interval: int
    day: int
    count: _Count
    size: int
    sent: SentAnswer | None

    def count_again(self, now: datetime) -> bool:
        """Count the same answer again; return False if it is written already, or of another day."""
        return self.day == now.toordinal() and self.usage.count_again(self, now)


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
        # The number of the interval since the last write.
        self._interval = 0
        self._written_at: datetime | None = None
        # Whether the last write failed.
        self._has_failed = False

    def add(
        self,
        caller: Caller,
        route: str,
        size: int,
        stories: Sequence[SentStory] = (),
        *,
        requests: int = 1,
    ) -> CountedAnswer | None:
        """Count what is sent to a caller by a route: the bytes of a body, and stories.

        A caller that is neither a partner nor has a key is not counted: return None.
        """
        partner_id = caller.partner_id
        key_id = caller.key_id or caller.feed_token_id or ""
        if partner_id is None and not key_id:
            return None
        now = self._clock.now()
        day = now.toordinal()
        key = (day, partner_id or "", key_id, route)
        sent, is_new = None, False
        with self._lock:
            interval, count = self._interval, self._counts.get(key)
            if count is None:
                count = self._counts[key] = _Count()
            count.requests += requests
            count.size += size
            if partner_id is not None and stories:
                sent, is_new = self._receipts.add(partner_id, stories, route, key_id, now)
        if is_new and partner_id is not None:
            self.quotas.note_sent(partner_id, stories)
        return CountedAnswer(self, interval, day, count, size, sent)

    def count_again(self, answer: CountedAnswer, now: datetime) -> bool:
        """Count an answer again, unless what was counted then is written."""
        with self._lock:
            if answer.interval != self._interval:
                return False
            if answer.sent is not None:
                answer.sent.repeat(now)
            answer.count.requests += 1
            answer.count.size += answer.size
        return True

    @property
    def unwritten(self) -> int:
        """Return how many rows of requests and bytes were not written yet."""
        return len(self._counts)

    def write_if_due(self) -> None:
        """Write the counts if the interval has passed, or if there are many receipts."""
        now, last = self._clock.now(), self._written_at
        # If the clock was set back, do not wait longer.
        has_passed = last is None or not last <= now < last + WRITE_INTERVAL
        if has_passed or (self._receipts.is_half_full and not self._has_failed):
            self.write()

    def write(self) -> None:
        """Write everything; keep the counts if that fails."""
        with self._lock:
            counts, self._counts = self._counts, {}
            self._interval += 1
            receipts = self._receipts.take()
        self._written_at = self._clock.now()
        is_written = False
        try:
            self._receipts.write(receipts)
            if counts:
                with self._database.write(changes_rights=False) as session:
                    add_usage(session, _build_rows(counts))
            is_written = True
        finally:
            self.quotas.forget()
            self._has_failed = not is_written
            if not is_written:
                self._restore(counts)

    def _restore(self, counts: _Counts) -> None:
        with self._lock:
            for key, count in counts.items():
                newer = self._counts.setdefault(key, _Count())
                newer.requests += count.requests
                newer.size += count.size


def _build_rows(counts: _Counts) -> list[UsageRow]:
    return [
        UsageRow(
            date.fromordinal(day).isoformat(),
            partner_id,
            key_id,
            route,
            count.requests,
            0,
            count.size,
        )
        for (day, partner_id, key_id, route), count in counts.items()
    ]
