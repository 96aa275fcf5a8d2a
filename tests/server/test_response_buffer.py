"""The response buffer: responses of a loop iteration are sent together, in order."""

import asyncio
import socket
import time
from asyncio import WriteTransport
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, cast

import pytest
import uvicorn

from app.api.http.asgi import Message, Receive, Scope, Send
from app.server.interface import WHOLE, Hooks
from app.server.response_buffer import ResponseBuffer
from tests.server.serving import port_of, serve


class Wire:
    """A connection that records what is sent on it."""

    def __init__(self, sent: list[bytes]) -> None:
        self.sent = sent
        self.closing = False

    def is_closing(self) -> bool:
        return self.closing

    def write(self, data: bytes) -> None:
        self.sent.append(data)


def _wire(sent: list[bytes]) -> Any:
    return cast(WriteTransport, Wire(sent))


def test_responses_are_sent_at_the_end_of_a_loop_iteration() -> None:
    async def test() -> None:
        sent: list[bytes] = []
        outbox = ResponseBuffer()
        for number in range(3):
            outbox.put(_wire(sent), b"%d" % number)
        assert sent == []
        await asyncio.sleep(0)
        assert sent == [b"0", b"1", b"2"]
        outbox.put(_wire(sent), b"3")
        await asyncio.sleep(0)
        assert sent[3:] == [b"3"]

    asyncio.run(test())


def test_at_most_sixteen_responses_are_buffered() -> None:
    async def test() -> None:
        sent: list[bytes] = []
        outbox = ResponseBuffer()
        for _ in range(17):
            outbox.put(_wire(sent), b"x")
        assert len(sent) == 16
        await asyncio.sleep(0)
        assert len(sent) == 17

    asyncio.run(test())


def test_nothing_is_written_to_a_closed_connection() -> None:
    async def test() -> None:
        sent: list[bytes] = []
        outbox, gone = ResponseBuffer(), _wire(sent)
        outbox.put(gone, b"for nobody")
        outbox.put(_wire(sent), b"for somebody")
        gone.closing = True
        await asyncio.sleep(0)
        assert sent == [b"for somebody"]

    asyncio.run(test())


class Slow:
    """Has everything in memory; `/slow` responds after others have arrived."""

    def __init__(self) -> None:
        self.created = 0
        self.before: Callable[[], None] = lambda: None
        self.hooks = Hooks(lookup=self.lookup)

    def lookup(self, scope: Scope) -> Message:
        time.sleep(0.3 if scope["path"] == "/slow" else 0.01)
        self.created += 1
        self.before()
        return {"type": WHOLE, "status": 200, "head": b"content-length: 2\r\n", "body": b"ok"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def server(slow: Slow) -> Iterator[uvicorn.Server]:
    with serve(slow) as server:
        yield server


@pytest.fixture
def port(server: uvicorn.Server) -> int:
    return port_of(server)


def _ask(connection: socket.socket, path: str = "/") -> None:
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())


def _is_answered(connection: socket.socket) -> bool:
    return connection.recv(1000).endswith(b"ok")


def test_received_requests_are_parsed_before_responses_are_sent(slow: Slow, port: int) -> None:
    with ExitStack() as opened:
        address = ("127.0.0.1", port)
        first, *others = [
            opened.enter_context(socket.create_connection(address, timeout=30)) for _ in range(4)
        ]
        # The server has read all of them.
        for item in (first, *others):
            _ask(item)
            assert _is_answered(item)
        _ask(first, "/slow")
        time.sleep(0.05)
        for other in others:
            _ask(other)
        assert _is_answered(first)
        assert _is_answered(others[0])
        assert slow.created == 8
        assert all(_is_answered(other) for other in others[1:])


def test_the_buffer_is_sent_before_a_stopping_server_closes(
    slow: Slow, server: uvicorn.Server, port: int
) -> None:
    def stop() -> None:
        (connection,) = server.server_state.connections
        asyncio.get_running_loop().call_soon(connection.shutdown)

    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        slow.before = stop
        _ask(connection)
        assert _is_answered(connection)
        assert connection.recv(1000) == b""
