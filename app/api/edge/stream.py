"""The live stream: changes as server-sent events, for thousands who mostly wait.

Format and reconnection: the HTML standard, section 9.2 (server-sent events). A listener costs a
coroutine; nothing is read for it as long as nothing is written, and what is read is shared by
all that stand at the same place. Who is slow holds up only its own reading; who takes nothing at
all is cut off (`protocol`).
"""

import asyncio
from contextlib import suppress

from app.access.caller import Caller
from app.api.broadcast import Broadcast, News
from app.api.dependencies import allow_reading
from app.api.edge.asgi import App, Receive, Scope, Send, header, state
from app.api.errors import TooManyListeners
from app.api.following import FOLLOWING, follower_of
from app.api.params import Parameters
from app.api.pulse import Pulse
from app.bootstrap import Services
from app.syndication.sync.place import Follower

PATH = "/v1/stream"
MEDIA_TYPE = b"text/event-stream; charset=utf-8"
HEADERS = [
    (b"content-type", MEDIA_TYPE),
    (b"cache-control", b"no-store"),
    # nginx would gather events until a buffer is full.
    (b"x-accel-buffering", b"no"),
]
_HEARTBEAT_SECONDS = 15.0
_SLICE = 64 * 1024
_HEARTBEAT = b":\n\n"
_RETRY = b"retry: 2000\n\n"


class StreamRing:
    """Answers who listens; everything else passes."""

    def __init__(self, app: App, services: Services, pulse: Pulse) -> None:
        """Stand in front of an application."""
        self._app = app
        self._services = services
        self._pulse = pulse
        self._broadcast = Broadcast(services)
        self._listeners = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a listener listen, until it leaves."""
        if scope["type"] != "http" or scope["path"] != PATH or not _listens(scope):
            await self._app(scope, receive, send)
            return
        state(scope)["route"] = PATH
        follower = await asyncio.to_thread(self._follower, scope)
        if self._listeners >= self._services.settings.stream_listeners:
            raise TooManyListeners("As many listen as this server allows. Try again later.")
        self._listeners += 1
        try:
            await _until_gone(receive, self._tell(send, follower))
        finally:
            self._listeners -= 1

    def _follower(self, scope: Scope) -> Follower:
        """Return where a listener stands: at its last event, its cursor, or now."""
        caller: Caller = state(scope)["caller"]
        allow_reading(self._services, caller, stories=True)
        params = Parameters(scope["query_string"], FOLLOWING)
        cursor = header(scope, b"last-event-id") or params.text("cursor")
        # A snapshot is for `/v1/changes`; whoever was taking one hears what is new since.
        return self._services.changes.from_now(follower_of(self._services, params, cursor))

    async def _tell(self, send: Send, follower: Follower) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await _event(send, _RETRY)
        while not self._pulse.ended:
            version = self._pulse.version
            news: News = await self._broadcast.next(follower, version)
            follower = news.follower
            if news.events:
                await _event(send, news.events)
            if not news.more and not await self._pulse.changed(version, _HEARTBEAT_SECONDS):
                await _event(send, _HEARTBEAT)
        # Whoever listened comes back, to another process or to this one started anew.
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _listens(scope: Scope) -> bool:
    return scope["method"] == "GET" and not state(scope).get("bare", False)


async def _event(send: Send, data: bytes) -> None:
    """Send events in slices, each when the one before has been taken: no more is held for one."""
    for start in range(0, len(data), _SLICE):
        part = data[start : start + _SLICE]
        await send({"type": "http.response.body", "body": part, "more_body": True})


async def _until_gone(receive: Receive, telling: object) -> None:
    """Run until the listener leaves; the server says so through `receive`."""
    task = asyncio.ensure_future(telling)  # type: ignore[call-overload]
    try:
        while not task.done():
            gone = asyncio.ensure_future(receive())
            await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
            if gone.done() and gone.result()["type"] == "http.disconnect":
                return
            gone.cancel()
        task.result()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, OSError):
            await task
