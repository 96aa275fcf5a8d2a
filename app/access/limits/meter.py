"""Meters: token buckets for requests and for their cost.

A meter counts the use of a limit. The use decreases at the rate of the limit. So a meter without
use is a full token bucket: the limit of a whole minute may be used in one burst.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from app.kit.errors import RateLimited

Quantity = Literal["requests", "cost"]
WINDOW = 60
# The limit of the cost, for each request that the limit of requests allows.
COST_PER_REQUEST = 2
# Instants are rounded, so a use of zero can appear as almost a thousandth of a request.
_NOTHING = 1e-3


@dataclass(slots=True)
class Pool:
    """How this process shares limits with others.

    `share` is the part of each limit that this process has: all of it, unless the database is away.
    `lease` is the part of each limit that it may use before it reports to the database.
    """

    share: float = 1.0
    lease: float = math.inf


@dataclass(slots=True)
class Meter:
    """The use of a limit for each minute; `owner` is what is limited, as in "this key".

    `used` was current at the time `at`, in seconds. `unreported` is the use since the last
    report to the database. `capacity` is the part of the limit that this process may use.
    """

    quantity: Quantity
    owner: str
    limit: int
    at: float
    used: float = 0.0
    unreported: float = 0.0
    capacity: float = field(init=False)

    def __post_init__(self) -> None:
        self.capacity = self.limit

    def find_use(self, now: float) -> float:
        """Return the use at an instant."""
        return max(0.0, self.used - max(0.0, now - self.at) * self.capacity / WINDOW)


class LimitReached(RateLimited):
    """A request exceeds the limit of a meter; `meters` are all that count it."""

    def __init__(self, refusing: Meter, meters: Sequence[Meter], seconds: float) -> None:
        """Say which limit it is, and after how many seconds to try again."""
        limit, quantity = f"{refusing.limit:,}", refusing.quantity
        what = f"{limit} requests" if quantity == "requests" else f"requests that cost {limit}"
        super().__init__(
            f"{refusing.owner} may send {what} in a minute. Try again after the seconds in "
            "Retry-After.",
            max(1, math.ceil(seconds)),
        )
        self.refusing = refusing
        self.meters = meters


def open_meters(owner: str, requests: int, now: float) -> tuple[Meter, Meter]:
    """Return meters for a limit of requests, and for their cost."""
    cost = requests * COST_PER_REQUEST
    return Meter("requests", owner, requests, now), Meter("cost", owner, cost, now)


def take(meters: Sequence[Meter], now: float, cost: int, pool: Pool) -> None:
    """Count a request, or raise `LimitReached`; a refused request is not counted.

    A request that costs more than the whole limit is allowed if nothing is used.
    """
    refusing, longest = None, 0.0
    share, lease = pool.share, pool.lease
    for meter in meters:
        amount = 1 if meter.quantity == "requests" else cost
        meter.capacity = capacity = meter.limit * share
        used = meter.used
        # If the clock was set back, the use does not change.
        if now > meter.at:
            used -= (now - meter.at) * capacity / WINDOW
            used = meter.used = max(0.0, used)
        meter.at = now
        missing = used + min(amount, capacity) - capacity
        if missing > _NOTHING:
            seconds = missing * WINDOW / capacity
        elif meter.unreported and meter.unreported + amount > meter.limit * lease:
            seconds = 1.0
        else:
            continue
        if seconds > longest:
            refusing, longest = meter, seconds
    if refusing is not None:
        raise LimitReached(refusing, meters, longest)
    for meter in meters:
        amount = 1 if meter.quantity == "requests" else cost
        meter.used += amount
        meter.unreported += amount
