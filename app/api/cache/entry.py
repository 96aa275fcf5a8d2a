"""What is kept of an answer: in each coding, and prepared for each kind of request."""

from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from app.api.cache.encoding import LEAST_BYTES, Coding, encoded
from app.api.cache.request import REQUEST_ID, Name
from app.api.http.answer import Answer, Facts, Headers
from app.api.http.asgi import Message, Scope
from app.api.http.conditional import entity_tag, http_date
from app.api.http.errors import Absence
from app.api.http.problems import PROBLEMS
from app.api.ops.metrics import Tally
from app.server.interface import WHOLE
from app.server.writing import header_lines

Messages = tuple[Message, ...]
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
        weight = _OVERHEAD + len(body) + sum(map(len, chain(*headers)))
        return cls(answer.status, headers, body, facts, route, modified, weight)

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
            self.lines = header_lines(self.headers)
        head = b"%b%b: %b\r\n" % (self.lines, REQUEST_ID, id_.encode())
        return {"type": WHOLE, "status": self.status, "head": head, "body": self.body}


def parted(status: int, headers: Headers, body: bytes) -> Messages:
    """Return a response in the two messages of ASGI."""
    start = {"type": "http.response.start", "status": status, "headers": headers}
    return start, {"type": "http.response.body", "body": body}
