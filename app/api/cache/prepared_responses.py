"""Responses that are ready to be sent, found by the raw request."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from app.api.cache.entry import Entry, Name
from app.api.http.answer import Headers
from app.api.http.asgi import REQUEST_NAME, Message, Scope
from app.api.ops.metrics import Tally
from app.server.interface import WHOLE
from app.server.writing import header_lines

_REQUEST_ID = b"x-request-id"
_HOST = b"host"
# Who wants an answer only if it is (still) a certain one.
PRECONDITIONS = (b"if-match", b"if-unmodified-since")
# Who sends one of these is looked at first.
_LOOKED_AT = frozenset({b"authorization", b"x-api-key", *PRECONDITIONS})
# Headers that decide what is answered, or whether.
_TELLING = _LOOKED_AT | {
    _REQUEST_ID,
    _HOST,
    b"accept",
    b"accept-encoding",
    b"if-none-match",
    b"if-modified-since",
    b"origin",
}
_MOST_NAMES = 10_000
_MOST_OF_AN_ENTRY = 50
# What a ready answer weighs in addition to its body, its name and the lines of its headers: its
# own headers, and where it is found.
_OF_A_NAME = 1_200
# Who asks at such length is answered, and not remembered: names take memory too.
_LONGEST_NAME = 1_500


@dataclass(slots=True)
class PreparedResponse:
    """An answer to one kind of request, whole but for the request's id.

    It holds until `until`, when time changes the answer or something that its headers say. `lines`
    are its headers, once a server has asked for them.
    """

    status: int
    headers: Headers
    body: Message
    until: datetime | None
    entry: Entry
    tally: Tally
    lines: bytes = b""

    @property
    def weight(self) -> int:
        """Bytes that it keeps in memory beside its entry, about."""
        return _OF_A_NAME + sum(len(name) + len(value) for name, value in self.headers)

    def messages(self, scope: Scope, id_: str) -> tuple[Message, ...]:
        """Return the messages that answer a request under its id: one, if the server takes it."""
        if WHOLE in scope.get("extensions", ()):
            return (self.whole(id_),)
        headers = [*self.headers, (_REQUEST_ID, id_.encode())]
        return {"type": "http.response.start", "status": self.status, "headers": headers}, self.body

    def whole(self, id_: str) -> Message:
        """Return the answer under an id in one message."""
        if not self.lines:
            self.lines = header_lines(self.headers)
        head = b"%b%b: %b\r\n" % (self.lines, _REQUEST_ID, id_.encode())
        return {"type": WHOLE, "status": self.status, "head": head, "body": self.body["body"]}


def request_name(scope: Scope) -> tuple[Name, str | None]:
    """Return what tells a GET from others, and the id that it was given on its way.

    It does little, because every answer from memory waits for it. A line break parts what can
    hold none.
    """
    path = scope.get("raw_path") or quote(scope["path"]).encode()
    telling, given = [path, scope["query_string"]], None
    for field in scope["headers"]:
        if field[0] in _TELLING:
            if field[0] == _REQUEST_ID:
                given = field[1].decode("latin-1")
            else:
                telling += field
    return b"\n".join(telling), given


def known_name(scope: Scope) -> tuple[Name, str | None]:
    """Return what `request_name` does, if it was asked before from there."""
    known: tuple[Name, str | None] | None = scope.get(REQUEST_NAME)
    return request_name(scope) if known is None else known


def is_shareable(asked: Collection[bytes]) -> bool:
    """Tell whether others may ask just as one did who sent these headers.

    Whether a host may be left out depends on the version of HTTP.
    """
    return _HOST in asked and _LOOKED_AT.isdisjoint(asked)


class PreparedResponses:
    """PreparedResponse answers by the name of a request; they go when their entry goes."""

    def __init__(self) -> None:
        """Have nothing ready."""
        self._known: dict[Name, PreparedResponse] = {}
        self.get = self._known.get

    def put(self, name: Name, ready: PreparedResponse) -> None:
        """Have an answer ready for all who ask just so."""
        if len(name) > _LONGEST_NAME:
            return
        if len(self._known) >= _MOST_NAMES:
            self.clear()
        if len(ready.entry.names) >= _MOST_OF_AN_ENTRY:
            self.forget(ready.entry)
        self._known[name] = ready
        if name not in ready.entry.names:
            ready.entry.names[name] = weight = ready.weight + len(name)
            ready.entry.weight += weight

    def forget(self, entry: Entry) -> None:
        """Forget what was made of an entry."""
        for name in entry.names:
            self._known.pop(name, None)
        _lighten(entry)

    def clear(self) -> None:
        """Forget everything."""
        for ready in self._known.values():
            _lighten(ready.entry)
        self._known.clear()


def _lighten(entry: Entry) -> None:
    entry.weight -= sum(entry.names.values())
    entry.names.clear()
