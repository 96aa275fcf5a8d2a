"""Finished answers in memory: in each coding, and prepared for each kind of request.

They are bounded in bytes; those that nobody asks for go first.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from app.api.cache.encoding import LEAST_BYTES, Coding, encoded
from app.api.cache.request import REQUEST_ID, Key, Name
from app.api.http.answer import AnswerMetadata, Headers, PublicAnswer, entity_tag, http_date
from app.api.http.asgi import Message, Scope
from app.api.http.errors import NotFoundOrGone
from app.api.http.problems import PROBLEMS
from app.api.ops.metrics import Tally
from app.server.interface import WHOLE
from app.server.response_head import encode_headers

Messages = tuple[Message, ...]
# What an entry weighs beside its bodies, and what each of its codings adds: headers, tags, the
# cells of lists and dictionaries.
_OVERHEAD = 2_000
_OF_A_CODING = 1_000
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


@dataclass(slots=True)
class Absent:
    """There is nothing to see: a 404 or 410, made anew for each reader, whose request it names."""

    metadata: AnswerMetadata
    route: str
    failure: NotFoundOrGone
    used: bool = False
    weight: int = _OVERHEAD
    """Bytes that it keeps in memory, about."""

    @property
    def status(self) -> int:
        """Return how it is answered."""
        return PROBLEMS[self.failure.code].status


@dataclass(frozen=True, slots=True)
class Variant:
    """An answer in one coding: `shared` are the headers that a 304 has as well."""

    tag: str
    shared: Headers
    headers: Headers
    body: bytes


@dataclass(slots=True)
class Entry:
    """An answer with its facts; variants are made when they are first asked for.

    `weight` is how many bytes it keeps in memory, about; `names` are the kinds of requests for
    which a response was prepared of it, with what each of these weighs; `used` is set when it is
    sent.
    """

    status: int
    headers: Headers
    body: bytes
    metadata: AnswerMetadata
    route: str
    modified: bytes
    weight: int
    variants: dict[Coding, Variant] = field(default_factory=dict)
    names: dict[Name, int] = field(default_factory=dict)
    used: bool = False

    @classmethod
    def of(cls, answer: PublicAnswer, route: str) -> "Entry":
        """Keep an answer of a route."""
        headers, body, metadata = answer.headers, answer.body, answer.metadata
        modified = http_date(metadata.changed_at).encode() if metadata.changed_at else b""
        weight = _OVERHEAD + len(body) + sum(map(len, chain(*headers)))
        return cls(answer.status, headers, body, metadata, route, modified, weight)

    def variant(self, coding: Coding) -> Variant:
        """Return the answer in a coding; small ones are not worth one."""
        if len(self.body) < LEAST_BYTES:
            coding = "identity"
        known = self.variants.get(coding)
        if known is not None:
            return known
        body = self.body if coding == "identity" else encoded(self.body, coding)
        tag, shared = entity_tag(body), self.headers
        if self.status == 200:
            shared = [*shared, (b"etag", tag.encode())]
        headers = [*shared, (b"content-length", b"%d" % len(body))]
        if coding != "identity":
            headers.append((b"content-encoding", coding.encode()))
            self.weight += len(body)
        self.weight += _OF_A_CODING
        self.variants[coding] = made = Variant(tag, shared, headers, body)
        return made


Kept = Entry | Absent


@dataclass(slots=True)
class PreparedResponse:
    """A response to one kind of request, whole but for the request's id.

    It holds until `until`, when time changes the answer or something that its headers say. `lines`
    are its headers, once a server has asked for them.
    """

    status: int
    headers: Headers
    body: bytes
    until: datetime | None
    entry: Entry
    tally: Tally
    lines: bytes = b""

    def messages(self, scope: Scope, id_: str) -> Messages:
        """Return the messages that answer a request under its id: one, if the server takes it."""
        if WHOLE in scope.get("extensions", ()):
            return (self.whole(id_),)
        return parted(self.status, [*self.headers, (REQUEST_ID, id_.encode())], self.body)

    def whole(self, id_: str) -> Message:
        """Return the response under an id in one message."""
        if not self.lines:
            self.lines = encode_headers(self.headers)
        head = b"%b%b: %b\r\n" % (self.lines, REQUEST_ID, id_.encode())
        return {"type": WHOLE, "status": self.status, "head": head, "body": self.body}


def parted(status: int, headers: Headers, body: bytes) -> Messages:
    """Return a response in the two messages of ASGI."""
    start = {"type": "http.response.start", "status": status, "headers": headers}
    return start, {"type": "http.response.body", "body": body}


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
        kept, until = found[0], found[0].metadata.valid_until
        kept.used = True
        return None if until is not None and until <= now else kept

    def put(self, key: Key, entry: Kept) -> None:
        """Keep an entry, unless it would fill the store by itself; make room for it."""
        # What finds it is kept with it: its name, and a mark for each thing that it shows.
        shown = entry.metadata.dependencies
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
        for shown in entry.metadata.dependencies:
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
