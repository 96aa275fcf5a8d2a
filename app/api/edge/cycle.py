"""A request and its answer on a connection: uvicorn's, which also takes an answer whole.

An answer in two messages has each of its headers looked at and put together anew, every time it is
sent. What is ready has been looked at once: its lines are there, and only the request's id is not.
"""

from collections.abc import Mapping
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from app.api.edge.asgi import Message, Scope, raw
from app.api.edge.entry import Headers
from app.api.edge.outbox import OUTBOX
from app.api.edge.safety import SAFE
from app.api.problems import problem
from app.kit.ids import new_id

# The type of a message with `status`, `head` (lines of headers) and `body`. A server that takes
# such ones says so among the extensions of a scope, as ASGI has it.
WHOLE = "dateline.http.response.whole"
_EXTENSIONS: Mapping[str, Any] = {WHOLE: {}}
# What would end a header, or a line of one, where nobody meant to.
_CONTROLS = bytes({*range(0x20), 0x7F} - {0x09})


def lines_of(headers: Headers) -> bytes:
    """Return headers as lines; a character that no header may have is a fault of ours."""
    plain = b"".join([part for field in headers for part in field])
    if len(plain.translate(None, _CONTROLS)) != len(plain):
        raise RuntimeError("A header holds a control character.")
    return b"".join([b"%b: %b\r\n" % field for field in headers])


def messages_of(scope: Scope, status: int, headers: Headers, body: bytes) -> tuple[Message, ...]:
    """Return the messages of an answer: one, if the server takes it."""
    if WHOLE in scope.get("extensions", ()):
        return ({"type": WHOLE, "status": status, "head": lines_of(headers), "body": body},)
    start = {"type": "http.response.start", "status": status, "headers": headers}
    return start, {"type": "http.response.body", "body": body}


class Cycle(RequestResponseCycle):
    """A request that is being answered."""

    async def send(self, message: Any) -> None:
        """Send a part of an answer, or all of it."""
        if message["type"] != WHOLE:
            await super().send(message)
            return
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if not self.disconnected:
            self.write(message)

    async def send_500_response(self) -> None:
        """Answer for an application that failed before it began to, as for anything else."""
        id_ = new_id()
        status, headers, body = problem("internal", "The request could not be answered.", id_)
        own = {"content-length": str(len(body)), "x-request-id": id_, "connection": "close"}
        fields = raw({**headers, **SAFE, **own}.items())
        await super().send({"type": "http.response.start", "status": status, "headers": fields})
        await super().send({"type": "http.response.body", "body": body, "more_body": False})

    def write(self, message: Message) -> None:
        """Send all of an answer, without waiting; with others, if the connection goes on."""
        if self.response_started:
            raise RuntimeError("An answer has begun already.")
        self.response_started = self.response_complete = True
        self.waiting_for_100_continue = False
        status, own = STATUS_LINE[message["status"]], _own.lines(self.default_headers)
        last = b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n"
        OUTBOX.put(self.transport, b"".join((status, own, message["head"], last, message["body"])))
        self.message_event.set()
        if not self.keep_alive:
            OUTBOX.send()
            self.transport.close()
        self.on_response()
        # As uvicorn does after a task: it would keep the connection, which keeps it.
        self.on_response = _nothing


def taking_whole(cycle: RequestResponseCycle) -> Cycle:
    """Let a cycle take whole answers; uvicorn does not ask of which class it is to be."""
    cycle.__class__ = Cycle
    # The type of a scope knows no extension of ours.
    cycle.scope["extensions"] = _EXTENSIONS  # type: ignore[typeddict-item]
    return cast(Cycle, cycle)


def _nothing() -> None:
    """Have no more to do."""


class _OwnLines:
    """The lines that the server adds by itself; it makes a new list of them each second."""

    def __init__(self) -> None:
        self._headers: Headers = []
        self._lines = b""

    def lines(self, headers: Headers) -> bytes:
        if headers is not self._headers:
            self._headers, self._lines = headers, lines_of(headers)
        return self._lines


_own = _OwnLines()
