"""Invalidation of the cache: before a lookup, the log is read if there may have been a write."""

import asyncio
import time
from contextlib import suppress
from datetime import datetime
from math import inf

from starlette.concurrency import run_in_threadpool

from app.api.cache.entries import EntryStore
from app.bootstrap import Services
from app.delivery.invalidation import EVERYTHING, LogState
from app.delivery.store import Change, LogPosition
from app.kit.errors import Failure
from app.kit.sql.async_reads import AsyncReads
from app.kit.sql.change_watch import Version

_MAX_ROWS = 1_000
# No row of the log is after it.
_AFTER_ALL = LogPosition(2**63 - 1)


class Freshness:
    """Follows the log for one process, and drops the entries that it makes outdated."""

    def __init__(self, services: Services, entries: EntryStore) -> None:
        """Begin at the end of the log, since the cache is empty."""
        self._services = services
        self._watch = services.watch
        self._anonymous, self._anonymous_digest = services.anonymous, ""
        self._entries = entries
        # PostgreSQL is read without a thread. None on SQLite, whose reads are short.
        self._async_reads = services.database.async_reads
        self._read_lock = asyncio.Lock()
        # The number of reads of the log that were started, and the last that succeeded.
        self._started_reads = self._completed_read = 0
        self.version: Version = -1
        self.serial = -1
        self._mark: int | None = None
        # The next time at which a story appears or expires without a write.
        self.boundary: datetime | None = None
        # The time of the last log state by the clock, which decides what was due at the last read.
        self._log_state_time: datetime | None = None
        # The number of times that the whole cache was dropped.
        self.epoch = 0
        # When the log was last read, by `time.monotonic`.
        self._read_monotonic = -inf
        self.now: datetime = services.clock.now()

    @property
    def age(self) -> float:
        """Seconds since the cache was last known to be current; infinite if it is outdated."""
        proof = self._watch.proof()
        proved_at = (
            max(proof.at, self._read_monotonic)
            if proof.version == self.version
            else self._read_monotonic
        )
        return inf if proof.moved_at > proved_at else time.monotonic() - proved_at

    @property
    def may_serve_stale(self) -> bool:
        """Tell whether entries may be sent while PostgreSQL does not answer.

        `DATELINE_STALE_SECONDS` limits their age. This makes no query.
        """
        self.now = self._services.clock.now()
        if self._async_reads is None or self.version == -1 or self._has_boundary_passed():
            return False
        return self.age < self._services.settings.stale_seconds

    async def refresh(self) -> None:
        """Drop outdated entries; read the log only if the version or the time requires it.

        On PostgreSQL this waits for the query, on SQLite the query runs inline. A failure of the
        database is raised.
        """
        if self.is_current():
            return
        if self._async_reads is None:
            self._read_log_inline(self._watch.version())
            return
        started = self._started_reads
        async with self._read_lock:
            # A read that started while this request waited has seen all writes before the request.
            # Under steady writes each read finds a new version. If each request read the log
            # again, it would wait for the reads of all others.
            if self._completed_read <= started or self.version == -1 or self._has_boundary_passed():
                await self._read_log(self._async_reads)

    async def _read_log(self, reads: AsyncReads) -> None:
        """Read the log on PostgreSQL, and wait for the rows."""
        self._started_reads = number = self._started_reads + 1
        version, read_at = self._watch.version(), time.monotonic()
        position = self._position
        if self._anonymous.fixed is None:
            await run_in_threadpool(self._anonymous.load)
        read = self._services.delivery.prepare_changes(position, _MAX_ROWS)
        rows = await reads.fetch(read.statement, read.params)
        self._apply(*self._services.delivery.finish_changes(position, read.now, rows), version)
        self._read_monotonic, self._completed_read = read_at, number

    def refresh_inline(self) -> bool:
        """Drop outdated entries if that takes no waiting; return whether the cache is current.

        On SQLite the log is read inline. A task would start after all requests that have arrived,
        and each of them would need a task, too. On PostgreSQL this makes no query.
        """
        if not self.is_current() and self._async_reads is None:
            # A request that needs the database meets the failure again, and reports it.
            with suppress(Failure):
                self._read_log_inline(self._watch.version())
        return self.is_current()

    def is_current(self) -> bool:
        """Compare the version and the time with the last read of the log, which is not read."""
        self.now = self._services.clock.now()
        has_passed = self.boundary is not None and self.boundary <= self.now
        return self._watch.version() == self.version and not has_passed

    def _has_boundary_passed(self) -> bool:
        return self.boundary is not None and self.boundary <= self.now

    def _read_log_inline(self, version: Version) -> None:
        """Read the log on SQLite. The version was read before it, so no row is missed."""
        if self._anonymous.fixed is None:
            self._anonymous.load()
        head, rows = self._services.delivery.load_changes_since(self._position, _MAX_ROWS)
        self._apply(head, rows, version)

    @property
    def _position(self) -> LogPosition:
        """The position after which the log is read."""
        # With an empty cache, earlier rows do not matter.
        return _AFTER_ALL if self.serial < 0 else LogPosition(self.serial, self._mark)

    def _apply(self, head: LogState, rows: list[Change] | None, version: Version) -> None:
        """Drop the entries that new rows or the time make outdated.

        Scheduling a story writes no log row, but changes the boundary.
        """
        if rows is None:
            # Rows after the position were trimmed or lost, so it is unknown what has changed.
            self.serial, rows = -1, []
        has_passed = self._has_boundary_passed() or self._has_unlogged_change(head)
        # Responses that are prepared for clients without a key have the terms of their product.
        has_passed = self._has_anonymous_changed() or has_passed
        if self.serial < 0 or len(rows) == _MAX_ROWS or has_passed:
            self._entries.clear()
            self.epoch += 1
        elif rows:
            self._drop_outdated(rows)
        if rows:
            self.serial, self._mark = rows[-1].serial, rows[-1].mark
        elif self.serial < 0:
            self.serial, self._mark = head.position
        if head.next_change_at != self.boundary:
            # The lifetime of prepared responses depends on the boundary.
            self._entries.clear_prepared()
        self.boundary = head.next_change_at
        self._log_state_time = head.now
        # After the maximum there may be more rows: without a version the log is read again.
        self.version = version if len(rows) < _MAX_ROWS else -1

    def _has_anonymous_changed(self) -> bool:
        """Tell whether clients without a key have another entitlement than at the last read."""
        if self._anonymous.fixed is not None:
            return False
        caller = self._anonymous.find()
        before, self._anonymous_digest = self._anonymous_digest, ""
        if caller is not None:
            self._anonymous_digest = caller.entitlement.digest
        return caller is None or before != self._anonymous_digest

    def _has_unlogged_change(self, head: LogState) -> bool:
        """Tell whether a story was scheduled after the last read and is due already."""
        if head.unlogged_at is None or self._log_state_time is None:
            return False
        return head.unlogged_at > self._log_state_time

    def _drop_outdated(self, rows: list[Change]) -> None:
        keys = self._services.surrogates.cache_keys_of_changes(rows)
        if EVERYTHING in keys:
            self._entries.clear()
        else:
            self._entries.drop_dependents(keys)
