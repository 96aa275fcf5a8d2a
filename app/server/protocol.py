"""HTTP/1.1 on a connection: requests are answered in order, from memory or by the application.

uvicorn makes one for each connection: give it to `uvicorn.Config` as `http`.
"""

import asyncio
import logging
from typing import Any

from uvicorn import Config

from app.server.deadlines import Phase, State, Timer
from app.server.exchange import Exchange
from app.server.interface import WHOLE, App, Message, Scope, ServerState, hooks_of
from app.server.outbox import Outbox
from app.server.parsing import RequestReader
from app.server.target import Refused
from app.server.writing import DefaultLines, end_of_head, header_lines, status_line

# What is parsed at once: as many requests as fit in there may wait on a connection.
_SLICE = 16 * 1024
# A larger body is written by itself, so that it is not copied.
_LARGE = 64 * 1024
_ASGI = {"version": "3.0", "spec_version": "2.3"}
_TIMEOUT = Refused("request_timeout", "The request did not come in time.")
_INTERNAL = Refused("internal", "The request could not be answered.")
_TOO_MANY = Refused("too_many_connections", "There are as many connections as there may be.")
_lines = DefaultLines()
# One for each process, as its loop.
_outbox = Outbox()
_log = logging.getLogger("dateline.server")


class HttpProtocol(asyncio.Protocol):
    """A connection of a client."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """Serve the application of a configuration, with its `hooks` if it has any."""
        self._app: App = config.loaded_app
        self.hooks = hooks_of(self._app)
        self._server_state, self._app_state = server_state, app_state
        self._loop = _loop or asyncio.get_running_loop()
        self._exchange: Exchange | None = None
        self._receiving: Exchange | None = None
        # What waits for the answers before it: requests, and a refusal behind them.
        self._queue: list[Exchange | Refused] = []
        # What has come and is not parsed.
        self._rest = b""
        self._received = self._written = 0
        self._is_deaf = self._is_eof = self._lingers = self._may_look = False
        self.is_stopping = False
        # Set unless the client is slow to read an answer.
        self.writable = asyncio.Event()
        self.writable.set()

    @property
    def default_lines(self) -> bytes:
        """The lines of the headers that every answer has."""
        return _lines.of(self._server_state.default_headers)

    # asyncio would hand over any transport; a server of TCP hands over one that can write.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, or refuse one connection too many."""
        self._transport = transport
        peer, own = _address(transport, "peername"), _address(transport, "sockname")
        self.client = self.hooks.limits.client(peer[0] if peer else None)
        base = {"type": "http", "asgi": _ASGI, "server": own, "client": peer, "root_path": ""}
        scheme = "http" if transport.get_extra_info("sslcontext") is None else "https"
        self._reader = RequestReader(self, {**base, "scheme": scheme, "extensions": {WHOLE: {}}})
        self._timer = Timer(self.hooks.deadlines, self._look, self._expire)
        if self.hooks.limits.connections.take(self.client):
            self._server_state.connections.add(self)
        else:
            self._write_refusal(_TOO_MANY)
            self._end()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of everything."""
        self._timer.cancel()
        self._reader.close()
        self._is_deaf = True
        if self in self._server_state.connections:
            self.hooks.limits.connections.free(self.client)
            self._server_state.connections.discard(self)
        for exchange in (self._exchange, self._receiving):
            if exchange is not None:
                exchange.disconnect()
        self._exchange = self._receiving = None
        self.resume_writing()

    def data_received(self, data: bytes) -> None:
        """Take what a client sent; what comes behind its last request is dropped."""
        if not self._is_deaf:
            self._may_look = True
            self._rest += data
            self._parse()

    def eof_received(self) -> bool:
        """Answer a client that has no more to ask; return whether the connection stays."""
        _outbox.flush()
        self._is_eof = True
        exchange = self._exchange
        if self._lingers or self._reader.in_body or (exchange and exchange.ends_with_client):
            return False
        return exchange is not None or bool(self._queue)

    def pause_writing(self) -> None:
        """Let the answer wait until the client has read some of it."""
        self.writable.clear()

    def resume_writing(self) -> None:
        """Go on with the answer."""
        self.writable.set()

    def shutdown(self) -> None:
        """End behind the answer that is being made; uvicorn calls it as the server stops."""
        self.hooks.stop()
        self.is_stopping = True
        if self._exchange is None:
            self._end()

    def on_request(self, scope: Scope, *, keeps: bool, expects: bool, has_body: bool) -> None:
        """Answer a request from memory, or let the application do so when it is its turn."""
        if self._is_deaf:
            return
        scope["state"] = self._app_state.copy()
        self._received = 0
        is_next = self._exchange is None and not self._queue
        if is_next and self._may_look and not has_body:
            # Of what comes at once, others have their turn before the second request.
            self._may_look = False
            message = self._find(scope)
            if message is not None:
                self._receiving = None
                keeps = keeps and not self.is_stopping
                self.write_whole(message, keeps=keeps, is_old=scope["http_version"] == "1.0")
                self.on_answered(keeps=keeps)
                return
        exchange = Exchange(self, scope, keeps=keeps, expects=expects, has_body=has_body)
        self._receiving = exchange
        if is_next:
            self._start(exchange)
        else:
            self._queue.append(exchange)

    def on_body(self, part: bytes) -> None:
        """Give a part of a body to its exchange, or drop an unwanted one."""
        self._received += len(part)
        exchange = self._receiving
        if exchange is not None and not exchange.is_complete and exchange.take_body(part):
            self._transport.pause_reading()

    def on_end(self) -> None:
        """End the body of the request that came last."""
        if self._receiving is not None:
            self._receiving.end_body()

    def write(self, data: bytes) -> None:
        """Send bytes."""
        _outbox.flush()
        self._written += len(data)
        self._transport.write(data)

    def write_whole(self, message: Message, *, keeps: bool, is_old: bool) -> None:
        """Send a `WHOLE` message, with others if it is small."""
        status, body = status_line(message["status"]), message["body"]
        end = end_of_head(keeps=keeps, is_old=is_old)
        if len(body) <= _LARGE:
            data = b"".join((status, self.default_lines, message["head"], end, body))
            self._written += len(data)
            _outbox.put(self._transport, data)
        else:
            self.write(b"".join((status, self.default_lines, message["head"], end)))
            self.write(body)

    def read_on(self) -> None:
        """Parse what has come and read more, unless other requests wait already."""
        self._parse()
        if not self._queue and not self._rest:
            self._transport.resume_reading()

    def on_answered(self, *, keeps: bool) -> None:
        """Go on with the next request, or close."""
        self._server_state.total_requests += 1
        self._exchange = None
        if not keeps:
            self._close()
        elif self._queue or self._rest:
            self._loop.call_soon(self._next)
        elif self._is_eof:
            self._end()
        else:
            self._transport.resume_reading()

    def on_ended(self, exchange: Exchange) -> None:
        """See that an answer that the application did not complete is not taken for a whole one."""
        if exchange.is_complete or exchange.is_disconnected:
            return
        _log.error("the application did not complete its answer")
        self._exchange = None
        if not exchange.is_started:
            self._write_refusal(_INTERNAL)
        self._close()

    def _parse(self) -> None:
        """Parse what has come, in parts; what comes behind a request that waits is kept."""
        while self._rest and not self._queue:
            part, self._rest = self._rest[:_SLICE], self._rest[_SLICE:]
            try:
                self._reader.feed(part)
            except Refused as refused:
                self._refuse(refused)
        if self._queue:
            self._transport.pause_reading()

    def _find(self, scope: Scope) -> Message | None:
        """Return the answer that is in memory, unless the client is slow to read others."""
        if not self.writable.is_set():
            return None
        try:
            return self.hooks.lookup(scope)
        # The application runs into the same, and says so.
        except Exception:  # noqa: BLE001
            return None

    def _start(self, exchange: Exchange) -> None:
        self._exchange = exchange
        exchange.task = task = self._loop.create_task(exchange.run(self._app))
        self._server_state.tasks.add(task)
        task.add_done_callback(self._server_state.tasks.discard)

    def _next(self) -> None:
        """Answer the request that waits longest, or parse what came behind it."""
        if self._exchange is not None:
            return
        if not self._queue:
            self._may_look = True
            self.read_on()
            return
        first = self._queue.pop(0)
        if isinstance(first, Refused):
            self._write_refusal(first)
            self._close()
            return
        message = None if first.has_body else self._find(first.scope)
        if message is None:
            self._start(first)
        else:
            first.send_whole(message)

    def _refuse(self, refused: Refused) -> None:
        """Refuse what came last, behind the answers to what came before, and close."""
        self._is_deaf, self._rest = True, b""
        broken = self._receiving if self._reader.in_body else None
        if broken in self._queue:
            self._queue.remove(broken)
        elif broken is not None and not broken.is_complete:
            self._exchange = None
            broken.disconnect()
        if (broken and broken.is_started) or (self._exchange and self._exchange.is_listener):
            self._end()
        else:
            self._queue.append(refused)
            self._next()

    def _write_refusal(self, refused: Refused) -> None:
        status, headers, body = self.hooks.refuse(refused.code, refused.detail)
        fields = {**headers, "content-length": str(len(body))}.items()
        lines = header_lines([(name.encode(), value.encode("latin-1")) for name, value in fields])
        message = {"status": status, "head": lines, "body": body}
        self.write_whole(message, keeps=False, is_old=False)

    def _close(self) -> None:
        """Close, after the client has read its last answer.

        A connection that is closed with bytes unread is reset, which may take the answer with it
        (RFC 9112, section 9.6). So what still comes is read and dropped for a while.
        """
        if self._is_eof or self.is_stopping or not self._transport.can_write_eof():
            self._end()
        elif not self._lingers:
            self._lingers = True
            self._take_nothing()
            self._transport.write_eof()
            self._transport.resume_reading()

    def _end(self) -> None:
        self._take_nothing()
        self._transport.close()

    def _take_nothing(self) -> None:
        """Send what was answered, and answer nothing more."""
        self._is_deaf, self._rest = True, b""
        self._queue.clear()
        _outbox.flush()

    def _look(self) -> State:
        """Return what the connection waits for."""
        exchange, requests = self._exchange, self._reader.requests
        is_patient = exchange is not None and exchange.is_patient
        unsent = self._transport.get_write_buffer_size()
        if unsent:
            return State("reading", requests, self._written - unsent, is_patient)
        if self._lingers or self._transport.is_closing():
            return State("linger", requests)
        if self._reader.in_body and self._transport.is_reading():
            return State("body", requests, self._received, is_patient)
        is_busy = exchange is not None or self._queue or self._rest
        return State("application" if is_busy else "head", requests)

    def _expire(self, phase: Phase) -> None:
        """End a connection that was waited for too long."""
        is_wanted = self._exchange is not None and not self._exchange.is_started
        if (phase == "body" and is_wanted) or (phase == "head" and self._reader.in_head):
            self._refuse(_TIMEOUT)
        elif phase == "head":
            self._end()
        else:
            self._transport.abort()


def _address(transport: asyncio.Transport, name: str) -> tuple[str, int] | None:
    found = transport.get_extra_info(name)
    return (str(found[0]), int(found[1])) if isinstance(found, tuple) and len(found) > 1 else None
