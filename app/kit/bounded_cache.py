"""Caches with a limit in bytes, for data that requests can fill."""

import threading
from collections.abc import Callable, Iterator, MutableMapping
from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")

# Overhead of an entry of `functools.lru_cache`, in addition to the characters of its arguments and
# its result: the entry, a tuple, and the object headers.
_ENTRY_BYTES = 400
# The largest size of a character in memory.
_LETTER_BYTES = 4


def entries_within(limit: int, longest: int) -> int:
    """Return the `maxsize` of an `lru_cache` that uses at most `limit` bytes.

    `longest` is the largest number of characters of the arguments and the result together. The
    caller must not pass longer arguments, for example from a request.
    """
    return limit // (_ENTRY_BYTES + _LETTER_BYTES * longest)


class BoundedCache(MutableMapping[Key, Value]):
    """A cache of at most `limit` bytes in total; the oldest entries are evicted first.

    Entries are evicted in insertion order, so a lookup is the dictionary's own `get` and needs no
    lock. If an evicted entry is requested again, it is computed again.
    """

    def __init__(self, limit: int, weigh: Callable[[Key, Value], int]) -> None:
        """Create an empty cache; `weigh` estimates the size of an entry in bytes."""
        self._limit = limit
        self._weigh = weigh
        self._weight = 0
        self._entries: dict[Key, Value] = {}
        self._weights: dict[Key, int] = {}
        self._lock = threading.Lock()
        # A bound method, so that a lookup is one call. The dictionary is never replaced.
        self.get = self._entries.get  # type: ignore[method-assign]

    @property
    def weight(self) -> int:
        """Return the estimated size of all entries in bytes."""
        return self._weight

    def __getitem__(self, key: Key) -> Value:
        return self._entries[key]

    def __setitem__(self, key: Key, value: Value) -> None:
        """Store an entry, unless it alone exceeds the limit."""
        weight = self._weigh(key, value)
        with self._lock:
            if key in self._weights:
                self._drop(key)
            if weight > self._limit:
                return
            self._entries[key] = value
            self._weights[key] = weight
            self._weight += weight
            while self._weight > self._limit:
                self._drop(next(iter(self._entries)))

    def __delitem__(self, key: Key) -> None:
        with self._lock:
            self._drop(key)

    def __iter__(self) -> Iterator[Key]:
        return iter(list(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def clear(self) -> None:
        """Remove all entries."""
        with self._lock:
            self._entries.clear()
            self._weights.clear()
            self._weight = 0

    def _drop(self, key: Key) -> None:
        self._weight -= self._weights.pop(key)
        del self._entries[key]
