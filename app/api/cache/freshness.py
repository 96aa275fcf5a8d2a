"""No answer older than the log: what changed is found out before an answer is looked up."""

import asyncio
import time
from contextlib import suppress
from datetime import datetime
from math import inf

from starlette.concurrency import run_in_threadpool

from app.api.cache.entries import EntryStore
from app.bootstrap import Services
from app.delivery import store as delivery_store
from app.delivery.freshness import EVERYTHING, LogState
from app.delivery.store import Change, LogPosition
from app.kit.errors import Failure
from app.kit.watch import Version

_MOST_ROWS = 1_000


class Freshness:
    """Follows the log for one process, and drops the entries that it makes outdated."""

    def __init__(self, services: Services, entries: EntryStore) -> None:
        """Begin at the end of the log: nothing is kept yet that could be older."""
        self._services = services
        self._watch = services.watch
        self._entries = entries
        self._embedded = services.database.dialect == "sqlite"
        self._following = asyncio.Lock()
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
        if self._embedded or self.version == -1 or self._has_passed():
            return False
        return self.age < self._services.settings.stale_seconds

    async def check(self) -> None:
        """Make sure that nothing outdated is kept: by a write that was acknowledged, or by time."""
        if self.stands():
            return
        version = self._watch.version()
        if self._embedded:
            self._follow(version)
            return
        async with self._following:
            if version != self.version or self._has_passed():
                read_at = time.monotonic()
                self._apply(*await run_in_threadpool(self._read), version)
                self._read_at = read_at

    def is_sure(self) -> bool:
        """Tell whether nothing outdated is kept, once it was seen what changed.

        Where that takes no waiting it is done here. A task for it would begin after all requests
        that are here by now, and each of them would need one, too.
        """
        if not self.stands() and self._embedded:
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
        self._apply(*self._read(), version)

    def _read(self) -> tuple[list[Change], LogState]:
        """Return new rows of the log, and the moments at which time changes something.

        Scheduling writes no row before it is due, and still sets how long answers may be kept.
        """
        with self._services.delivery.open_state() as (session, head, _):
            if self.serial < 0:
                return [], head
            position = LogPosition(self.serial, self._mark)
            rows = delivery_store.load_changes_since(session, position, _MOST_ROWS)
            if rows is None:
                # What showed things that the log has forgotten or lost is not known any more.
                self.serial = -1
            return rows or [], head

    def _apply(self, rows: list[Change], head: LogState, version: Version) -> None:
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
