"""The entries of the cache: answers in each content coding, and prepared responses.

Their size in bytes is bounded; unused entries are dropped first.
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from app.access.caller import Caller
from app.api.cache.encoding import LEAST_BYTES, Coding, encode
from app.api.cache.request import REQUEST_ID, CacheKey, Fingerprint
from app.api.http.answer import AnswerMetadata, Headers, PublicAnswer, entity_tag, http_date
from app.api.http.asgi import Message, Scope
from app.api.http.errors import NotFoundOrGone
from app.api.http.problems import PROBLEMS
from app.api.http.rate_limit_headers import LimitFields
from app.api.monitoring.metrics import Tally
from app.partners.usage import CountedAnswer
from app.server.interface import WHOLE
from app.server.response_head import encode_headers

Messages = tuple[Message, ...]
# Bytes of memory that an entry takes in addition to its bodies, and that each variant adds:
# headers, entity tags, lists and dictionaries.
_OVERHEAD = 2_000
_VARIANT_OVERHEAD = 1_000
_LARGEST_SHARE = 4
# A request with a longer key is not cached, since keys take memory and it hardly comes again.
_MAX_KEY_BYTES = 1_500
# Bytes that a character of a path may take, and that an entry takes for each dependency.
_BYTES_PER_CHARACTER, _BYTES_PER_DEPENDENCY = 4, 250
# Bytes that a story in `AnswerMetadata.sent` takes.
_BYTES_PER_STORY = 200
_MAX_PREPARED = 10_000
_MAX_PREPARED_PER_ENTRY = 50
# Bytes that a prepared response takes in addition to its fingerprint and its encoded headers.
_PREPARED_OVERHEAD = 1_200
# No response is prepared for a longer request, since fingerprints take memory.
_MAX_FINGERPRINT_BYTES = 1_500


@dataclass(slots=True)
class CachedAbsence:
    """A cached 404 or 410; its problem document is built for each request, whose id it has."""

    metadata: AnswerMetadata
    route: str
    failure: NotFoundOrGone
    used: bool = False
    weight: int = _OVERHEAD
    """About how many bytes of memory it takes."""

    @property
    def status(self) -> int:
        """Return the status of the response."""
        return PROBLEMS[self.failure.code].status


@dataclass(frozen=True, slots=True)
class Variant:
    """An answer in one content coding; `shared` are the headers that a 304 has, too."""

    tag: str
    shared: Headers
    headers: Headers
    body: bytes


@dataclass(slots=True)
class CacheEntry:
    """A cached answer with its metadata; a variant is encoded when it is first requested.

    `weight` is about how many bytes of memory it takes. `fingerprints` are those of its prepared
    responses, with the weight of each. `used` is set when it is sent.
    """

    status: int
    headers: Headers
    body: bytes
    metadata: AnswerMetadata
    route: str
    modified: bytes
    weight: int
    variants: dict[Coding, Variant] = field(default_factory=dict)
    fingerprints: dict[Fingerprint, int] = field(default_factory=dict)
    used: bool = False

    @classmethod
    def from_answer(cls, answer: PublicAnswer, route: str) -> "CacheEntry":
        """Build an entry from an answer of a route."""
        headers, body, metadata = answer.headers, answer.body, answer.metadata
        modified = http_date(metadata.changed_at).encode() if metadata.changed_at else b""
        weight = _OVERHEAD + len(body) + sum(map(len, chain(*headers)))
        weight += _BYTES_PER_STORY * len(metadata.sent)
        return cls(answer.status, headers, body, metadata, route, modified, weight)

    def variant(self, coding: Coding) -> Variant:
        """Return the answer in a coding; a small body is not compressed."""
        if len(self.body) < LEAST_BYTES:
            coding = "identity"
        variant = self.variants.get(coding)
        if variant is not None:
            return variant
        body = self.body if coding == "identity" else encode(self.body, coding)
        tag, shared = entity_tag(body), self.headers
        if self.status == 200:
            shared = [*shared, (b"etag", tag.encode())]
        headers = [*shared, (b"content-length", b"%d" % len(body))]
        if coding != "identity":
            headers.append((b"content-encoding", coding.encode()))
            self.weight += len(body)
        self.weight += _VARIANT_OVERHEAD
        self.variants[coding] = variant = Variant(tag, shared, headers, body)
        return variant


CachedAnswer = CacheEntry | CachedAbsence


@dataclass(slots=True)
class PreparedResponse:
    """A complete response to requests with one fingerprint, except for the request id.

    It is valid until `until`, when time changes the answer or one of its headers. With a `caller`
    it is for this caller alone, whose key must still be valid, and `counted` is its last answer.
    `lines` are the encoded headers, once they were needed.
    """

    status: int
    headers: Headers
    body: bytes
    until: datetime | None
    entry: CacheEntry
    tally: Tally
    caller: Caller | None = None
    counted: CountedAnswer | None = None
    lines: bytes = b""

    def messages(self, scope: Scope, id_: str, limits: LimitFields) -> Messages:
        """Return the ASGI messages for a request id, with fields about the limits of its caller.

        It is one message if the server supports it.
        """
        if WHOLE in scope.get("extensions", ()):
            return (self.whole(id_, limits),)
        headers = [*self.headers, *limits.headers, (REQUEST_ID, id_.encode())]
        return split_message(self.status, headers, self.body)

    def whole(self, id_: str, limits: LimitFields) -> Message:
        """Return the response for a request id in one message."""
        if not self.lines:
            self.lines = encode_headers(self.headers)
        head = b"%b%b%b: %b\r\n" % (self.lines, limits.lines, REQUEST_ID, id_.encode())
        return {"type": WHOLE, "status": self.status, "head": head, "body": self.body}


def split_message(status: int, headers: Headers, body: bytes) -> Messages:
    """Return a response as the two messages of standard ASGI."""
    start = {"type": "http.response.start", "status": status, "headers": headers}
    return start, {"type": "http.response.body", "body": body}


class EntryStore:
    """Entries by canonical request and by dependency, with their prepared responses.

    `prepared` has responses by the fingerprint of a request; they are dropped with their entry.
    """

    def __init__(self, limit: int) -> None:
        """Store at most `limit` bytes; 0 stores nothing."""
        self.prepared: dict[Fingerprint, PreparedResponse] = {}
        self._limit = limit
        self._weight = 0
        # The order is that of insertion, or of the last second chance (see `_make_room`).
        self._entries: OrderedDict[CacheKey, tuple[CachedAnswer, int]] = OrderedDict()
        self._keys_by_dependency: dict[str, set[CacheKey]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def weight(self) -> int:
        """About how many bytes of memory all entries take."""
        return self._weight

    def get(self, key: CacheKey, now: datetime) -> CachedAnswer | None:
        """Return an entry that has not expired, and mark it as used."""
        found = self._entries.get(key)
        if found is None:
            return None
        cached, until = found[0], found[0].metadata.valid_until
        cached.used = True
        return None if until is not None and until <= now else cached

    def put(self, key: CacheKey, entry: CachedAnswer) -> None:
        """Store an entry, and make room for it; one that is too large is not stored."""
        # The key and the index by dependency take memory, too.
        dependencies = entry.metadata.dependencies
        entry.weight += _BYTES_PER_CHARACTER * len(key[0]) + len(key[1])
        entry.weight += _BYTES_PER_DEPENDENCY * len(dependencies) + sum(map(len, dependencies))
        weight = entry.weight
        if weight * _LARGEST_SHARE > self._limit or len(key[0]) + len(key[1]) > _MAX_KEY_BYTES:
            return
        if key in self._entries:
            self.drop(key)
        self._entries[key] = (entry, weight)
        self._weight += weight
        for dependency in dependencies:
            self._keys_by_dependency.setdefault(dependency, set()).add(key)
        if self._weight > self._limit:
            self._make_room()

    def prepare(self, fingerprint: Fingerprint, key: CacheKey, response: PreparedResponse) -> None:
        """Store the response for a fingerprint, as long as its entry is stored."""
        entry = response.entry
        found = self._entries.get(key)
        if found is None or found[0] is not entry or len(fingerprint) > _MAX_FINGERPRINT_BYTES:
            return
        if len(self.prepared) >= _MAX_PREPARED:
            self.clear_prepared()
        if len(entry.fingerprints) >= _MAX_PREPARED_PER_ENTRY:
            self._drop_prepared(entry)
        self.prepared[fingerprint] = response
        if fingerprint not in entry.fingerprints:
            weight = _PREPARED_OVERHEAD + len(fingerprint) + sum(map(len, chain(*response.headers)))
            entry.fingerprints[fingerprint] = weight
            entry.weight += weight
            self.weigh(key)

    def clear_prepared(self) -> None:
        """Drop every prepared response."""
        for response in self.prepared.values():
            _discount_prepared(response.entry)
        self.prepared.clear()

    def _drop_prepared(self, entry: CacheEntry) -> None:
        for fingerprint in entry.fingerprints:
            self.prepared.pop(fingerprint, None)
        _discount_prepared(entry)

    def weigh(self, key: CacheKey) -> None:
        """Update the weight of an entry, which another variant may have changed."""
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

    def drop(self, key: CacheKey) -> None:
        """Drop an entry."""
        found = self._entries.pop(key, None)
        if found is None:
            return
        entry, weight = found
        self._weight -= weight
        if isinstance(entry, CacheEntry):
            self._drop_prepared(entry)
        for dependency in entry.metadata.dependencies:
            keys = self._keys_by_dependency.get(dependency)
            if keys is not None:
                keys.discard(key)
                if not keys:
                    del self._keys_by_dependency[dependency]

    def drop_dependents(self, dependencies: Iterable[str]) -> None:
        """Drop every entry that has one of these dependencies."""
        for dependency in dependencies:
            for key in list(self._keys_by_dependency.get(dependency, ())):
                self.drop(key)

    def clear(self) -> None:
        """Drop everything."""
        self.clear_prepared()
        self._entries.clear()
        self._keys_by_dependency.clear()
        self._weight = 0

    def _make_room(self) -> None:
        """Drop the oldest entries that were not used (second-chance eviction).

        A hit sets a flag, which is cheaper than moving the entry as LRU does.
        """
        while self._weight > self._limit and self._entries:
            key, (cached, _) = next(iter(self._entries.items()))
            if cached.used:
                cached.used = False
                self._entries.move_to_end(key)
            else:
                self.drop(key)


def _discount_prepared(entry: CacheEntry) -> None:
    entry.weight -= sum(entry.fingerprints.values())
    entry.fingerprints.clear()
