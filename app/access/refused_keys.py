"""Refused keys: counted by client address in memory, and written to the audit log at intervals.

Anybody can send a wrong key, so such a request must not cause a write. Each process counts them,
and inserts a few rows at an interval, independent of the number of requests.
"""

import threading
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.access.audit import add_audit_row
from app.kit.clock import Clock, format_instant
from app.kit.sql.unit_of_work import Actor, AuditedAction, Runner, UnitOfWork

WRITE_INTERVAL = timedelta(minutes=1)
# Addresses with a separate count in an interval; all others share a row.
MAX_ADDRESSES = 100
_ACTOR = Actor(None, "refused keys")


@dataclass(frozen=True, slots=True)
class _Count:
    """The number of refusals, and the time of the first and the last."""

    count: int
    first_at: datetime
    last_at: datetime

    def merge(self, other: "_Count") -> "_Count":
        """Return the sum of two counts."""
        first = min(self.first_at, other.first_at)
        last = max(self.last_at, other.last_at)
        return _Count(self.count + other.count, first, last)


class RefusedKeys:
    """The refusals in one process since the last write."""

    def __init__(self, clock: Clock) -> None:
        """Start without refusals."""
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: dict[str | None, _Count] = {}
        self._written_at: datetime | None = None

    def note(self, address: str | None) -> None:
        """Count a refusal."""
        now = self._clock.now()
        with self._lock:
            self._add(address, _Count(1, now, now))

    def write_if_due(self, runner: Runner) -> None:
        """Write the counts if there are any and the interval has passed."""
        now, last = self._clock.now(), self._written_at
        # If the clock was set back, do not wait longer.
        if last is None or not last <= now < last + WRITE_INTERVAL:
            self.write(runner)

    def write(self, runner: Runner) -> None:
        """Write a row for each address; keep the counts if that fails."""
        with self._lock:
            counts, self._counts = self._counts, {}
        if not counts:
            return
        written = False
        try:
            runner.run(_ACTOR, lambda unit: _write_rows(unit, counts))
            written = True
        finally:
            self._written_at = self._clock.now()
            if not written:
                self._restore(counts)

    def _restore(self, counts: dict[str | None, _Count]) -> None:
        with self._lock:
            for address, count in counts.items():
                self._add(address, count)

    def _add(self, address: str | None, count: _Count) -> None:
        if address not in self._counts and len(self._counts) >= MAX_ADDRESSES:
            address = None
        known = self._counts.get(address)
        self._counts[address] = count if known is None else known.merge(count)


def _write_rows(unit: UnitOfWork, counts: dict[str | None, _Count]) -> None:
    for address, counted in counts.items():
        fields = {
            "count": counted.count,
            "first_at": format_instant(counted.first_at),
            "last_at": format_instant(counted.last_at),
        }
        actor = replace(unit.actor, address=address)
        add_audit_row(
            unit.session, actor, unit.now, AuditedAction("refused", "key", None, None, fields)
        )
