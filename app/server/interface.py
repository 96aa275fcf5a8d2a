"""What the server and the application that it serves know of each other."""

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

# The type of an ASGI message that is a whole answer: `status` (int), `head` (header lines, bytes)
# and `body` (bytes). A scope names it among its extensions where the server accepts it.
WHOLE = "dateline.http.response.whole"
# The extension under which a scope has its `Exchange`, for what an application may ask for.
CONTROL = "dateline.http.control"


class ServerState(Protocol):
    """What uvicorn shares among the connections of a server."""

    total_requests: int
    # When the server stops, it calls `shutdown` of each.
    connections: set[Any]
    tasks: set[asyncio.Task[None]]
    default_headers: Headers


def refuse_in_plain_text(code: str, detail: str) -> ErrorResponse:
    """Refuse a request in plain text."""
    status = 500 if code == "internal" else 400
    return status, {"content-type": "text/plain; charset=utf-8"}, detail.encode()


@dataclass(frozen=True, slots=True)
class Hooks:
    """What an application gives to the server in addition to ASGI, as its attribute `hooks`.

    `lookup(scope)` returns an answer from memory as a `WHOLE` message, or None. `refuse(code,
    detail)` returns an answer of the server's own: status, headers, body. `drain()` says that the
    server is about to stop, and `stop()` ends what would go on for ever; both may be called again.
    `share(folder, slot)` says that other processes serve the same port: each has a slot in the
    folder, and there they find each other's counts.
    """

    lookup: Callable[[Scope], Message | None] = lambda _: None
    refuse: Callable[[str, str], ErrorResponse] = refuse_in_plain_text
    drain: Callable[[], None] = lambda: None
    stop: Callable[[], None] = lambda: None
    share: Callable[[str, int], None] = lambda _folder, _slot: None
    deadlines: Deadlines = field(default_factory=Deadlines)
    limits: Limits = field(default_factory=Limits)


def find_hooks(app: object) -> Hooks:
    """Return the hooks of an application, or such as limit nothing where it has none."""
    hooks: Hooks = getattr(app, "hooks", None) or Hooks()
    return hooks
