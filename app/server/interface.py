"""The interface between the server and the application."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.server.deadlines import Deadlines
from app.server.limits import Limits

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]
ErrorResponse = tuple[int, Mapping[str, str], bytes]

# The type of an ASGI message that is a complete response: `status` (int), `head` (header lines as
# bytes) and `body` (bytes). A server that accepts it lists it in the extensions of the scope.
WHOLE = "dateline.http.response.whole"
# The extension of the scope that contains its `Exchange`, for timeouts and listeners.
CONTROL = "dateline.http.control"


class ServerState(Protocol):
    """The state that uvicorn shares among the connections of a server."""

    total_requests: int
    # uvicorn calls `shutdown` of each when the server stops.
    connections: set[Any]
    tasks: set[asyncio.Task[None]]
    default_headers: Headers


def refuse_in_plain_text(code: str, detail: str) -> ErrorResponse:
    """Build an error response in plain text."""
    status = 500 if code == "internal" else 400
    return status, {"content-type": "text/plain; charset=utf-8"}, detail.encode()


@dataclass(frozen=True, slots=True)
class Hooks:
    """What an application provides to the server in addition to ASGI, as its attribute `hooks`.

    `lookup(scope)` returns a cached response as a `WHOLE` message, or None. `refuse(code, detail)`
    returns an error response: status, headers, body. `drain()` announces that the server will stop,
    and `stop()` ends endless responses; both may be called again. `share(folder, slot)` says that
    other processes serve the same port: they share metrics in the folder, where each has a slot.
    """

    lookup: Callable[[Scope], Message | None] = lambda _: None
    refuse: Callable[[str, str], ErrorResponse] = refuse_in_plain_text
    drain: Callable[[], None] = lambda: None
    stop: Callable[[], None] = lambda: None
    share: Callable[[str, int], None] = lambda _folder, _slot: None
    deadlines: Deadlines = field(default_factory=Deadlines)
    limits: Limits = field(default_factory=Limits)


def find_hooks(app: object) -> Hooks:
    """Return the hooks of an application, or default hooks without limits."""
    hooks: Hooks = getattr(app, "hooks", None) or Hooks()
    return hooks
