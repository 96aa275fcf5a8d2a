"""HTTP/1.1 on a connection: uvicorn's protocol, with bounds, and with our words for refusals.

What is no HTTP never reaches the rings. It is refused here: as a problem document, like anything
else that is refused.
"""

from asyncio import TimerHandle, Transport
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from app.api.edge.asgi import Message, Scope
from app.api.edge.cycle import taking_whole
from app.api.edge.outbox import OUTBOX
from app.api.edge.safety import SAFE
from app.api.edge.stream import PATH as STREAM
from app.api.problems import problem
from app.kit.ids import new_id

# Request line and headers, or trailers, of one request.
MOST_BYTES = 64 * 1024


class Pipeline(list[Any]):
    """Requests that came while another was answered: a tenth of what an empty deque takes."""

    __slots__ = ()

    def appendleft(self, request: Any) -> None:
        """Add one behind the others."""
        self.insert(0, request)


class Protocol(HttpToolsProtocol):
    """A connection that is not held, nor fed, for ever by who sends no whole request.

    uvicorn sets and cancels a timer for each request; here each connection has one.
    """

    # A request that has not begun, or of which the head is not there, this long after the one
    # before is not waited for.
    patience_seconds = 30.0
    # Whoever listens to the stream and takes nothing of what is there for so long is cut off.
    taking_seconds = 30.0

    # The request that came last, and the one that is answered or was last: others may wait behind.
    # uvicorn does not say that there may be none yet.
    cycle: RequestResponseCycle | None  # type: ignore[assignment]
    _answered: RequestResponseCycle | None = None
    _patience: TimerHandle | None = None
    _taking: TimerHandle | None = None
    _fed = 0
    # Of what comes at once only the first request is answered at once: others wait, too.
    _may_ask = True

    # asyncio's own would take any transport; what serves HTTP has one to write to, as in uvicorn.
    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin to watch over a connection."""
        super().connection_made(transport)
        # In the place of a deque, of which uvicorn needs no more than this.
        self.pipeline = Pipeline()  # type: ignore[assignment]
        self._be_patient()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of it."""
        for timer in (self._patience, self._taking):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)
        # uvicorn tells only the request that came last.
        if self._answered is not None and not self._answered.response_complete:
            self._answered.disconnected = True
            self._answered.message_event.set()

    def shutdown(self) -> None:
        """End a connection as the server stops, and what would go on for ever."""
        OUTBOX.send()
        super().shutdown()
        end = getattr(self.app, "end", None)
        if end is not None:
            end()

    def pause_writing(self) -> None:
        """Let the answer wait, and see that it does not for ever."""
        super().pause_writing()
        if self._answered is not None and self._answered.scope["path"] == STREAM:
            self._await_taking()

    def resume_writing(self) -> None:
        """Go on with the answer: enough was taken."""
        super().resume_writing()
        if self._taking is not None:
            self._taking.cancel()

    def data_received(self, data: bytes) -> None:
        """Take in what was sent, unless it is all head and no end."""
        before = self.scope
        self._may_ask = True
        self._fed += len(data)
        super().data_received(data)
        if self.scope is not before:
            # A request has begun.
            self._fed = 0
        elif self._fed > MOST_BYTES and not self.transport.is_closing():
            self._refuse("head_too_large", f"A head may have {MOST_BYTES} bytes at the most.")

    def on_body(self, body: bytes) -> None:
        """Begin to count anew: bodies are bounded further inside."""
        self._fed = 0
        super().on_body(body)

    def on_response_complete(self) -> None:
        """Go on with the next request, if it is here already."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            cycle, app = self.pipeline.pop()
            # What is at hand would be answered in here, one inside the other.
            self._start_task(taking_whole(cycle), app)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Answer a request with what is at hand, or else in a task.

        What came behind the last answer is not even begun: nobody would hear what became of it.
        """
        if self.transport.is_closing():
            return
        own = taking_whole(cycle)
        message = _at_hand(app, cycle.scope) if self._may_write() else None
        if message is None:
            self._start_task(own, app)
        else:
            self._answered = own
            own.write(message)

    def _start_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answered = cycle
        super()._start_asgi_task(cycle, app)

    def _may_write(self) -> bool:
        """Tell whether an answer may be asked for and written now."""
        asks, self._may_ask = self._may_ask, False
        return asks and not self.flow.write_paused

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        self._refuse("malformed_request", "This is not a request of HTTP/1.1.")

    def _refuse(self, code: str, detail: str) -> None:
        """Hang up, with a problem document unless an answer is on its way already."""
        OUTBOX.send()
        now = self._answered
        if now is None or now.response_complete or not now.response_started:
            id_ = new_id()
            status, headers, body = problem(code, detail, id_)
            own = {"content-length": len(body), "x-request-id": id_, "connection": "close"}
            self.transport.write(self._head(status, {**headers, **SAFE, **own}) + body)
        self.transport.close()

    def _head(self, status: int, headers: Mapping[str, object]) -> bytes:
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode()]
        lines += [name + b": " + value for name, value in self.server_state.default_headers]
        lines += [f"{name}: {value}".encode("latin-1") for name, value in headers.items()]
        return b"\r\n".join([*lines, b"", b""])

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: clients offer HTTP/2 as they please, and are answered without it."""

    def _await_taking(self) -> None:
        held = self.transport.get_write_buffer_size()
        self._taking = self.loop.call_later(self.taking_seconds, self._look_taken, held)

    def _look_taken(self, before: int) -> None:
        """Cut off who has taken nothing since the last look; what is held for it is let go."""
        if self.transport.get_write_buffer_size() < before:
            self._await_taking()
        else:
            self.transport.abort()

    def _be_patient(self) -> None:
        self._patience = self.loop.call_later(self.patience_seconds, self._look_again, self.scope)

    def _look_again(self, before: object) -> None:
        """Hang up if no request has begun, and none is being answered, since the last look."""
        idle = self.cycle is None or self.cycle.response_complete
        if idle and self.scope is before:
            self.transport.close()
        else:
            self._be_patient()


def _at_hand(app: Any, scope: Any) -> Message | None:
    """Return the answer of an application that knows one without waiting."""
    ask: Callable[[Scope], Message | None] | None = getattr(app, "at_hand", None)
    if ask is None:
        return None
    try:
        return ask(scope)
    # In its task it goes wrong again, and is told there.
    except Exception:  # noqa: BLE001
        return None
