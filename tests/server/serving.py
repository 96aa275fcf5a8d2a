"""Serves an application with uvicorn, in a thread, on a free port."""

import re
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from app.server.protocol import HttpProtocol


@contextmanager
def serve(app: Any, protocol: Any = HttpProtocol, **more: Any) -> Iterator[uvicorn.Server]:
    """Serve an application like the product does, with other options in `more`."""
    config = uvicorn.Config(
        app,
        port=0,
        http=protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        # An application between the server and the cache has no inline lookup.
        **{"proxy_headers": False, **more},
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield server
    finally:
        server.should_exit = True
        thread.join()


def port_of(server: uvicorn.Server) -> int:
    """Return the port of a server."""
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port


def read_all(connection: socket.socket) -> bytes:
    """Read until the server closes the connection."""
    received = b""
    while True:
        try:
            part = connection.recv(65_536)
        except ConnectionResetError:
            return received
        if not part:
            return received
        received += part


def split_responses(data: bytes) -> list[int]:
    """Return the statuses of responses, in order."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", data)]


def is_over_within(connection: socket.socket, seconds: float) -> bool:
    """Read responses; return whether the server closes the connection in time."""
    connection.settimeout(seconds)
    try:
        read_all(connection)
    except TimeoutError:
        return False
    return True
