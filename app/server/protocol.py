"""The HTTP/1.1 protocol: requests are answered in order, from the cache or by the application.

uvicorn creates an object for each connection: pass the class to `uvicorn.Config` as `http`.
"""

import asyncio
import logging
from functools import lru_cache
from typing import Any

from uvicorn import Config

from app.server.deadlines import Phase, Progress, Timer
from app.server.exchange import MAX_UNWANTED_BYTES, Exchange
from app.server.interface import WHOLE, App, Message, Scope, ServerState, find_hooks
from app.server.request_head import Refusal
from app.server.request_reader import RequestReader
from app.server.response_buffer import ResponseBuffer
from app.server.response_head import build_head, encode_headers

# So many bytes are read ahead of the current request.
_MAX_AHEAD_BYTES = 16 * 1024
# A larger body is written separately, to avoid a copy.
_LARGE = 64 * 1024
_ASGI = {"version": "3.0", "spec_version": "2.3"}
_TOO_MANY = "too_many_connections", "There are as many connections as there may be."
# The headers that uvicorn adds to every response change once a second.
_default_lines = lru_cache(maxsize=4)(encode_headers)
# One for each process, as is the event loop.
_response_buffer = ResponseBuffer()
_log = logging.getLogger("dateline.server")


class HttpProtocol(asyncio.Protocol):
    """A client connection."""

    def __init__(
        self, config: Config, server_state: ServerState, app_state: dict[str, Any], **_: object
    ) -> None:
        """Serve the application of a configuration, with its `hooks`, if any."""
        self._app: App = config.loaded_app
        self.hooks = find_hooks(self._app)
        self._server_state, self._app_state = server_state, app_state
        self._loop = asyncio.get_running_loop()
        # The current request, and bytes that are not parsed yet.
        self._exchange: Exchange | None = None
        self._unparsed = bytearray()
        self._written = 0
        # Set between pipelined requests, so that the loop serves other connections.
        self._yields = False
        self._is_eof = self._is_closing = self.is_stopping = False
        # Cleared while the client reads too slowly.
        self.writable = asyncio.Event()
        self.writable.set()

    # asyncio declares any transport; a TCP server passes one that can write.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start, or refuse a connection above the limit."""
        self._transport = transport
        peer, own = _address(transport, "peername"), _address(transport, "sockname")
        self.client = self.hooks.limits.find_client(peer[0] if peer else None)
        base = {"type": "http", "asgi": _ASGI, "server": own, "client": peer, "root_path": ""}
        scheme = "http" if transport.get_extra_info("sslcontext") is None else "https"
        self.reader = RequestReader(self, {**base, "scheme": scheme, "extensions": {WHOLE: {}}})
        self._timer = Timer(self.hooks.deadlines, self._observe, self._expire)
        if self.hooks.limits.connections.acquire(self.client):
            self._server_state.connections.add(self)
        else:
            self._write_refusal(*_TOO_MANY)
            self._close(immediately=True)

    def connection_lost(self, exc: Exception | None) -> None:
        """Release everything."""
        self._close(immediately=True)
        self._timer.cancel()
        self.reader.close()
        if self in self._server_state.connections:
            self.hooks.limits.connections.release(self.client)
            self._server_state.connections.discard(self)
        if self._exchange is not None:
            self._exchange.disconnect()
        self._exchange = None
        self.resume_writing()

    def data_received(self, data: bytes) -> None:
        """Parse received bytes; discard those after the last request."""
        if not self._is_closing:
            self._unparsed += data
            self._parse()

    def eof_received(self) -> bool:
        """Handle the end of the client's requests; return whether the connection stays open."""
        _response_buffer.flush()
        self._is_eof = True
        exchange = self._exchange
        is_last = self.reader.unread or (exchange and exchange.cancel_on_disconnect)
        return not is_last and bool(exchange or self._unparsed)

    def pause_writing(self) -> None:
        """Pause the response until the client has read some of it."""
        self.writable.clear()

    def resume_writing(self) -> None:
        """Continue the response."""
        self.writable.set()

    def shutdown(self) -> None:
        """Close after the current response; uvicorn calls it when the server stops."""
        self.hooks.stop()
        self.is_stopping = True
        if self._exchange is None:
            self._close(immediately=True)

    def on_request(self, scope: Scope, *, keep_alive: bool, expects_100: bool) -> None:
        """Answer a request from the cache, or start the application."""
        scope["state"] = self._app_state.copy()
        # Not while the client is still reading earlier responses.
        may_look_up = not self.reader.unread and self.writable.is_set()
        message = self._find_cached(scope) if may_look_up else None
        if message is not None:
            keep_alive = keep_alive and not self.is_stopping
            self.write_whole(message, keep_alive=keep_alive)
            self.on_answered(keep_alive=keep_alive)
            return
        self._exchange = exchange = Exchange(self, keep_alive=keep_alive, expects_100=expects_100)
        exchange.task = task = self._loop.create_task(exchange.run(self._app, scope))
        self._server_state.tasks.add(task)
        task.add_done_callback(self._server_state.tasks.discard)

    def on_body(self, part: bytes) -> None:
        """Pass a part of a body, or its end, to its exchange, if it still runs."""
        if self._exchange is not None and self._exchange.add_body(part):
            self._transport.pause_reading()

    def write(self, data: bytes) -> None:
        """Send bytes."""
        _response_buffer.flush()
        self._written += len(data)
        self._transport.write(data)

    def head(self, status: int, lines: bytes, *, keep_alive: bool) -> bytes:
        """Build the head of a response, with the default headers."""
        lines = _default_lines(tuple(self._server_state.default_headers)) + lines
        return build_head(status, lines, keep_alive=keep_alive, is_http10=self.reader.is_http10)

    def write_whole(self, message: Message, *, keep_alive: bool) -> None:
        """Send a `WHOLE` message; a small one is buffered."""
        head = self.head(message["status"], message["head"], keep_alive=keep_alive)
        body = message["body"]
        if len(body) <= _LARGE:
            self._written += len(head) + len(body)
            _response_buffer.put(self._transport, head + body)
        else:
            self.write(head)
            self.write(body)

    def read_on(self) -> None:
        """Parse received bytes and resume reading, unless enough bytes wait."""
        self._parse()
        if len(self._unparsed) <= _MAX_AHEAD_BYTES:
            self._transport.resume_reading()

    def on_answered(self, *, keep_alive: bool) -> None:
        """Continue with the next request, or close."""
        self._server_state.total_requests += 1
        self._exchange = None
        # The response may have begun before the server was told to stop.
        if not keep_alive or self.is_stopping or self.reader.unread > MAX_UNWANTED_BYTES:
            self._close()
        elif self._unparsed or self._is_eof:
            self._yields = True
            self._loop.call_soon(self._next)
        else:
            self._transport.resume_reading()

    def on_ended(self, exchange: Exchange) -> None:
        """Break off a response that the application did not complete."""
        if not (exchange.is_complete or exchange.is_disconnected):
            _log.error("the application did not complete its answer")
            self._refuse("internal", "The request could not be answered.")

    def _parse(self) -> None:
        """Parse received bytes of a request; a next request waits for the response."""
        while self._unparsed and not self._yields and (not self._exchange or self.reader.unread):
            try:
                self.reader.feed(self._unparsed)
            except Refusal as refused:
                self._refuse(*refused.args)
        if len(self._unparsed) > _MAX_AHEAD_BYTES:
            self._transport.pause_reading()

    def _next(self) -> None:
        """Parse the next pipelined request, or close after the last one."""
        self._yields = False
        self.read_on()
        if self._is_eof and not (self._exchange or self._yields):
            self._close(immediately=True)

    def _find_cached(self, scope: Scope) -> Message | None:
        """Return the cached response, or None."""
        try:
            return self.hooks.lookup(scope)
        # The application raises the same error, and it is logged there.
        except Exception:  # noqa: BLE001
            return None

    def _refuse(self, code: str, detail: str) -> None:
        """Refuse the last request, or break off its response, and close."""
        exchange, self._exchange = self._exchange, None
        is_begun = exchange.is_started if exchange else self.reader.unread
        if exchange is not None:
            exchange.disconnect()
        if not is_begun:
            self._write_refusal(code, detail)
        self._close()

    def _write_refusal(self, code: str, detail: str) -> None:
        status, headers, body = self.hooks.refuse(code, detail)
        fields = {**headers, "content-length": str(len(body))}.items()
        lines = encode_headers([(name.encode(), value.encode("latin-1")) for name, value in fields])
        self.write_whole({"status": status, "head": lines, "body": body}, keep_alive=False)

    def _close(self, *, immediately: bool = False) -> None:
        """Answer nothing more, and close, by default after the client has read everything.

        Closing a connection with unread bytes resets it, which may lose the response (RFC 9112,
        section 9.6). So received bytes are discarded for a while.
        """
        self._is_closing = True
        self._unparsed.clear()
        _response_buffer.flush()
        if immediately or self._is_eof or self.is_stopping or not self._transport.can_write_eof():
            self._transport.close()
        else:
            self._transport.write_eof()
            self._transport.resume_reading()

    def _observe(self) -> Progress:
        """Return what the connection waits for."""
        exchange, reader = self._exchange, self.reader
        is_extended = exchange is not None and exchange.is_extended
        unsent = self._transport.get_write_buffer_size()
        if unsent:
            return Progress("reading", reader.requests, self._written - unsent, is_extended)
        if self._is_closing:
            return Progress("linger", reader.requests)
        if reader.unread and self._transport.is_reading():
            return Progress("body", reader.requests, reader.received, is_extended)
        return Progress("application" if exchange or self._unparsed else "head", reader.requests)

    def _expire(self, phase: Phase) -> None:
        """End a connection whose timeout has expired."""
        if phase == "body" or (phase == "head" and self.reader.in_head):
            self._refuse("request_timeout", "The request did not come in time.")
        elif phase == "head":
            self._close(immediately=True)
        else:
            self._transport.abort()


def _address(transport: asyncio.Transport, name: str) -> tuple[str, int] | None:
    found = transport.get_extra_info(name)
    return (str(found[0]), int(found[1])) if isinstance(found, tuple) and len(found) > 1 else None
