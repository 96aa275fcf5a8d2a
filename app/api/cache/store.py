"""Finished answers in memory: bounded in bytes, those that nobody asks for go first."""

from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime
from itertools import chain

from app.api.cache.entry import Entry, Kept, PreparedResponse
from app.api.cache.request import Key, Name

_LARGEST_SHARE = 4
# Longer ones are answered, and not kept: a key takes memory too, and nobody asks so twice.
_LONGEST_KEY = 1_500
# Bytes that a letter of a path may take, and that an entry takes for each thing that it shows.
_OF_A_LETTER, _OF_A_MARK = 4, 250
_MOST_NAMES = 10_000
_MOST_OF_AN_ENTRY = 50
# What a prepared response weighs in addition to its name and the lines of its headers: its own
# headers, and where it is found.
_OF_A_NAME = 1_200
# A request of such length is answered, and not remembered: names take memory too.
_LONGEST_NAME = 1_500


class EntryStore:
    """Entries by canonical request and by what they show, with the responses prepared of them.

    `prepared` has those by the name of a request; they go when their entry goes.
    """

    def __init__(self, limit: int) -> None:
        """Keep at most `limit` bytes; 0 keeps nothing."""
        self.prepared: dict[Name, PreparedResponse] = {}
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

    def get(self, key: Key, now: datetime) -> Kept | None:
        """Return an entry that time has not changed, and note that it was used."""
        found = self._entries.get(key)
        if found is None:
            return None
        kept, until = found[0], found[0].facts.until
        kept.used = True
        return None if until is not None and until <= now else kept

    def put(self, key: Key, entry: Kept) -> None:
        """Keep an entry, unless it would fill the store by itself; make room for it."""
        # What finds it is kept with it: its name, and a mark for each thing that it shows.
        shown = entry.facts.dependencies
        entry.weight += _OF_A_LETTER * len(key[0]) + len(key[1])
        entry.weight += _OF_A_MARK * len(shown) + sum(map(len, shown))
        weight = entry.weight
        if weight * _LARGEST_SHARE > self._limit or len(key[0]) + len(key[1]) > _LONGEST_KEY:
            return
        if key in self._entries:
            self.drop(key)
        self._entries[key] = (entry, weight)
        self._weight += weight
        for mark in shown:
            self._shown.setdefault(mark, set()).add(key)
        if self._weight > self._limit:
            self._make_room()

    def prepare(self, name: Name, key: Key, response: PreparedResponse) -> None:
        """Have a response for all requests of a name, as long as its entry is kept."""
        entry = response.entry
        found = self._entries.get(key)
        if found is None or found[0] is not entry or len(name) > _LONGEST_NAME:
            return
        if len(self.prepared) >= _MOST_NAMES:
            self.clear_prepared()
        if len(entry.names) >= _MOST_OF_AN_ENTRY:
            self._forget(entry)
        self.prepared[name] = response
        if name not in entry.names:
            weight = _OF_A_NAME + len(name) + sum(map(len, chain(*response.headers)))
            entry.names[name] = weight
            entry.weight += weight
            self.weigh(key)

    def clear_prepared(self) -> None:
        """Forget every prepared response."""
        for response in self.prepared.values():
            _lighten(response.entry)
        self.prepared.clear()

    def _forget(self, entry: Entry) -> None:
        for name in entry.names:
            self.prepared.pop(name, None)
        _lighten(entry)

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
            if self._weight > self._limit:
                self._make_room()

    def drop(self, key: Key) -> None:
        """Forget an entry."""
        found = self._entries.pop(key, None)
        if found is None:
            return
        entry, weight = found
        self._weight -= weight
        if isinstance(entry, Entry):
            self._forget(entry)
        for shown in entry.facts.dependencies:
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
        self.clear_prepared()
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


def _lighten(entry: Entry) -> None:
    entry.weight -= sum(entry.names.values())
    entry.names.clear()
