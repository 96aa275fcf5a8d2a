"""The port for operators: a second server in the same process, which serves only their pages."""

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

_MAX_CONNECTIONS = 100


@dataclass(frozen=True, slots=True)
class OperatorApp:
    """The application at the port for operators, with its hooks for the server."""

    app: App
    hooks: Hooks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass every request on."""
        await self.app(scope, receive, send)


@dataclass(slots=True)
class _ServerState:
    """The state that the connections of this port share (see `ServerState`)."""

    total_requests: int = 0
    connections: set[Any] = field(default_factory=set)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    default_headers: Headers = field(default_factory=list)


def build_operator_app(app: App) -> OperatorApp:
    """Give an application the limits of the port for operators."""
    return OperatorApp(app, Hooks(refuse=refuse, limits=Limits(SlotCounter(_MAX_CONNECTIONS))))


@asynccontextmanager
async def serve_operators(app: OperatorApp, host: str, port: int) -> AsyncIterator[None]:
    """Serve an application at a port in the running event loop."""
    config = uvicorn.Config(app, lifespan="off", log_config=None, proxy_headers=False)
    config.load()
    state = _ServerState()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: HttpProtocol(config, state, {}), sock=_open_socket(host, port)
    )
    try:
        yield
    finally:
        server.close()
        for connection in list(state.connections):
            connection.shutdown()


def _open_socket(host: str, port: int) -> socket.socket:
    """Open a socket; other processes of the same user can bind the same port."""
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, address = addresses[0]
    server_socket = socket.socket(family, kind, protocol)
    try:
        server_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server_socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        server_socket.bind(address)
    except OSError:
        server_socket.close()
        raise
    return server_socket
