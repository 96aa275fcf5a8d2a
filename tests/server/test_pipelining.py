"""Pipelined requests on a connection."""

import asyncio
import gc
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
import uvicorn

from app.api.http.asgi import Message, Receive, Scope, Send, send_response
from app.server.deadlines import Deadlines
from app.server.exchange import Exchange
from app.server.interface import WHOLE, Hooks
from tests.server.serving import port_of, serve, split_responses

_HEAD = " HTTP/1.1\r\nHost: x\r\n\r\n"
_NEXT = f"GET /next{_HEAD}".encode()


class App:
    """Has `/ready` in memory, and runs `/long` until its client disconnects.

    `/v1/stream` never ends; other requests are recorded.
    """

    def __init__(self) -> None:
        self.hooks = Hooks(lookup=self.lookup, deadlines=Deadlines(reading=0.5))
        self.requests: list[str] = []
        self.left = threading.Event()

    def lookup(self, scope: Scope) -> Message | None:
        if scope["path"] != "/ready":
            return None
        return {"type": WHOLE, "status": 200, "head": b"content-length: 2\r\n", "body": b"ok"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": []}
        part = {"type": "http.response.body", "body": b"x" * 65_536, "more_body": True}
        if scope["path"] == "/v1/stream":
            await send(start)
            for _ in range(10_000):
                await send(part)
        elif scope["path"] == "/long":
            await send(start)
            leaving = asyncio.create_task(_remaining(receive))
            while not leaving.done():
                # The server reads nothing while requests wait, so only a write detects the
                # disconnect.
                await send(part | {"body": b"x"})
                await asyncio.sleep(0.02)
            self.left.set()
        else:
            self.requests.append(scope["path"])
            await send_response(send, 200, {}, b"")


def _send(connection: socket.socket, data: bytes) -> None:
    with suppress(OSError):
        connection.sendall(data)


async def _remaining(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
def server(app: App) -> Iterator[uvicorn.Server]:
    with serve(app) as server:
        yield server
        server.force_exit = True


@pytest.fixture
def connection(server: uvicorn.Server) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port_of(server)), timeout=30) as client_socket:
        yield client_socket


def _read_rest(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65_536), b""))


def _begin(connection: socket.socket, path: str, behind: bytes = _NEXT) -> None:
    """Send an endless request, and another one after it."""
    data = f"GET {path}{_HEAD}".encode() + behind
    threading.Thread(target=_send, args=(connection, data), daemon=True).start()
    assert connection.recv(15) == b"HTTP/1.1 200 OK"


@pytest.mark.parametrize("last", ["/ready", "/slow"])
def test_requests_after_the_last_one_are_ignored(
    app: App, connection: socket.socket, last: str
) -> None:
    head = f"GET {last} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    connection.sendall(head.encode() + f"DELETE /next{_HEAD}".encode())
    assert _read_rest(connection).count(b"HTTP/1.1 ") == 1
    time.sleep(0.1)
    assert "/next" not in app.requests


def test_a_response_ends_on_disconnect_with_pipelined_requests(
    app: App, connection: socket.socket
) -> None:
    _begin(connection, "/long")
    connection.close()
    assert app.left.wait(5)


def test_no_refusal_is_written_into_a_response(app: App, connection: socket.socket) -> None:
    _begin(connection, "/long", b"")
    connection.sendall(_NEXT + b"no HTTP\r\n\r\n")
    time.sleep(0.2)
    connection.close()
    assert app.left.wait(5)
    assert app.requests == []


def test_earlier_responses_are_sent_before_a_refusal(connection: socket.socket) -> None:
    connection.sendall(f"GET /ready{_HEAD}".encode() + b"no HTTP\r\n\r\n")
    received = _read_rest(connection)
    assert received.index(b"HTTP/1.1 200 ") < received.index(b"HTTP/1.1 400 ")


def test_many_pipelined_requests_are_answered_in_order(connection: socket.socket) -> None:
    data = f"GET /ready{_HEAD}".encode() + f"GET /a{_HEAD}".encode() + f"HEAD /b{_HEAD}".encode()
    sender = threading.Thread(target=connection.sendall, args=(data * 3_000,))
    sender.start()
    connection.settimeout(30)
    received = b""
    while len(split_responses(received)) < 9_000:
        received += connection.recv(1_000_000)
    sender.join()
    assert split_responses(received) == [200] * 9_000


def test_few_pipelined_requests_are_parsed_ahead(app: App, connection: socket.socket) -> None:
    _begin(connection, "/long", _NEXT * 50_000)
    time.sleep(0.2)
    gc.collect()
    before = len([item for item in gc.get_objects() if isinstance(item, Exchange)])
    assert before <= 1_000


def test_a_listener_that_does_not_read_is_disconnected(
    server: uvicorn.Server, connection: socket.socket
) -> None:
    _begin(connection, "/v1/stream")
    until = time.monotonic() + 5
    while server.server_state.connections:
        assert time.monotonic() < until, "it is still listened to"
        time.sleep(0.05)
