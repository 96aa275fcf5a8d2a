"""The exchange of a request and its response, as ASGI messages."""

import asyncio
import logging
from typing import TYPE_CHECKING

from app.server.interface import CONTROL, WHOLE, App, Message, Scope
from app.server.response_head import CONTINUE, encode_headers

if TYPE_CHECKING:
    from app.server.protocol import HttpProtocol

# Reading of a body pauses while more bytes wait for the application.
_MAX_WAITING_BYTES = 64 * 1024
# At most this much of an unread body is discarded, so that the connection can be reused.
MAX_UNWANTED_BYTES = 256 * 1024
_log = logging.getLogger("dateline.server")


class Exchange:
    """Passes a request to the application, and writes its response."""

    def __init__(self, connection: "HttpProtocol", *, keep_alive: bool, expects_100: bool) -> None:
        """Start; `expects_100` says that the client waits for `100 Continue`."""
        self._connection, self._keep_alive, self._expects_100 = connection, keep_alive, expects_100
        self._body = b""
        # Bytes of the response body that remain to be sent.
        self._remaining: int | None = None
        # Set on progress: a part of the body, the response, the end.
        self._changed = asyncio.Event()
        self.task: asyncio.Task[None] | None = None
        self._is_body_delivered = self._is_chunked = self._has_listener_slot = False
        self.is_started = self.is_complete = self.is_disconnected = False
        # Whether the extended timeout applies, and whether the request is cancelled when the client
        # disconnects.
        self.is_extended = self.cancel_on_disconnect = False
        self._slot_client: str | None = None

    async def run(self, app: App, scope: Scope) -> None:
        """Call the application."""
        scope["extensions"] = {WHOLE: {}, CONTROL: self}
        self._no_body = scope["method"] == "HEAD"
        try:
            await app(scope, self.receive, self.send)
        # The application may raise anything; log it, and answer the client.
        except Exception:  # noqa: BLE001
            _log.exception("the application failed")
        finally:
            if self._has_listener_slot:
                self._connection.hooks.limits.listeners.release(self._slot_client)
            self._connection.on_ended(self)

    def acquire_listener_slot(self, address: str | None) -> bool:
        """Make the request a listener, cancelled on disconnect; False if no slot is free.

        Call it once; the slot counts for the client with this address.
        """
        limits = self._connection.hooks.limits
        self._slot_client = limits.find_client(address)
        self._has_listener_slot = limits.listeners.acquire(self._slot_client)
        self.cancel_on_disconnect = self.cancel_on_disconnect or self._has_listener_slot
        return self._has_listener_slot

    def add_body(self, part: bytes) -> bool:
        """Add a part of the body, or its end; return whether reading has to pause."""
        self._expects_100 = False
        self._body += part
        self._changed.set()
        return len(self._body) > _MAX_WAITING_BYTES

    def disconnect(self) -> None:
        """Tell the application that the client has disconnected; cancel it if it wants that."""
        self.is_disconnected = True
        self._changed.set()
        if self.cancel_on_disconnect and self.task is not None:
            self.task.cancel()

    async def receive(self) -> Message:
        """Return the next part of the request body, or a disconnect."""
        if self._expects_100 and not self.is_disconnected:
            self._expects_100 = False
            self._connection.write(CONTINUE)
        while not (self.is_disconnected or self.is_complete):
            self._changed.clear()
            self._connection.read_on()
            more = self._connection.reader.unread > 0
            if not self._is_body_delivered and (self._body or not more):
                part, self._body, self._is_body_delivered = self._body, b"", not more
                return {"type": "http.request", "body": part, "more_body": more}
            await self._changed.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Send a part of the response, or all of it."""
        if not (self._connection.writable.is_set() or self.is_disconnected):
            await self._connection.writable.wait()
        if self.is_disconnected:
            return
        match message["type"]:
            case kind if kind == WHOLE and not self.is_started:
                self._begin(is_streamed=False)
                self._connection.write_whole(message, keep_alive=self._keep_alive)
                self._complete()
            case "http.response.start" if not self.is_started:
                self._start(message["status"], list(message.get("headers", ())))
            case "http.response.body" if self.is_started and not self.is_complete:
                self._continue(message.get("body", b""), more=message.get("more_body", False))
            case kind:
                raise RuntimeError(f"{kind!r} is not what comes next in an answer.")

    def _start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        fields = {name.lower(): value for name, value in headers}
        lines = encode_headers(field for field in headers if field[0].lower() != b"connection")
        length = fields.get(b"content-length")
        self._no_body = self._no_body or status in {204, 304}
        self._begin(is_streamed=length is None and not self._no_body)
        self._keep_alive &= b"close" not in fields.get(b"connection", b"").lower()
        if length is not None:
            self._remaining = 0 if self._no_body else int(length)
        elif not self._no_body:
            # In HTTP/1.0, the end of the connection ends the response.
            self._is_chunked = not self._connection.reader.is_http10
            self._keep_alive = self._keep_alive and self._is_chunked
            lines += b"transfer-encoding: chunked\r\n" if self._is_chunked else b""
        self._connection.write(self._connection.head(status, lines, keep_alive=self._keep_alive))

    def _continue(self, body: bytes, *, more: bool) -> None:
        body = b"" if self._no_body else body
        if self._remaining is not None:
            self._remaining -= len(body)
            if self._remaining < 0 or (self._remaining and not more):
                raise RuntimeError("The body is not as long as Content-Length says.")
        if self._is_chunked:
            part = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            body = part if more else part + b"0\r\n\r\n"
        if body:
            self._connection.write(body)
        if not more:
            self._complete()

    def _begin(self, *, is_streamed: bool) -> None:
        # The application may read more of the body between the parts of a streamed response.
        is_nearly_read = is_streamed or self._connection.reader.unread <= MAX_UNWANTED_BYTES
        # A client that waits for `100 Continue` may send the body or another request next.
        ends = self._expects_100 or self._connection.is_stopping
        self._keep_alive = self._keep_alive and is_nearly_read and not ends
        self.is_started = True

    def _complete(self) -> None:
        self.is_complete = True
        self._changed.set()
        self._connection.on_answered(keep_alive=self._keep_alive)
