"""Responses are read with a length, in chunks, until the connection closes, or not at all."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest

from tools.answers.wire import Connection, Request


@contextmanager
def answering(*answers: bytes) -> Iterator[Connection]:
    """Answer each connection with fixed bytes, and close it."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for answer in answers:
                accepted, _ = server.accept()
                with accepted:
                    accepted.recv(10_000)
                    accepted.sendall(answer)

        thread = Thread(target=serve, daemon=True)
        thread.start()
        connection = Connection(server.getsockname()[1])
        yield connection
        connection.close()
        thread.join(10)


@pytest.mark.parametrize(
    ("sent", "body"),
    [
        (b"Content-Length: 3\r\n\r\nabcde", b"abc"),
        (b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", b"abcde"),
        (b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", b"abc"),
        (b"\r\nabc", b"abc"),
        (b"Content-Length: 5\r\n\r\nabc", b"abc"),
    ],
)
def test_a_body_is_read_exactly_to_its_end(sent: bytes, body: bytes) -> None:
    with answering(b"HTTP/1.1 200 OK\r\nX-b: 1\r\nx-A: 2\r\n" + sent) as connection:
        answer = connection.send(Request("GET", "/"))
    assert answer.body == body
    assert answer.headers[:2] == (("X-b", "1"), ("x-A", "2"))


def test_a_closed_connection_returns_no_status_and_the_next_request_reconnects() -> None:
    with answering(b"", b"HTTP/1.1 204 No Content\r\n\r\n") as connection:
        assert connection.send(Request("GET", "/")).status == 0
        assert connection.send(Request("GET", "/")).status == 204


def test_a_stream_is_read_until_a_number_of_events() -> None:
    stream = b"Transfer-Encoding: chunked\r\n\r\n6\r\nid: 1\n\r\n1\r\n\n\r\n9\r\ndata: 2\n\n\r\n"
    with answering(b"HTTP/1.1 200 OK\r\n" + stream) as connection:
        assert connection.send(Request("GET", "/", events=1)).body == b"id: 1\n\n"
