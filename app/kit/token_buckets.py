"""Token buckets in memory, for rate limits by client."""

import math
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime

# Maximal number of buckets; the least recently used is removed first.
_MAX_BUCKETS = 10_000


class TokenBuckets:
    """A bucket for each key: full at first, refilled at a constant rate. Not thread-safe."""

    def __init__(
        self,
        size: int,
        per_second: float,
        now: Callable[[], datetime],
        max_buckets: int = _MAX_BUCKETS,
    ) -> None:
        """Hold `size` tokens in each of at most `max_buckets` buckets."""
        self._size = size
        self._per_second = per_second
        self._now = now
        self._max_buckets = max_buckets
        self._buckets: OrderedDict[str, tuple[float, datetime]] = OrderedDict()

    def __len__(self) -> int:
        """Return the number of buckets."""
        return len(self._buckets)

    def take(self, key: str) -> int:
        """Take a token and return 0, or return the whole seconds until one is available."""
        now = self._now()
        tokens, since = self._buckets.pop(key, (float(self._size), now))
        # If the clock was set back, no tokens are lost.
        passed = max(0.0, (now - since).total_seconds())
        tokens = min(self._size, tokens + passed * self._per_second)
        wait = 0 if tokens >= 1 else max(1, math.ceil((1 - tokens) / self._per_second))
        self._buckets[key] = (tokens if wait else tokens - 1, now)
        if len(self._buckets) > self._max_buckets:
            self._buckets.popitem(last=False)
        return wait
