"""Requests that come behind another on a connection, before it is answered."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn

from app.api.edge.asgi import Message, Receive, Scope, Send, answer
from app.api.edge.cycle import WHOLE
from app.api.edge.protocol import Protocol
from tests.edge.serving import port_of, served

_HEAD = " HTTP/1.1\r\nHost: x\r\n\r\n"
_NEXT = f"GET /next{_HEAD}".encode()


class Hasty(Protocol):
    """As the product has it, with less patience."""

    taking_seconds = 0.2


class Desk:
    """An application that has `/ready` at hand, and goes on with `/long` until its reader leaves.

    `/v1/stream` never ends, and what else is asked for is noted.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.left = threading.Event()

    def at_hand(self, scope: Scope) -> Message | None:
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
            leaving = asyncio.create_task(_left(receive))
            while not leaving.done():
                # Nothing is read while others wait, so only writing shows that nobody is there.
                await send(part | {"body": b"x"})
                await asyncio.sleep(0.02)
            self.left.set()
        else:
            self.asked.append(scope["path"])
            await answer(send, 200, {}, b"")


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def server(desk: Desk) -> Iterator[uvicorn.Server]:
    with served(desk, Hasty) as server:
        yield server
        server.force_exit = True


@pytest.fixture
def connection(server: uvicorn.Server) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port_of(server)), timeout=30) as made:
        yield made


def _rest(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65_536), b""))


def _begun(connection: socket.socket, path: str, behind: bytes = _NEXT) -> None:
    """Ask for what goes on, and for something else behind it."""
    connection.sendall(f"GET {path}{_HEAD}".encode() + behind)
    assert connection.recv(15) == b"HTTP/1.1 200 OK"


@pytest.mark.parametrize("last", ["/ready", "/slow"])
def test_nothing_is_done_behind_the_last_answer(
    desk: Desk, connection: socket.socket, last: str
) -> None:
    # Whoever speaks HTTP/1.0 gets one answer, whatever it asks of the connection.
    head = f"GET {last} HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n"
    connection.sendall(head.encode() + f"DELETE /next{_HEAD}".encode())
    assert _rest(connection).count(b"HTTP/1.1 ") == 1
    time.sleep(0.1)
    assert "/next" not in desk.asked


def test_an_answer_ends_as_its_reader_leaves_whatever_waits_behind(
    desk: Desk, connection: socket.socket
) -> None:
    _begun(connection, "/long")
    connection.close()
    assert desk.left.wait(5)


def test_no_refusal_is_written_into_an_answer(desk: Desk, connection: socket.socket) -> None:
    _begun(connection, "/long", b"")
    connection.sendall(_NEXT + b"no HTTP\r\n\r\n")
    assert b"HTTP/1.1 400" not in _rest(connection)
    assert desk.left.wait(5)


def test_what_was_answered_comes_before_a_refusal(connection: socket.socket) -> None:
    connection.sendall(f"GET /ready{_HEAD}".encode() + b"no HTTP\r\n\r\n")
    found = _rest(connection)
    assert found.index(b"HTTP/1.1 200 ") < found.index(b"HTTP/1.1 400 ")


def test_who_has_no_more_to_ask_is_answered(connection: socket.socket) -> None:
    connection.sendall(f"GET /ready{_HEAD}".encode())
    connection.shutdown(socket.SHUT_WR)
    assert _rest(connection).endswith(b"ok")


def test_a_listener_that_takes_nothing_is_cut_off_whatever_waits_behind(
    server: uvicorn.Server, connection: socket.socket
) -> None:
    _begun(connection, "/v1/stream")
    until = time.monotonic() + 5
    while server.server_state.connections:
        assert time.monotonic() < until, "it is still listened to"
        time.sleep(0.05)
