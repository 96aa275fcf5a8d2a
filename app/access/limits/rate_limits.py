"""The limits of keys and partners: requests a minute, and their cost, counted in memory.

Several processes share each limit. Each of them counts in memory, and reports its use to the
database in the background (`limit_reports.py`). If there are other processes, it refuses requests
when its unreported use reaches a lease, which is a part of the limit. So a request never waits for
the database.

A key with a large limit reserves a small part of it at a time, because counting each request
separately would take much of the time of a cached answer.
"""

import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from app.access.caller import Caller
from app.access.limits.meter import LimitReached, Meter, Pool, open_meters, take
from app.access.limits.partner_limits import PartnerLimits
from app.kit.clock import Clock

# The part of a limit that a process may use before it reports.
LEASE_SHARE = 0.05
# The part of a limit that a key reserves at a time. Limits up to 1,200 count each request.
_RESERVE = 1 / 600
# Seconds that a report may take until the database counts as away.
_PATIENCE = 1.0


class Use(NamedTuple):
    """The use of the limit of a key, a feed token, a person or a partner."""

    limit: int
    requests: float
    cost: float


@dataclass(slots=True, eq=False)
class Admission:
    """The meters that have counted a request; HTTP keeps its fields about them in `fields`."""

    meters: Sequence[Meter]
    fields: Any = None


UNLIMITED = Admission(())


@dataclass(slots=True)
class _Account:
    """The meters of a key, feed token or person: its own, and those of its partner.

    `reserved` requests are counted already, and may be sent until `epoch` ends.
    """

    limits: PartnerLimits
    ids: tuple[str, ...]
    meters: tuple[Meter, ...]
    admission: Admission = UNLIMITED
    reserved: int = 0
    epoch: int = -1


def _name_holder(caller: Caller) -> str:
    if caller.key_id is not None:
        return "This key"
    return "This feed token" if caller.feed_token_id is not None else "This person"


