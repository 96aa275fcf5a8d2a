"""The port of operators: a second listener of the same process, which serves their pages alone."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn

from app.api.http.asgi import App, Receive, Scope, Send
from app.api.http.server import refuse
from app.server.interface import Headers, Hooks
from app.server.limits import Limits, SlotCounter
from app.server.protocol import HttpProtocol

_MOST_CONNECTIONS = 100


@dataclass(frozen=True, slots=True)
class OperationsApp:
    """The application at the port of operators, with what the server has to know of it."""

    app: App
    hooks: Hooks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""
        await self.app(scope, receive, send)


@dataclass(slots=True)
class _State:
    """What the connections of this port share."""

    total_requests: int = 0
    connections: set[Any] = field(default_factory=set)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    default_headers: Headers = field(default_factory=list)


def operations_app(app: App) -> OperationsApp:
    """Give an application the limits of the port of operators."""
    return OperationsApp(app, Hooks(refuse=refuse, limits=Limits(SlotCounter(_MOST_CONNECTIONS))))


@asynccontextmanager
async def serving_operators(app: OperationsApp, host: str, port: int) -> AsyncIterator[None]:
    """Serve an application at a port, in the running event loop."""
    config = uvicorn.Config(app, lifespan="off", log_config=None, proxy_headers=False)
    config.load()
    state = _State()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: HttpProtocol(config, state, {}), sock=_listening(host, port)
    )
    try:
        yield
    finally:
        server.close()
        for connection in list(state.connections):
            connection.shutdown()


def _listening(host: str, port: int) -> socket.socket:
    """Return a socket that shares its port with those of other processes of this user."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, address = found[0]
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind(address)
    except OSError:
        listening.close()
        raise
    return listening
