"""Token buckets in memory: how often each of many clients may do something."""

import math
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime

# Buckets that are remembered; the one that was used longest ago is forgotten first.
_MOST = 10_000


class TokenBuckets:
    """One bucket for each key, full at first, and filled again at a steady rate. For one thread."""

    def __init__(
        self, size: int, per_second: float, now: Callable[[], datetime], most: int = _MOST
    ) -> None:
        """Hold `size` tokens in each of at most `most` buckets."""
        self._size = size
        self._per_second = per_second
        self._now = now
        self._most = most
        self._buckets: OrderedDict[str, tuple[float, datetime]] = OrderedDict()

    def __len__(self) -> int:
        """Return how many buckets are remembered."""
        return len(self._buckets)

    def take(self, key: str) -> int:
        """Take a token and return 0, or return the whole seconds until there is one."""
        now = self._now()
        tokens, since = self._buckets.pop(key, (float(self._size), now))
        # A clock that was put back takes nothing away.
        passed = max(0.0, (now - since).total_seconds())
        tokens = min(self._size, tokens + passed * self._per_second)
        wait = 0 if tokens >= 1 else max(1, math.ceil((1 - tokens) / self._per_second))
        self._buckets[key] = (tokens if wait else tokens - 1, now)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return wait
