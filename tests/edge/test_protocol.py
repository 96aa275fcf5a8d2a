"""What comes on a connection and is no request, or never becomes one."""

import json
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn

from app.api.edge.asgi import Receive, Scope, Send, answer
from app.api.edge.protocol import MOST_BYTES, Protocol
from tests.edge.serving import port_of, served

_GET = b"GET / HTTP/1.1\r\nHost: x\r\n"
_POST = b"POST / HTTP/1.1\r\nHost: x\r\n"


class Hasty(Protocol):
    """As the product has it, with less patience."""

    patience_seconds = 0.2
    taking_seconds = 0.2


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with how many bytes of a body came, or with a long stream."""
    if scope["path"] == "/v1/stream":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(10_000):
            await send({"type": "http.response.body", "body": b"x" * 65_536, "more_body": True})
        return
    read, more = 0, True
    while more:
        message = await receive()
        read += len(message.get("body", b""))
        more = message.get("more_body", False)
    await answer(send, 200, {}, b"read %d" % read)


@pytest.fixture(scope="module")
def server() -> Iterator[uvicorn.Server]:
    with served(_app, Hasty, proxy_headers=True) as server:
        yield server


@pytest.fixture
def connection(server: uvicorn.Server) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port_of(server)), timeout=30) as made:
        yield made


def _rest(connection: socket.socket) -> bytes:
    """Read until the server hangs up."""
    found = b""
    while True:
        try:
            part = connection.recv(65_536)
        except ConnectionResetError:
            return found
        if not part:
            return found
        found += part


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\r\n\r\n",
        b"get / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET /été HTTP/1.1\r\nHost: x\r\n\r\n".encode(),
        b"GET / HTTP/1.1\nHost: x\n\n",
        _GET + b"X-A : a\r\n\r\n",
        _GET + b"X-A: a\r\n b\r\n\r\n",
        _POST + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
        _POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        _POST + b"Content-Length: +4\r\n\r\nabcd",
    ],
)
def test_what_is_no_http_is_refused_with_a_problem(connection: socket.socket, sent: bytes) -> None:
    connection.sendall(sent)
    head, _, body = _rest(connection).partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    assert lines[0] == b"http/1.1 400 bad request"
    assert b"content-type: application/problem+json" in lines
    assert any(line.startswith(b"date: ") for line in lines)
    problem = json.loads(body)
    assert problem["code"] == "malformed_request"
    assert f"x-request-id: {problem['request_id']}".encode() in lines


def test_a_head_without_end_is_refused(connection: socket.socket) -> None:
    connection.sendall(_GET)
    line = b"X-Long: " + b"a" * 8_000 + b"\r\n"
    for _ in range(MOST_BYTES // len(line) + 2):
        connection.sendall(line)
    # What is left unread makes the system reset the connection, with the answer or without it.
    assert _rest(connection)[:12] in {b"", b"HTTP/1.1 431"}


def test_trailers_without_end_are_cut_off(connection: socket.socket) -> None:
    connection.sendall(_POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n")
    trailers = (b"X-Trailer: " + b"a" * 8_000 + b"\r\n") * 4_000
    with pytest.raises(OSError, match=r"reset|Broken pipe"):
        connection.sendall(trailers)


def test_a_large_body_is_not_taken_for_a_head(connection: socket.socket) -> None:
    size = 20 * MOST_BYTES
    connection.sendall(_POST + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % size)
    connection.sendall(b"x" * size)
    assert _rest(connection).endswith(b"read %d" % size)


def test_many_requests_at_once_are_not_taken_for_a_head(connection: socket.socket) -> None:
    number = 2 * MOST_BYTES // len(_GET)
    last = _GET + b"Connection: close\r\n\r\n"
    sender = threading.Thread(
        target=connection.sendall, args=((_GET + b"\r\n") * (number - 1) + last,)
    )
    sender.start()
    assert _rest(connection).count(b"200 OK") == number
    sender.join()


@pytest.mark.parametrize("sent", [b"", b"GET / HT", _GET, _GET + b"X-Slow: "])
def test_nobody_is_waited_for_for_ever(connection: socket.socket, sent: bytes) -> None:
    connection.sendall(sent)
    _rest(connection)


def test_nobody_stays_by_sending_empty_lines(connection: socket.socket) -> None:
    connection.sendall(_GET + b"\r\n")
    assert connection.recv(65_536).startswith(b"HTTP/1.1 200 OK")
    connection.sendall(b"\r\n")
    assert _rest(connection) == b""


def test_a_request_sets_no_timer(server: uvicorn.Server, connection: socket.socket) -> None:
    for _ in range(2):
        connection.sendall(_GET + b"\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 OK")
    timers = [vars(one)["timeout_keep_alive_task"] for one in server.server_state.connections]
    assert timers.count(None) == len(timers) >= 1


def test_who_offers_another_protocol_is_answered_without_it(
    connection: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    for _ in range(2):
        connection.sendall(_GET + offer + b"\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 OK")
    assert caplog.text == ""


def test_a_listener_that_takes_nothing_is_cut_off(
    server: uvicorn.Server, connection: socket.socket
) -> None:
    connection.sendall(b"GET /v1/stream HTTP/1.1\r\nHost: x\r\n\r\n")
    assert connection.recv(1)
    own = connection.getsockname()
    until = time.monotonic() + 30
    while any(getattr(one, "client", None) == own for one in server.server_state.connections):
        assert time.monotonic() < until, "it is still listened to"
        time.sleep(0.05)
