"""The live stream: changes as server-sent events, for thousands of clients that mostly wait.

Format and reconnection: the HTML standard, section 9.2 (server-sent events). All middleware
runs once, when the stream starts, and then returns: no coroutine of it stays on the stack for
hours. The outermost middleware then passes the connection to the event hub.
"""

from app.access.caller import Caller
from app.api.http.access import ReadPolicy
from app.api.http.asgi import App, Receive, Scope, Send, header, state
from app.api.http.server import acquire_listener_slot
from app.api.live.broadcast import Broadcast
from app.api.live.change_notifier import ChangeNotifier
from app.api.live.event_hub import PATH, EventHub, Listener
from app.api.live.key_revalidation import KeyRevalidation
from app.api.live.sync_requests import (
    CURSOR,
    STREAM_PARAMETERS,
    build_cursor,
    parse_sync_state,
    short_read,
)
from app.bootstrap import Services
from app.syndication.sync.sync_state import SyncState

MEDIA_TYPE = b"text/event-stream; charset=utf-8"
HEADERS = [
    (b"content-type", MEDIA_TYPE),
    (b"cache-control", b"no-store"),
    # Without it, nginx buffers events.
    (b"x-accel-buffering", b"no"),
]
# An id without data is no event, but a browser that reconnects sends it as `Last-Event-ID`. So a
# client that lost the connection before the first event misses none.
_OPENING = b"retry: 2000\nid: %b\n\n"


class StreamMiddleware:
    """Starts the response to a listener; all other requests are passed on."""

    def __init__(self, app: App, services: Services, notifier: ChangeNotifier) -> None:
        """Wrap an application."""
        self._app = app
        self._services = services
        limit = services.settings.stream_listeners
        broadcast, revalidation = Broadcast(services), KeyRevalidation(services)
        self._hub = EventHub(notifier, broadcast, revalidation, services.usage, limit)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Start a stream; the outermost middleware continues it after `take_listener`."""
        if scope["type"] != "http" or scope["path"] != PATH or not _is_stream(scope):
            await self._app(scope, receive, send)
            return
        known = state(scope)
        known["route"] = PATH
        acquire_listener_slot(scope, self._services.settings)
        sync_state = await short_read(self._services, lambda: self._read_sync_state(scope))
        caller: Caller = known["caller"]
        await short_read(self._services, lambda: self._services.usage.quotas.check_reached(caller))
        listener = self._hub.add(caller, sync_state)
        opening = _OPENING % build_cursor(self._services, sync_state).encode()
        try:
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            await send({"type": "http.response.body", "body": opening, "more_body": True})
        except BaseException:
            self._hub.remove(listener)
            raise
        known["listener"] = listener

    def _read_sync_state(self, scope: Scope) -> SyncState:
        """Return the sync state of the last event or of the cursor, or the current one."""
        caller: Caller = state(scope)["caller"]
        ReadPolicy.STORIES.allow(self._services, caller)
        values = STREAM_PARAMETERS.parse(scope["query_string"])
        cursor = header(scope, b"last-event-id") or values[CURSOR]
        # Only `/v1/changes` has snapshots. For a cursor within one, the stream starts now.
        sync_state = parse_sync_state(self._services, values, cursor, caller.entitlement)
        return self._services.changes.follow_from_now(sync_state)


def take_listener(scope: Scope) -> Listener | None:
    """Return the listener of a request, if it is a stream, and clear its scope to save memory."""
    listener: Listener | None = state(scope).get("listener")
    if listener is not None:
        # The server still needs these after the response has started.
        remaining = {name: scope[name] for name in ("type", "method", "path")}
        scope["headers"].clear()
        scope.clear()
        scope.update(remaining)
    return listener


def _is_stream(scope: Scope) -> bool:
    return scope["method"] == "GET" and not state(scope).get("bare", False)
