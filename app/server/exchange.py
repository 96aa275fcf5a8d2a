"""A request and its answer, as an ASGI application sees them."""

import asyncio
import logging
from typing import TYPE_CHECKING

from app.server.interface import CONTROL, WHOLE, App, Message, Scope
from app.server.writing import CONTINUE, header_lines

if TYPE_CHECKING:
    from app.server.protocol import HttpProtocol

# A body of which more waits to be taken is not read on.
_MOST_WAITING = 64 * 1024
# So much of an unwanted body is read, so that its connection can be used again.
MOST_UNWANTED = 256 * 1024
_log = logging.getLogger("dateline.server")


class Exchange:
    """Gives the application its request, and writes its answer."""

    def __init__(self, connection: "HttpProtocol", *, keeps: bool, expects: bool) -> None:
        """Begin; `keeps` says whether the connection stays, `expects` means `100 Continue`."""
        self._connection, self._keeps, self._expects = connection, keeps, expects
        self._body = b""
        # What is to be sent of the body of the answer.
        self._left: int | None = None
        # Set as the request moves on: a part of its body, its answer, its end.
        self._moved = asyncio.Event()
        self.task: asyncio.Task[None] | None = None
        self._is_taken = self._chunks = self._is_listener = False
        self.is_started = self.is_complete = self.is_disconnected = False
        # Whether minutes, not seconds, are waited for while the client neither sends nor reads
        # anything, and whether the request is cancelled when its client leaves.
        self.is_patient = self.ends_with_client = False
        self._seat: str | None = None

    async def run(self, app: App, scope: Scope) -> None:
        """Call the application."""
        scope["extensions"] = {WHOLE: {}, CONTROL: self}
        self._is_bare = scope["method"] == "HEAD"
        try:
            await app(scope, self.receive, self.send)
        # Whatever an application raises, the client gets an answer and the log the traceback.
        except Exception:  # noqa: BLE001
            _log.exception("the application failed")
        finally:
            if self._is_listener:
                self._connection.hooks.limits.listeners.free(self._seat)
            self._connection.on_ended(self)

    def take_seat(self, address: str | None) -> bool:
        """Make the request a listener, which ends with its client; False if no seat is free.

        Call it once; the seat is one of the client with this address.
        """
        limits = self._connection.hooks.limits
        self._seat = limits.client(address)
        self._is_listener = limits.listeners.take(self._seat)
        self.ends_with_client = self.ends_with_client or self._is_listener
        return self._is_listener

    def take_body(self, part: bytes) -> bool:
        """Take a part of the body, or its end; return whether as much waits as may."""
        self._expects = False
        self._body += part
        self._moved.set()
        return len(self._body) > _MOST_WAITING

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
            more = self._connection.reader.due > 0
            if not self._is_taken and (self._body or not more):
                part, self._body, self._is_taken = self._body, b"", not more
                return {"type": "http.request", "body": part, "more_body": more}
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
                self._begin(in_parts=False)
                self._connection.write_whole(message, keeps=self._keeps)
                self._complete()
            case "http.response.start" if not self.is_started:
                self._start(message["status"], list(message.get("headers", ())))
            case "http.response.body" if self.is_started and not self.is_complete:
                self._continue(message.get("body", b""), more=message.get("more_body", False))
            case kind:
                raise RuntimeError(f"{kind!r} is not what comes next in an answer.")

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
            self._chunks = not self._connection.reader.is_old
            self._keeps = self._keeps and self._chunks
            lines += b"transfer-encoding: chunked\r\n" if self._chunks else b""
        self._connection.write(self._connection.head(status, lines, keeps=self._keeps))

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
        # Between the parts of an answer, the application may read on.
        is_nearly_read = in_parts or self._connection.reader.due <= MOST_UNWANTED
        # A client that waits to send an unwanted body may send it, or another request.
        ends = self._expects or self._connection.is_stopping
        self._keeps = self._keeps and is_nearly_read and not ends
        self.is_started = True

    def _complete(self) -> None:
        self.is_complete = True
        self._moved.set()
        self._connection.on_answered(keeps=self._keeps)
