"""No answer older than the log: what changed is found out before an answer is looked up."""

import asyncio
import time
from contextlib import suppress
from datetime import datetime
from math import inf

from app.api.cache.entries import EntryStore
from app.bootstrap import Services
from app.delivery.freshness import EVERYTHING, LogState
from app.delivery.store import Change, LogPosition
from app.kit.errors import Failure
from app.kit.sql.async_reads import AsyncReads
from app.kit.sql.change_watch import Version

_MOST_ROWS = 1_000
# No row of the log is after it.
_AFTER_ALL = LogPosition(2**63 - 1)


class Freshness:
    """Follows the log for one process, and drops the entries that it makes outdated."""

    def __init__(self, services: Services, entries: EntryStore) -> None:
        """Begin at the end of the log: nothing is kept yet that could be older."""
        self._services = services
        self._watch = services.watch
        self._entries = entries
        # What reads without waiting in a thread; there is none on SQLite, which waits for nothing.
        self._awaited = services.database.async_reads
        self._following = asyncio.Lock()
        # How often the log was looked at, and which look was the last to succeed.
        self._begun = self._seen = 0
        self.version: Version = -1
        self.serial = -1
        self._mark: int | None = None
        # The next moment at which time alone makes a story appear or expire, and how often
        # everything was dropped.
        self.boundary: datetime | None = None
        self._looked_at: datetime | None = None
        self.epoch = 0
        # When the log was last read, by `time.monotonic`.
        self._read_at = -inf
        self.now: datetime = services.clock.now()

    @property
    def age(self) -> float:
        """Seconds since the last proof that what is kept is as new as the log; inf if it is not."""
        proof = self._watch.proof()
        proved_at = max(proof.at, self._read_at) if proof.version == self.version else self._read_at
        return inf if proof.moved_at > proved_at else time.monotonic() - proved_at

    @property
    def may_be_stale(self) -> bool:
        """Tell whether what is kept may be sent while the database does not answer."""
        self.now = self._services.clock.now()
        if self._awaited is None or self.version == -1 or self._has_passed():
            return False
        return self.age < self._services.settings.stale_seconds

    async def check(self) -> None:
        """Make sure that nothing outdated is kept: by a write that was acknowledged, or by time."""
        if self.stands():
            return
        if self._awaited is None:
            self._follow(self._watch.version())
            return
        begun = self._begun
        async with self._following:
            # A look that began while this request waited has seen all that was written before it.
            # Under steady writes the version moves on with each look, and to look once more for
            # each request would let them wait for all the others.
            if self._seen <= begun or self.version == -1 or self._has_passed():
                await self._look(self._awaited)

    async def _look(self, reads: AsyncReads) -> None:
        self._begun = look = self._begun + 1
        version, read_at = self._watch.version(), time.monotonic()
        position = self._position
        read = self._services.delivery.prepare_changes(position, _MOST_ROWS)
        rows = await reads.fetch(read.statement, read.params)
        self._apply(*self._services.delivery.finish_changes(position, read.now, rows), version)
        self._read_at, self._seen = read_at, look

    def is_sure(self) -> bool:
        """Tell whether nothing outdated is kept, once it was seen what changed.

        Where that takes no waiting it is done here. A task for it would begin after all requests
        that are here by now, and each of them would need one, too.
        """
        if not self.stands() and self._awaited is None:
            # Whoever needs an answer comes upon a failure again, and says so.
            with suppress(Failure):
                self._follow(self._watch.version())
        return self.stands()

    def stands(self) -> bool:
        """Tell whether nothing outdated is kept, as of now."""
        self.now = self._services.clock.now()
        is_over = self.boundary is not None and self.boundary <= self.now
        return self._watch.version() == self.version and not is_over

    def _has_passed(self) -> bool:
        return self.boundary is not None and self.boundary <= self.now

    def _follow(self, version: Version) -> None:
        """Read what was appended to the log. The version was read before, so nothing is missed."""
        head, rows = self._services.delivery.load_changes_since(self._position, _MOST_ROWS)
        self._apply(head, rows, version)

    @property
    def _position(self) -> LogPosition:
        """The position after which the log is read."""
        # Nothing is kept yet that a row could make outdated.
        return _AFTER_ALL if self.serial < 0 else LogPosition(self.serial, self._mark)

    def _apply(self, head: LogState, rows: list[Change] | None, version: Version) -> None:
        """Drop what new rows of the log make outdated, or what time alone does.

        Scheduling writes no row before it is due, and still sets how long answers may be kept.
        """
        if rows is None:
            # What showed things that the log has forgotten or lost is not known any more.
            self.serial, rows = -1, []
        turned = self._has_passed() or self._has_turned(head)
        if self.serial < 0 or len(rows) == _MOST_ROWS or turned:
            self._entries.clear()
            self.epoch += 1
        elif rows:
            self._drop(rows)
        if rows:
            # After a thousand rows there may be more; the version is left behind to look again.
            self.serial, self._mark = rows[-1].serial, rows[-1].mark
        elif self.serial < 0:
            self.serial, self._mark = head.position
        if head.next_change_at != self.boundary:
            # Prepared responses say how long they hold.
            self._entries.clear_prepared()
        self.boundary = head.next_change_at
        self._looked_at = head.now
        self.version = version if len(rows) < _MOST_ROWS else -1

    def _has_turned(self, head: LogState) -> bool:
        """Tell whether what was scheduled since the last look has been due since then, too."""
        if head.unlogged_at is None or self._looked_at is None:
            return False
        return head.unlogged_at > self._looked_at

    def _drop(self, rows: list[Change]) -> None:
        keys = self._services.surrogates.cache_keys_of_changes(rows)
        if EVERYTHING in keys:
            self._entries.clear()
        else:
            self._entries.drop_showing(keys)