class RateLimits:
    """Counts the requests of keys, feed tokens, people and partners in one process.

    One lock protects all meters: requests use them on the event loop, and reports in a thread.
    """

    def __init__(self, clock: Clock, key_limit: int | None) -> None:
        """Allow each key `key_limit` requests a minute; 0 is no limit, None no limits at all."""
        self._clock = clock
        self._key_limit = key_limit
        self._lock = threading.Lock()
        self._accounts: dict[str, _Account] = {}
        self._meters: dict[str, tuple[Meter, Meter]] = {}
        self._pool = Pool()
        self._is_shared = False
        # The last known number of processes that share the limits.
        self._processes = 1
        # When a report was requested; None after the report.
        self._asked_at: float | None = None
        # A reservation ends with its epoch.
        self._epoch = 0
        self.report_due = threading.Event()

    def __len__(self) -> int:
        """Return the number of keys, tokens and people that are counted."""
        return len(self._accounts)

    def admit(self, caller: Caller, cost: int = 1) -> Admission:
        """Count a request of a caller; raise `LimitReached`. Only the event loop calls it."""
        id_ = caller.key_id or caller.feed_token_id or caller.person_id or ""
        account = self._accounts.get(id_)
        if (
            account is not None
            and account.reserved
            and cost == 1
            and account.epoch == self._epoch
            and account.limits is caller.limits
        ):
            account.reserved -= 1
            return account.admission
        if not id_ or self._key_limit is None:
            return UNLIMITED
        now = self._clock.now().timestamp()
        with self._lock:
            account = self._find_account(id_, caller, now)
            try:
                take(account.meters, now, cost, self._pool)
            except LimitReached:
                if not self._is_report_late(now):
                    raise
                self._detach()
                take(account.meters, now, cost, self._pool)
            self._reserve(account)
            if self._pool.lease < 1 and self._asked_at is None:
                self._ask_for_report(account.meters, now)
        return account.admission

    def end_epoch(self) -> None:
        """Release what is reserved and not used."""
        self._epoch += 1

    def share(self) -> None:
        """Share the limits with other processes, and collect the use for reports."""
        self._is_shared = True

    def collect_use(self) -> dict[str, Use]:
        """Return the unreported use, by the id of a key, token, person or partner."""
        with self._lock:
            self.report_due.clear()
            now = self._clock.now().timestamp()
            used: dict[str, Use] = {}
            for id_, pair in self._meters.items():
                if pair[0].unreported or pair[1].unreported:
                    if self._pool.share < 1:
                        # While the database was away, this process used only its share.
                        for meter in pair:
                            meter.unreported = min(meter.unreported, meter.find_use(now))
                    requests, cost = pair
                    used[id_] = Use(requests.limit, requests.unreported, cost.unreported)
            self._asked_at = now if used else None
            return used

    def apply_report(
        self, reported: Mapping[str, Use], totals: Mapping[str, Use], processes: int
    ) -> None:
        """Set the use to that of all processes, after a report."""
        now = self._clock.now().timestamp()
        with self._lock:
            self._asked_at, self._processes = None, processes
            self._scale(1.0, LEASE_SHARE if processes > 1 else math.inf)
            for id_, total in totals.items():
                for meter, own, used in zip(
                    self._meters.get(id_, ()), reported[id_][1:], total[1:], strict=False
                ):
                    meter.unreported = max(0.0, meter.unreported - own)
                    meter.used, meter.at = used + meter.unreported, now

    def detach(self) -> None:
        """Use only the share of this process, because the database is away."""
        with self._lock:
            self._detach()

    def forget_idle(self) -> None:
        """Forget keys whose limits are unused again."""
        now = self._clock.now().timestamp()
        with self._lock:
            in_use = {
                id_: account
                for id_, account in self._accounts.items()
                if any(self._is_in_use(meter, now) for meter in account.meters)
            }
            ids = {id_ for account in in_use.values() for id_ in account.ids}
            self._accounts = in_use
            self._meters = {id_: self._meters[id_] for id_ in ids}

    def _is_in_use(self, meter: Meter, now: float) -> bool:
        return meter.find_use(now) > 0 or (self._is_shared and meter.unreported > 0)

    def _find_account(self, id_: str, caller: Caller, now: float) -> _Account:
        """Return the account of a caller, with nothing reserved, and the current limits."""
        account = self._accounts.get(id_)
        if account is not None and account.reserved:
            for meter in account.meters:
                meter.used = max(0.0, meter.used - account.reserved)
                meter.unreported -= account.reserved
            account.reserved = 0
        if account is None or account.limits != caller.limits:
            account = self._open_account(id_, caller, now)
        account.limits = caller.limits
        return account

    def _reserve(self, account: _Account) -> None:
        """Count some more requests in advance, unless a limit is almost reached."""
        account.admission, account.epoch = Admission(account.meters), self._epoch
        most = min((meter.capacity for meter in account.meters), default=0.0)
        number = int(most * _RESERVE)
        if number > 1 and all(
            meter.used + number <= meter.capacity
            and meter.unreported + number <= meter.limit * self._pool.lease
            for meter in account.meters
        ):
            for meter in account.meters:
                meter.used += number
                meter.unreported += number
            account.reserved = number

    def _open_account(self, id_: str, caller: Caller, now: float) -> _Account:
        """Open the meters of a caller, or change their limits."""
        of_partner = caller.limits.requests_per_minute
        meters: dict[str, tuple[Meter, Meter]] = {}
        if self._key_limit:
            # A single key may use all that the agreement of its partner allows.
            limit = max(self._key_limit, of_partner or 0)
            owner = _name_holder(caller)
            meters[id_] = self._open_meters(id_, owner, limit, now)
        if of_partner is not None and caller.partner_id is not None:
            owner = "All keys of this partner together"
            meters[caller.partner_id] = self._open_meters(caller.partner_id, owner, of_partner, now)
        flat = tuple(meter for pair in meters.values() for meter in pair)
        account = self._accounts[id_] = _Account(caller.limits, tuple(meters), flat)
        return account

    def _open_meters(self, id_: str, owner: str, limit: int, now: float) -> tuple[Meter, Meter]:
        new = open_meters(owner, limit, now)
        known = self._meters.setdefault(id_, new)
        for meter, wanted in zip(known, new, strict=True):
            meter.limit = wanted.limit
        return known

    def _ask_for_report(self, meters: Sequence[Meter], now: float) -> None:
        """Ask for a report if half of a lease is used."""
        for meter in meters:
            if meter.unreported * 2 >= meter.limit * LEASE_SHARE:
                self._asked_at = now
                self.report_due.set()
                return

    def _is_report_late(self, now: float) -> bool:
        is_leased = self._pool.lease < 1
        return is_leased and self._asked_at is not None and now - self._asked_at >= _PATIENCE

    def _detach(self) -> None:
        self._scale(1 / self._processes, math.inf)

    def _scale(self, share: float, lease: float) -> None:
        """Change the share of this process, and its use in proportion."""
        factor = share / self._pool.share
        if factor != 1:
            for pair in self._meters.values():
                for meter in pair:
                    meter.used *= factor
        self._pool.share, self._pool.lease = share, lease
        self._epoch += 1
