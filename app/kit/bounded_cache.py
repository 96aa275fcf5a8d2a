"""Caches with a bound in bytes, for whatever requests can fill."""

import threading
from collections.abc import Callable, Iterator, MutableMapping
from typing import TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")

# What `functools.lru_cache` takes for one entry in addition to the letters of its arguments and
# its result: the entry, a tuple, and the objects' own heads.
_ENTRY_BYTES = 400
# Letters beyond Latin take so many bytes each.
_LETTER_BYTES = 4


def entries_within(limit: int, longest: int) -> int:
    """Return the `maxsize` of an `lru_cache` that takes at most `limit` bytes.

    `longest` is the number of letters of the longest arguments and result together. Callers make
    sure of that: where arguments come from a request, they do not ask with longer ones.
    """
    return limit // (_ENTRY_BYTES + _LETTER_BYTES * longest)


class BoundedCache(MutableMapping[Key, Value]):
    """Values by key, of at most `limit` bytes together; the oldest go first.

    The order is the one in which entries came: looking one up is a dictionary's own `get` then,
    and takes no lock. An entry that is still asked for when it goes is made once more.
    """

    def __init__(self, limit: int, weigh: Callable[[Key, Value], int]) -> None:
        """Be empty; `weigh` returns how many bytes an entry takes, about."""
        self._limit = limit
        self._weigh = weigh
        self._weight = 0
        self._entries: dict[Key, Value] = {}
        self._weights: dict[Key, int] = {}
        self._changing = threading.Lock()
        # Of the dictionary, which is never replaced.
        self.get = self._entries.get  # type: ignore[method-assign]

    @property
    def weight(self) -> int:
        """Return the bytes that its entries take, about."""
        return self._weight

    def __getitem__(self, key: Key) -> Value:
        return self._entries[key]

    def __setitem__(self, key: Key, value: Value) -> None:
        """Keep an entry, unless it alone is heavier than all may be."""
        weight = self._weigh(key, value)
        with self._changing:
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
        with self._changing:
            self._drop(key)

    def __iter__(self) -> Iterator[Key]:
        return iter(list(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def clear(self) -> None:
        """Forget everything."""
        with self._changing:
            self._entries.clear()
            self._weights.clear()
            self._weight = 0

    def _drop(self, key: Key) -> None:
        self._weight -= self._weights.pop(key)
        del self._entries[key]
