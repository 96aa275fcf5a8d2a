"""Timeouts of heads, bodies, and the reading of responses."""

import asyncio
import socket
import time
from collections.abc import Iterator

import pytest
import uvicorn

from app.api.http.asgi import Receive, Scope, Send, send_response
from app.api.http.server import allow_time, refuse
from app.server.deadlines import Deadlines
from app.server.interface import WHOLE, Hooks
from tests.server.serving import is_over_within, port_of, read_all, serve, split_responses

_GET = b"GET / HTTP/1.1\r\nHost: x\r\n"
_LARGE = {
    "type": WHOLE,
    "status": 200,
    "head": b"content-length: 50000000\r\n",
    "body": b"x" * 50_000_000,
}
_DEADLINES = Deadlines(head=0.4, body=0.4, body_rate=1_000, reading=0.4, extended=2.0, linger=0.1)


class Slow:
    """Reads bodies, at `/extended` with longer timeouts.

    `/large` is in memory, `/busy` takes a second, `/stream` sends without end, and `/left` records
    when its client disconnected.
    """

    def __init__(self) -> None:
        self.left = 0
        self.hooks = Hooks(
            lookup=lambda scope: dict(_LARGE) if scope["path"] == "/large" else None,
            refuse=refuse,
            deadlines=_DEADLINES,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if path == "/extended":
            allow_time(scope)
        if path == "/stream":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while (await _next(receive)) != "http.disconnect":
                part = {"type": "http.response.body", "body": b"x" * 65_536, "more_body": True}
                await send(part)
            self.left += 1
            return
        if path == "/early":
            await send_response(send, 401, {}, b"")
            return
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.left += 1
                return
            more = message["more_body"]
        if path == "/busy":
            await asyncio.sleep(1)
        await send_response(send, 200, {}, b"done")


async def _next(receive: Receive) -> str:
    try:
        async with asyncio.timeout(0.001):
            kind: str = (await receive())["type"]
            return kind
    except TimeoutError:
        return "nothing"


@pytest.fixture
def app() -> Slow:
    return Slow()


@pytest.fixture
def server(app: Slow) -> Iterator[uvicorn.Server]:
    with serve(app) as server:
        yield server
        server.force_exit = True


@pytest.fixture
def connection(server: uvicorn.Server) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port_of(server)), timeout=20) as client_socket:
        yield client_socket


def _wait_until_gone(server: uvicorn.Server, seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while server.server_state.connections:
        assert time.monotonic() < until, "it is still waited for"
        time.sleep(0.02)


@pytest.mark.parametrize("sent", [b"", b"\r\n", _GET + b"\r\n"])
def test_an_idle_connection_is_closed(connection: socket.socket, sent: bytes) -> None:
    connection.sendall(sent)
    start = time.monotonic()
    assert len(split_responses(read_all(connection))) == (sent[:3] == b"GET")
    assert 0.3 < time.monotonic() - start < 5


@pytest.mark.parametrize("sent", [b"GET / HT", _GET, _GET + b"X-Slow: "])
def test_an_incomplete_head_is_refused_after_the_timeout(
    connection: socket.socket, sent: bytes
) -> None:
    connection.sendall(sent)
    received = read_all(connection)
    assert split_responses(received) == [408]
    assert b'"code":"request_timeout"' in received


def test_a_slow_head_does_not_extend_its_timeout(connection: socket.socket) -> None:
    start = time.monotonic()
    connection.settimeout(0.02)
    received = b""
    connection.sendall(_GET + b"X: ")
    while not received:
        connection.sendall(b"a")
        try:
            received = connection.recv(1000)
        except TimeoutError:
            assert time.monotonic() - start < 5
    assert split_responses(received) == [408]


def test_empty_lines_do_not_keep_a_connection_open(connection: socket.socket) -> None:
    connection.sendall(_GET + b"\r\n")
    assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
    with pytest.raises(OSError, match=r"reset|Broken pipe"):
        _send_slowly(connection, b"\r\n", 500)


def _send_slowly(connection: socket.socket, part: bytes, times: int) -> None:
    for _ in range(times):
        connection.sendall(part)
        time.sleep(0.02)


@pytest.mark.parametrize("framing", [b"Content-Length: 9\r\n", b"Transfer-Encoding: chunked\r\n"])
@pytest.mark.parametrize("expects", [b"", b"Expect: 100-continue\r\n"])
def test_a_missing_body_is_refused_after_the_timeout(
    app: Slow, server: uvicorn.Server, connection: socket.socket, framing: bytes, expects: bytes
) -> None:
    connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\n" + framing + expects + b"\r\n")
    received = read_all(connection)
    assert split_responses(received)[-1] == 408
    connection.close()
    _wait_until_gone(server)
    assert app.left == 1


def test_a_body_that_is_too_slow_is_refused(connection: socket.socket) -> None:
    connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\n")
    connection.settimeout(0.05)
    received, start = b"", time.monotonic()
    while not received:
        connection.sendall(b"abc")
        try:
            received = connection.recv(1000)
        except TimeoutError:
            assert time.monotonic() - start < 5
    assert split_responses(received) == [408]


def test_a_body_that_is_fast_enough_is_read(connection: socket.socket) -> None:
    connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4000\r\n\r\n")
    _send_slowly(connection, b"x" * 100, 40)
    assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")


def test_the_application_may_extend_timeouts(connection: socket.socket) -> None:
    connection.sendall(b"POST /extended HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n")
    time.sleep(1)
    connection.sendall(b"x")
    time.sleep(1)
    connection.sendall(b"x")
    assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
    connection.sendall(b"POST /extended HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n")
    assert split_responses(read_all(connection)) == [408]


def test_an_unread_body_is_not_waited_for(connection: socket.socket) -> None:
    connection.sendall(b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n")
    assert connection.recv(1000).startswith(b"HTTP/1.1 401 ")
    assert is_over_within(connection, 5)


def test_the_application_has_no_timeout(connection: socket.socket) -> None:
    connection.sendall(b"GET /busy HTTP/1.1\r\nHost: x\r\n\r\n")
    assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("path", ["/large", "/stream"])
@pytest.mark.parametrize("more", ["", "Connection: close\r\n"])
@pytest.mark.parametrize("behind", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"])
def test_a_response_that_is_not_read_is_aborted(
    server: uvicorn.Server, connection: socket.socket, path: str, more: str, behind: bytes
) -> None:
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n{more}\r\n".encode() + behind)
    assert connection.recv(1)
    time.sleep(0.1)
    assert server.server_state.connections
    _wait_until_gone(server)


def test_a_response_that_is_read_slowly_is_sent(connection: socket.socket) -> None:
    connection.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    read = 0
    while part := connection.recv(2_000_000):
        read += len(part)
        time.sleep(0.03)
    assert read > 50_000_000


def test_the_application_is_notified_when_the_client_disconnects(
    app: Slow, connection: socket.socket
) -> None:
    connection.sendall(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
    until = time.monotonic() + 10
    while not app.left:
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_client_that_keeps_the_connection_open_is_disconnected(
    server: uvicorn.Server, connection: socket.socket
) -> None:
    connection.sendall(_GET + b"Connection: close\r\n\r\n")
    _wait_until_gone(server)
