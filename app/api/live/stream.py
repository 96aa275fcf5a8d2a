"""The live stream: changes as server-sent events, for thousands of clients that mostly wait.

Format and reconnection: the HTML standard, section 9.2 (server-sent events). All middleware
runs once, when a listener is admitted, and then returns: no coroutine of it stays on the stack for
hours. The outermost middleware then passes the connection to the event hub.
"""

from app.access.caller import Caller
from app.api.http.access import ReadPolicy
from app.api.http.asgi import App, Receive, Scope, Send, header, state
from app.api.http.server import acquire_listener_slot
from app.api.live.broadcast import Broadcast
from app.api.live.change_notifier import ChangeNotifier
from app.api.live.event_hub import EventHub, Listener
from app.api.live.key_revalidation import KeyRevalidation
from app.api.live.sync_requests import CURSOR, FOLLOWING, cursor_of, follower_of, short_read
from app.bootstrap import Services
from app.syndication.sync.sync_state import SyncState

PATH = "/v1/stream"
MEDIA_TYPE = b"text/event-stream; charset=utf-8"
HEADERS = [
    (b"content-type", MEDIA_TYPE),
    (b"cache-control", b"no-store"),
    # nginx would gather events until a buffer is full.
    (b"x-accel-buffering", b"no"),
]
# An id without data is no event, but is what a browser that lost the connection comes back with:
# who had heard of nothing yet misses nothing, either.
_OPENING = b"retry: 2000\nid: %b\n\n"


class StreamMiddleware:
    """Admits listeners to the stream; all other requests pass."""

    def __init__(self, app: App, services: Services, notifier: ChangeNotifier) -> None:
        """Stand in front of an application."""
        self._app = app
        self._services = services
        most = services.settings.stream_listeners
        self._hub = EventHub(notifier, Broadcast(services), KeyRevalidation(services), most)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Begin the answer to a listener; it goes on where it is `let_in`."""
        if scope["type"] != "http" or scope["path"] != PATH or not _listens(scope):
            await self._app(scope, receive, send)
            return
        known = state(scope)
        known["route"] = PATH
        acquire_listener_slot(scope, self._services.settings)
        place = await short_read(self._services, lambda: self._follower(scope))
        listener = self._hub.admit(known["caller"], place)
        opening = _OPENING % cursor_of(self._services, place).encode()
        try:
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            await send({"type": "http.response.body", "body": opening, "more_body": True})
        except BaseException:
            self._hub.leave(listener)
            raise
        known["listener"] = listener

    def _follower(self, scope: Scope) -> SyncState:
        """Return where a listener stands: at its last event, its cursor, or now."""
        caller: Caller = state(scope)["caller"]
        ReadPolicy.STORIES.allow(self._services, caller)
        values = FOLLOWING.parse(scope["query_string"])
        cursor = header(scope, b"last-event-id") or values[CURSOR]
        # A snapshot is for `/v1/changes`; whoever was taking one hears what is new since.
        follower = follower_of(self._services, values, cursor, caller.rights)
        return self._services.changes.follow_from_now(follower)


def let_in(scope: Scope) -> Listener | None:
    """Return the listener that a request has become, if it is one; nothing else is kept of it."""
    listener: Listener | None = state(scope).get("listener")
    if listener is not None:
        # What the server still asks of a request whose answer has begun; its headers are over.
        kept = {name: scope[name] for name in ("type", "method", "path")}
        scope["headers"].clear()
        scope.clear()
        scope.update(kept)
    return listener


def _listens(scope: Scope) -> bool:
    return scope["method"] == "GET" and not state(scope).get("bare", False)
