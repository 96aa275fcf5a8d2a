"""Limits for each client address, in memory only, so a request without a valid key writes nothing.

There is one for requests without a key, if a setting says so, and one for refused keys. The second
is separate: it never refuses a valid key of the same address.
"""

from collections import OrderedDict

from app.access.limits.meter import Meter, Pool, open_meters, take
from app.access.limits.rate_limits import UNLIMITED, Admission
from app.kit.clock import Clock

# The addresses that are counted; the least recently used one is forgotten first.
MOST_ADDRESSES = 100_000
_ALONE = Pool()


class AddressLimit:
    """A limit for each client address. Not thread-safe."""

    def __init__(self, clock: Clock, owner: str, limit: int, most: int = MOST_ADDRESSES) -> None:
        """Allow `limit` requests a minute; 0 allows any number. `owner` is in messages."""
        self._clock = clock
        self._owner = owner
        self._limit = limit
        self._most = most
        self._meters: OrderedDict[str, tuple[Meter, Meter]] = OrderedDict()

    def __len__(self) -> int:
        """Return the number of addresses that are counted."""
        return len(self._meters)

    @property
    def is_on(self) -> bool:
        """Tell whether there is a limit."""
        return self._limit > 0

    def admit(self, address: str, cost: int = 1) -> Admission:
        """Count a request from an address; raise `LimitReached`."""
        if not self._limit:
            return UNLIMITED
        now = self._clock.now().timestamp()
        meters = self._meters.pop(address, None) or open_meters(self._owner, self._limit, now)
        self._meters[address] = meters
        if len(self._meters) > self._most:
            self._meters.popitem(last=False)
        take(meters, now, cost, _ALONE)
        return Admission(meters)
