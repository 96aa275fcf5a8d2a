"""A finished answer, kept: ready in each coding, with what it depends on."""

from dataclasses import dataclass, field
from typing import NamedTuple

from app.api.cache.encoding import LEAST_BYTES, Coding, encoded
from app.api.http.answer import Answer, Facts, Headers
from app.api.http.conditional import entity_tag, http_date
from app.api.http.errors import Absence
from app.api.http.problems import PROBLEMS

# What tells one kind of request from another: path, query, and the headers that matter.
Name = bytes
# What an entry weighs beside its bodies, and what each of its codings adds: headers, tags, the
# cells of lists and dictionaries.
_OVERHEAD = 2_000
_OF_A_CODING = 1_000


@dataclass(slots=True)
class Absent:
    """There is nothing to see: a 404 or 410, made anew for each reader, whose request it names."""

    facts: Facts
    route: str
    failure: Absence
    used: bool = False
    weight: int = _OVERHEAD
    """Bytes that it keeps in memory, about."""

    @property
    def status(self) -> int:
        """Return how it is answered."""
        return PROBLEMS[self.failure.code].status


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
    set when it is sent.
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
    def of(cls, answer: Answer, route: str) -> "Entry":
        """Keep an answer of a route."""
        headers, body, facts = answer.headers, answer.body, answer.facts
        modified = http_date(facts.changed_at).encode() if facts.changed_at else b""
        weight = _OVERHEAD + len(body) + _length(headers)
        return cls(answer.status, headers, body, facts, route, modified, weight)

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
