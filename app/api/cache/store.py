"""Finished answers in memory: bounded in bytes, those that nobody asks for go first."""

from collections import OrderedDict
from collections.abc import Iterable

from app.api.cache.entry import Absent, Entry, Name
from app.api.cache.prepared_responses import PreparedResponse, PreparedResponses

# Path, canonical query, and whether the reader has a key.
Key = tuple[str, bytes, bool]
Kept = Entry | Absent
_LARGEST_SHARE = 4
# Longer ones are answered, and not kept: a key takes memory too, and nobody asks so twice.
_LONGEST_KEY = 1_500
# Bytes that a letter of a path may take, and that an entry takes for each thing that it shows.
_OF_A_LETTER, _OF_A_MARK = 4, 250


class EntryStore:
    """Entries by canonical request, and by what they show."""

    def __init__(self, limit: int) -> None:
        """Keep at most `limit` bytes; 0 keeps nothing."""
        self.ready = PreparedResponses()
        self._limit = limit
        self._weight = 0
        # In the order in which they came, or were last passed over.
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
        found[0].used = True
        return found[0]

    def put(self, key: Key, entry: Kept) -> None:
        """Keep an entry, unless it would fill the store by itself; make room for it."""
        # What finds it is kept with it: its name, and a mark for each thing that it shows.
        entry.weight += _OF_A_LETTER * len(key[0]) + len(key[1])
        entry.weight += sum(_OF_A_MARK + len(one) for one in entry.facts.hangs_on)
        weight = entry.weight
        if weight * _LARGEST_SHARE > self._limit or len(key[0]) + len(key[1]) > _LONGEST_KEY:
            return
        self.drop(key)
        self._entries[key] = (entry, weight)
        self._weight += weight
        for shown in entry.facts.hangs_on:
            self._shown.setdefault(shown, set()).add(key)
        self._make_room()

    def make_ready(self, name: Name, key: Key, ready: PreparedResponse) -> None:
        """Have an answer ready for requests of a name, as long as its entry is kept."""
        found = self._entries.get(key)
        if found is not None and found[0] is ready.entry:
            self.ready.put(name, ready)
            self.weigh(key)

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
        if isinstance(entry, Entry):
            self.ready.forget(entry)
        for shown in entry.facts.hangs_on:
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
        self.ready.clear()
        self._entries.clear()
        self._shown.clear()
        self._weight = 0

    def _make_room(self) -> None:
        """Drop the oldest that was not used since it was last passed over here.

        A use costs a mark that way, and not a change of the order.
        """
        while self._weight > self._limit and self._entries:
            key, (kept, _) = next(iter(self._entries.items()))
            if kept.used:
                kept.used = False
                self._entries.move_to_end(key)
            else:
                self.drop(key)
