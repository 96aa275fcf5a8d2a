"""A request and its answer, as an ASGI application sees them."""

import asyncio
import logging
from math import inf
from typing import TYPE_CHECKING

from app.server.interface import CONTROL, WHOLE, App, Message, Scope
from app.server.writing import CONTINUE, end_of_head, header_lines, status_line

if TYPE_CHECKING:
    from app.server.protocol import HttpProtocol

# A body of which more waits to be taken is not read on.
_MOST_WAITING = 64 * 1024
# So much of an unwanted body is read, so that its connection can be used again.
_MOST_UNWANTED = 256 * 1024
_log = logging.getLogger("dateline.server")


class Exchange:
    """Gives the application its request, and writes its answer; it is a `Control`."""

    def __init__(
        self,
        connection: "HttpProtocol",
        scope: Scope,
        *,
        keeps: bool,
        expects: bool,
        has_body: bool,
    ) -> None:
        """Begin; `keeps` says whether the connection stays, `expects` means `100 Continue`."""
        scope["extensions"] = {WHOLE: {}, CONTROL: self}
        self._connection, self.scope = connection, scope
        self._keeps, self._expects, self.has_body = keeps, expects, has_body
        self._is_old, self._is_bare = scope["http_version"] == "1.0", scope["method"] == "HEAD"
        self._body = b""
        # What is to come of the body, and what is to be sent of the answer's.
        self._due = _length_of_body(scope) if has_body else 0
        self._left: int | None = None
        # Set as the request moves on: a part of its body, its answer, its end.
        self._moved = asyncio.Event()
        self.task: asyncio.Task[None] | None = None
        self._is_received = self._is_taken = self._chunks = False
        self.is_started = self.is_complete = self.is_disconnected = False
        self._listener: str | None = None
        self.is_patient = self.is_listener = self.ends_with_client = False

    async def run(self, app: App) -> None:
        """Call the application."""
        try:
            # A scope refers to its exchange; they are not to keep each other.
            scope, self.scope = self.scope, {}
            await app(scope, self.receive, self.send)
        # Whatever an application raises, the client gets an answer and the log the traceback.
        except Exception:  # noqa: BLE001
            _log.exception("the application failed")
        finally:
            if self.is_listener:
                self._connection.hooks.limits.listeners.free(self._listener)
            self._connection.on_ended(self)

    def allow_time(self) -> None:
        """Wait for minutes, not seconds, while the client neither sends nor reads anything."""
        self.is_patient = True

    def take_seat(self, address: str | None) -> bool:
        """Make the request a listener, which ends with its client; False if no seat is free.

        The seat is one of the client with this address.
        """
        limits = self._connection.hooks.limits
        if not self.is_listener:
            self._listener = limits.client(address)
            self.is_listener = limits.listeners.take(self._listener)
        self.ends_with_client = self.ends_with_client or self.is_listener
        return self.is_listener

    def leave_with_client(self) -> None:
        """Cancel the request when its client leaves, or has no more to ask."""
        self.ends_with_client = True

    def take_body(self, part: bytes) -> bool:
        """Take a part of the body; return whether as much waits as may."""
        self._expects = False
        self._body += part
        self._due -= len(part)
        self._moved.set()
        return len(self._body) > _MOST_WAITING

    def end_body(self) -> None:
        """Learn that the body is complete."""
        self._expects, self._is_received, self._due = False, True, 0
        self._moved.set()

    def disconnect(self) -> None:
        """Let the application know that its client has gone, and end what ends with it."""
        self.is_disconnected = True
        self._moved.set()
        if self.ends_with_client and self.task is not None:
            self.task.cancel()

    async def receive(self) -> Message:
        """Return the next part of the request, or that its client has gone."""
        if self._expects and not self.is_disconnected:
            self._expects = False
            self._connection.write(CONTINUE)
        while not (self.is_disconnected or self.is_complete):
            self._moved.clear()
            self._connection.read_on()
            if not self._is_taken and (self._body or self._is_received):
                part, self._body, self._is_taken = self._body, b"", self._is_received
                return {"type": "http.request", "body": part, "more_body": not self._is_received}
            await self._moved.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Send a part of the answer, or all of it."""
        if not (self._connection.writable.is_set() or self.is_disconnected):
            await self._connection.writable.wait()
        if self.is_disconnected:
            return
        match message["type"]:
            case kind if kind == WHOLE and not self.is_started:
                self.send_whole(message)
            case "http.response.start" if not self.is_started:
                self._start(message["status"], list(message.get("headers", ())))
            case "http.response.body" if self.is_started and not self.is_complete:
                self._continue(message.get("body", b""), more=message.get("more_body", False))
            case kind:
                raise RuntimeError(f"{kind!r} is not what comes next in an answer.")

    def send_whole(self, message: Message) -> None:
        """Send all of an answer in one piece."""
        self.scope = {}
        self._begin(in_parts=False)
        self._connection.write_whole(message, keeps=self._keeps, is_old=self._is_old)
        self._complete()

    def _start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        fields = {name.lower(): value for name, value in headers}
        lines = header_lines(field for field in headers if field[0].lower() != b"connection")
        length = fields.get(b"content-length")
        self._is_bare = self._is_bare or status in {204, 304}
        self._begin(in_parts=length is None and not self._is_bare)
        self._keeps = self._keeps and b"close" not in fields.get(b"connection", b"").lower()
        if length is not None:
            self._left = 0 if self._is_bare else int(length)
        elif not self._is_bare:
            # In HTTP/1.0, the end of the connection is the end of such an answer.
            self._chunks, self._keeps = not self._is_old, self._keeps and not self._is_old
            lines += b"transfer-encoding: chunked\r\n" if self._chunks else b""
        end = end_of_head(keeps=self._keeps, is_old=self._is_old)
        own = self._connection.default_lines
        self._connection.write(b"".join((status_line(status), own, lines, end)))

    def _continue(self, body: bytes, *, more: bool) -> None:
        body = b"" if self._is_bare else body
        if self._left is not None:
            self._left -= len(body)
            if self._left < 0 or (self._left and not more):
                raise RuntimeError("The body is not as long as Content-Length says.")
        if self._chunks:
            part = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            body = part if more else part + b"0\r\n\r\n"
        if body:
            self._connection.write(body)
        if not more:
            self._complete()

    def _begin(self, *, in_parts: bool) -> None:
        # A client that waits to send an unwanted body may send it, or another request.
        self._keeps = self._keeps and not (self._expects or self._connection.is_stopping)
        # Between the parts of an answer, the application may read on.
        self._keeps = self._keeps and (in_parts or self._due <= _MOST_UNWANTED)
        self.is_started = True

    def _complete(self) -> None:
        self.is_complete = True
        self._moved.set()
        self._connection.on_answered(keeps=self._keeps and self._due <= _MOST_UNWANTED)


def _length_of_body(scope: Scope) -> float:
    """Return how many bytes a body has; nobody knows while it comes in chunks."""
    length: bytes | None = dict(scope["headers"]).get(b"content-length")
    return inf if length is None else int(length)
