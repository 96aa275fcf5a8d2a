"""A finished answer, kept: ready in each coding, with what it depends on."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from app.api.conditional import entity_tag, http_date
from app.api.edge.encoding import LEAST_BYTES, Coding, encoded
from app.api.problems import PROBLEMS
from app.delivery.surrogates import EVERYTHING
from app.kit.bounded import entries_within

Headers = list[tuple[bytes, bytes]]
# What tells one kind of request from another: path, query, and the headers that matter.
Name = bytes
# What an entry weighs beside its bodies, and what each of its codings adds: headers, tags, the
# cells of lists and dictionaries.
_OVERHEAD = 2_000
_OF_A_CODING = 1_000
_KEPT = frozenset(
    b"content-type content-location link location surrogate-key cache-tag dateline-serial".split()
)


class Facts(NamedTuple):
    """What the inside knows about an answer: how new it is, and what it shows.

    `keys` are what it shows; `changed_at` is when it last could have changed; `until` is when
    time alone changes it, where that is no boundary of the archive. One that is not `kept` is
    sent to who asked, and made anew for the next; `varies` says that `Accept` decides its format.
    `narrow` is what it hangs on, where `keys` say that more widely than this process needs. One
    that is not `shared` is kept by no cache on the way, not even for seconds.
    """

    serial: int
    keys: tuple[str, ...]
    changed_at: datetime | None
    until: datetime | None = None
    kept: bool = True
    varies: bool = False
    narrow: tuple[str, ...] = ()
    shared: bool = True

    @property
    def hangs_on(self) -> tuple[str, ...]:
        """Return the keys by which it is found when it is outdated."""
        return self.narrow or self.keys

    def is_over(self, now: datetime) -> bool:
        """Tell whether time has changed the answer since it was made."""
        return self.until is not None and self.until <= now

    def headers(self) -> dict[str, str]:
        """Return them as caches on the way are told."""
        return {name.decode(): value.decode() for name, value in self.fields()}

    def fields(self) -> Headers:
        """Return these headers as they are sent."""
        return [*_key_fields(self.keys), (b"dateline-serial", b"%d" % self.serial)]


@dataclass(slots=True)
class Absent:
    """There is nothing to see: a 404 or 410, made anew for each reader, whose request it names."""

    facts: Facts
    route: str
    code: str
    detail: str
    used: bool = False
    weight: int = _OVERHEAD
    """Bytes that it keeps in memory, about."""

    @property
    def status(self) -> int:
        """Return how it is answered."""
        return PROBLEMS[self.code].status


class Variant(NamedTuple):
    """An answer in one coding; `own` of its headers are those of the coding alone."""

    tag: str
    headers: Headers
    own: int
    body: bytes

    @property
    def unchanged(self) -> Headers:
        """Return the headers of its 304."""
        return [one for one in self.headers[: -self.own] if one[0] != b"content-type"]


@dataclass(slots=True)
class Entry:
    """An answer with its facts; variants are made when they are first asked for.

    `weight` is how many bytes it keeps in memory, about; `names` are the kinds of requests for
    which an answer was made ready of it (see `ready`), with what each of these weighs; `used` is
    set by whoever gives it away.
    """

    status: int
    headers: Headers
    body: bytes
    facts: Facts
    route: str
    modified: bytes
    weight: int
    variants: dict[Coding, Variant] = field(default_factory=dict)
    names: dict[Name, int] = field(default_factory=dict)
    used: bool = False

    @classmethod
    def of(cls, status: int, headers: Headers, body: bytes, facts: Facts, route: str) -> "Entry":
        """Keep of an answer what is the same for all its readers."""
        kept = [one for one in headers if one[0] in _KEPT]
        return cls.made(status, kept, body, facts, route)

    @classmethod
    def made(cls, status: int, headers: Headers, body: bytes, facts: Facts, route: str) -> "Entry":
        """Keep an answer of which every header is the same for all its readers."""
        modified = http_date(facts.changed_at).encode() if facts.changed_at else b""
        weight = _OVERHEAD + len(body) + _length(headers)
        return cls(status, headers, body, facts, route, modified, weight)

    def variant(self, coding: Coding) -> Variant:
        """Return the answer in a coding; small ones are not worth one."""
        if len(self.body) < LEAST_BYTES:
            coding = "identity"
        known = self.variants.get(coding)
        if known is None:
            known = self.variants[coding] = self._made(coding)
            # As it is, it shares the bytes of the entry.
            self.weight += _OF_A_CODING + (0 if coding == "identity" else len(known.body))
        return known

    def _made(self, coding: Coding) -> Variant:
        body = encoded(self.body, coding)
        tag, headers = entity_tag(body), list(self.headers)
        if self.status == 200:
            headers.append((b"etag", tag.encode()))
        own: Headers = [(b"content-length", b"%d" % len(body))]
        if coding != "identity":
            own.append((b"content-encoding", coding.encode()))
        return Variant(tag, headers + own, len(own), body)


def _length(headers: Headers) -> int:
    return sum(len(name) + len(value) for name, value in headers)


def _key_fields(keys: tuple[str, ...]) -> Headers:
    """Return the headers that say what an answer shows; of most lists they are the same."""
    return (_known_fields if len(keys) <= _FEW_KEYS else _made_fields)(keys)


def _made_fields(keys: tuple[str, ...]) -> Headers:
    shown = (*keys, EVERYTHING)
    return [
        (b"surrogate-key", " ".join(shown).encode()),
        (b"cache-tag", ",".join(shown).encode()),
    ]


# Of so many keys, each as long as two ids, headers are remembered.
_FEW_KEYS = 4
_known_fields = lru_cache(entries_within(2**20, 2 * _FEW_KEYS * 80))(_made_fields)
