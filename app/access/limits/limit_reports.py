"""Report the use of limits to the database, which adds up the use of all processes."""

import secrets
from collections.abc import Mapping
from datetime import timedelta

from app.access.limits.meter import COST_PER_REQUEST, WINDOW
from app.access.limits.rate_limits import RateLimits, Use
from app.access.store import rate_limits as store
from app.kit.clock import Clock
from app.kit.sql.database import Database
from app.kit.sql.session import WriteSession
from app.kit.sql.unit_of_work import UnitOfWork

# Seconds between reports; fewer when half of a lease is used.
REPORT_SECONDS = 1.0
# A process that has not reported for longer does not count.
_PRESENT = timedelta(seconds=30)
_PRESENCE_INTERVAL = timedelta(seconds=10)
_FORGET_INTERVAL = timedelta(minutes=1)
# The database counts thousandths.
_UNIT = 1000
_KEPT = timedelta(hours=1)


class LimitReports:
    """Shares the limits of this process with others; without `shared`, there are no others."""

    def __init__(
        self, database: Database, clock: Clock, limits: RateLimits, *, shared: bool
    ) -> None:
        """Report to a database."""
        self._database = database
        self._clock = clock
        self._limits = limits
        self._shared = shared
        self._process = secrets.token_hex(16)
        self._started_at = clock.now()
        self._reported_at = self._forgotten_at = self._started_at - _KEPT
        if shared:
            limits.share()

    def wait(self) -> None:
        """Wait until a report is due."""
        self._limits.report_due.wait(REPORT_SECONDS)

    def wake(self) -> None:
        """End the wait."""
        self._limits.report_due.set()

    def run(self) -> None:
        """Report new use, and forget keys that are not used any more."""
        now = self._clock.now()
        self._limits.end_epoch()
        if abs(now - self._forgotten_at) >= _FORGET_INTERVAL:
            self._forgotten_at = now
            self._limits.forget_idle()
        if self._shared:
            self.report()

    def report(self) -> None:
        """Report new use; if that fails, this process has only its share of the limits."""
        used, now = self._limits.collect_use(), self._clock.now()
        # Processes that start together learn of each other within a second.
        is_new = abs(now - self._started_at) < _PRESENCE_INTERVAL
        if not used and not is_new and abs(now - self._reported_at) < _PRESENCE_INTERVAL:
            return
        is_done = False
        try:
            with self._database.write(changes_rights=False) as session:
                totals = self._add_use(session, used)
                store.record_process(session, self._process, now)
                processes = store.count_processes(session, now - _PRESENT)
            is_done = True
        finally:
            if not is_done:
                self._limits.detach()
        self._reported_at = now
        self._limits.apply_report(used, totals, processes)

    def _add_use(self, session: WriteSession, used: Mapping[str, Use]) -> dict[str, Use]:
        """Add the use of this process to the stored use; return the sums."""
        store.lock_use(session)
        known = {row.id: row for row in store.load_use(session, used)}
        now = self._clock.now()
        totals: dict[str, Use] = {}
        for id_, use in used.items():
            row = known.get(id_)
            requests, cost = use.requests, use.cost
            if row is not None:
                passed = max(0.0, (now - row.at).total_seconds()) * use.limit / WINDOW
                requests += max(0.0, row.requests / _UNIT - passed)
                cost += max(0.0, row.cost / _UNIT - passed * COST_PER_REQUEST)
            totals[id_] = Use(use.limit, requests, cost)
        rows = [
            store.UseRow(id_, round(use.requests * _UNIT), round(use.cost * _UNIT), now)
            for id_, use in totals.items()
        ]
        store.save_use(session, rows)
        return totals


def delete_idle_use(unit: UnitOfWork) -> None:
    """Delete rows that are not needed: use older than an hour, and processes that have ended."""
    store.delete_use(unit.session, unit.now - _KEPT)
