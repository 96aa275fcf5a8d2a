"""Bytes in any chunks result in the same requests."""

import gc
import socket
from typing import Any, cast

import pytest
import uvicorn

from app.api.http.asgi import Receive, Scope, Send, send_response
from app.server.protocol import HttpProtocol
from app.server.request_reader import RequestReader
from tests.server.serving import port_of, read_all, serve

_OFFER = b"Connection: Upgrade\r\nUpgrade: h2c\r\n"
_CHUNKS = b"5\r\nhello\r\n4\r\n\r\n\r\n\r\n0\r\nX-Trailer: a\r\n\r\n"
_CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n" + _CHUNKS
_SENT = [
    (b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n", b""),
    (b"POST /b HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nab\r\n\r\n", b"ab\r\n\r\n"),
    (b"POST /c HTTP/1.1\r\nHost: x\r\n" + _CHUNKED, b"hello\r\n\r\n"),
    (b"\r\nPOST /d HTTP/1.1\r\nHost: x\r\n" + _OFFER + _CHUNKED, b"hello\r\n\r\n"),
    (b"GET /e HTTP/1.1\r\nHost: x\r\n" + _OFFER + b"\r\n", b""),
    (b"POST /f HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n" + _OFFER + b"\r\nab", b"ab"),
    (b"GET /g HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", b""),
]


class RecordingConnection:
    """A connection that records its requests and their bodies."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.bodies: list[bytes] = []

    def on_request(self, scope: Scope, **_: Any) -> None:
        self.paths.append(scope["path"])
        self.bodies.append(b"")

    def on_body(self, part: bytes) -> None:
        self.bodies[-1] += part


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 11, 31, 10_000])
def test_requests_may_arrive_in_any_chunks(size: int) -> None:
    recorder = RecordingConnection()
    reader = RequestReader(cast(HttpProtocol, recorder), {})
    sent = b"".join(data for data, _ in _SENT)
    for begin in range(0, len(sent), size):
        piece = bytearray(sent[begin : begin + size])
        while piece:
            before = len(recorder.paths), bool(reader.unread)
            reader.feed(piece)
            assert len(recorder.paths) - before[0] + before[1] <= 1
    assert recorder.paths == ["/a", "/b", "/c", "/d", "/e", "/f", "/g"]
    assert recorder.bodies == [body for _, body in _SENT]
    assert not reader.unread


def _connect(server: uvicorn.Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port_of(server)), timeout=20)


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    await send_response(send, 200, {}, b"")


def test_a_refused_request_leaves_no_reference_cycle() -> None:
    with serve(_app) as server:
        for head in (b"no HTTP\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000) * 20:
            with _connect(server) as connection:
                connection.sendall(head)
                assert read_all(connection)
        gc.collect()
        protocols = [item for item in gc.get_objects() if type(item) is HttpProtocol]
    assert len(protocols) <= 2


def test_a_disconnect_is_noticed_with_pipelined_requests() -> None:
    class App:
        has_left = False

        async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
            scope["extensions"]["dateline.http.control"].acquire_listener_slot(None)
            try:
                while True:
                    await receive()
            finally:
                self.left = True

    app = App()
    with serve(app) as server, _connect(server) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 3)
        connection.shutdown(socket.SHUT_WR)
        assert read_all(connection) == b""
    assert app.left
