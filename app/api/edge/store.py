"""Finished answers in memory: bounded in bytes, the longest unused go first."""

from collections import OrderedDict
from collections.abc import Iterable

from app.api.edge.entry import Absent, Entry

# Path, canonical query, and whether the reader has a key.
Key = tuple[str, bytes, bool]
Kept = Entry | Absent
_LARGEST_SHARE = 4
# Longer ones are answered, and not kept: a key takes memory too, and nobody asks so twice.
_LONGEST_KEY = 1_500


class EntryStore:
    """Entries by canonical request, and by what they show."""

    def __init__(self, limit: int) -> None:
        """Keep at most `limit` bytes; 0 keeps nothing."""
        self._limit = limit
        self._weight = 0
        self._entries: OrderedDict[Key, tuple[Kept, int]] = OrderedDict()
        self._shown: dict[str, set[Key]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def weight(self) -> int:
        """Bytes that are kept, about."""
        return self._weight

    def get(self, key: Key) -> Kept | None:
        """Return an entry, and note that it was used."""
        found = self._entries.get(key)
        if found is None:
            return None
        self._entries.move_to_end(key)
        return found[0]

    def put(self, key: Key, entry: Kept) -> None:
        """Keep an entry, unless it would fill the store by itself; make room for it."""
        weight = entry.weight
        if weight * _LARGEST_SHARE > self._limit or len(key[0]) + len(key[1]) > _LONGEST_KEY:
            return
        self.drop(key)
        self._entries[key] = (entry, weight)
        self._weight += weight
        for shown in entry.facts.keys:
            self._shown.setdefault(shown, set()).add(key)
        self._make_room()

    def weigh(self, key: Key) -> None:
        """Weigh an entry again: it may have been coded in one more way."""
        found = self._entries.get(key)
        if found is None:
            return
        entry, before = found
        now = entry.weight
        if now != before:
            self._entries[key] = (entry, now)
            self._weight += now - before
            self._make_room()

    def drop(self, key: Key) -> None:
        """Forget an entry."""
        found = self._entries.pop(key, None)
        if found is None:
            return
        entry, weight = found
        self._weight -= weight
        for shown in entry.facts.keys:
            keys = self._shown.get(shown)
            if keys is not None:
                keys.discard(key)
                if not keys:
                    del self._shown[shown]

    def drop_showing(self, shown: Iterable[str]) -> None:
        """Forget every entry that shows one of these."""
        for one in shown:
            for key in list(self._shown.get(one, ())):
                self.drop(key)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._shown.clear()
        self._weight = 0

    def _make_room(self) -> None:
        while self._weight > self._limit and self._entries:
            self.drop(next(iter(self._entries)))
