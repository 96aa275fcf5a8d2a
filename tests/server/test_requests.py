"""Valid, invalid and incomplete requests."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from math import inf

import pytest
import uvicorn

from app.api.http.asgi import Receive, Scope, Send, send_response
from app.api.http.server import refuse
from app.server.interface import WHOLE, Hooks
from app.server.request_reader import LONGEST_HEAD
from tests.server.serving import port_of, read_all, serve, split_responses

_GET = b"GET / HTTP/1.1\r\nHost: x\r\n"
_POST = b"POST / HTTP/1.1\r\nHost: x\r\n"
_KNOWN = {"type": WHOLE, "status": 200, "head": b"content-length: 2\r\n", "body": b"ok"}


class Echo:
    """Responds with the length of the body; has `/known` in memory, and fails at `/broken`.

    `/early` responds before the body has arrived, `/half` after 300 kB of it, `/meanwhile` in parts
    between which it reads the body, `/parts` in two parts without a length, `/empty` with 204, and
    `/host` with the host that it sees.
    """

    hooks = Hooks(
        lookup=lambda scope: dict(_KNOWN) if scope["path"] == "/known" else None, refuse=refuse
    )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match scope["path"]:
            case "/early":
                await send_response(send, 401, {}, b"no")
            case "/half":
                await _count_messages(receive, 300_000)
                await send_response(send, 400, {}, b"no")
            case "/parts" | "/meanwhile" as path:
                await send({"type": "http.response.start", "status": 200, "headers": []})
                for part in (b"one ", b"", b"two"):
                    await send({"type": "http.response.body", "body": part, "more_body": True})
                last = await _count_messages(receive) if path == "/meanwhile" else b""
                await send({"type": "http.response.body", "body": last})
            case "/empty":
                await send({"type": "http.response.start", "status": 204, "headers": []})
                await send({"type": "http.response.body"})
            case "/host":
                hosts = [value for name, value in scope["headers"] if name == b"host"]
                await send_response(send, 200, {}, b"%r %r" % (hosts, scope["query_string"]))
            case "/broken":
                raise ValueError("broken")
            case _:
                await send_response(send, 200, {}, await _count_messages(receive))


async def _count_messages(receive: Receive, most: float = inf) -> bytes:
    read, more = 0, True
    while more and read < most:
        message = await receive()
        read += len(message.get("body", b""))
        more = message.get("more_body", False)
    return b"read %d" % read


@pytest.fixture(scope="module")
def server() -> Iterator[uvicorn.Server]:
    with serve(Echo()) as server:
        yield server


@pytest.fixture
def connection(server: uvicorn.Server) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port_of(server)), timeout=30) as client_socket:
        yield client_socket


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
def test_invalid_http_is_refused_with_a_problem(connection: socket.socket, sent: bytes) -> None:
    connection.sendall(sent)
    head, _, body = read_all(connection).partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    assert lines[0] == b"http/1.1 400 bad request"
    assert b"content-type: application/problem+json" in lines
    assert any(line.startswith(b"date: ") for line in lines)
    problem = json.loads(body)
    assert problem["code"] == "malformed_request"
    assert f"x-request-id: {problem['request_id']}".encode() in lines


def test_a_head_that_is_too_long_is_refused(connection: socket.socket) -> None:
    connection.sendall(_GET)
    line = b"X-Long: " + b"a" * 8_000 + b"\r\n"
    for _ in range(2 * LONGEST_HEAD // len(line)):
        connection.sendall(line)
    assert read_all(connection).startswith(b"HTTP/1.1 431 ")


def test_trailers_that_are_too_long_are_refused(connection: socket.socket) -> None:
    connection.sendall(_POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n")
    trailers = (b"X-Trailer: " + b"a" * 8_000 + b"\r\n") * 4_000
    connection.sendall(trailers)
    assert split_responses(read_all(connection)) == [431]


def test_a_large_body_is_not_taken_for_a_head(connection: socket.socket) -> None:
    size = 20 * LONGEST_HEAD
    connection.sendall(_POST + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % size)
    connection.sendall(b"x" * size)
    assert read_all(connection).endswith(b"read %d" % size)


def test_many_pipelined_requests_are_not_taken_for_a_head(connection: socket.socket) -> None:
    number = 2 * LONGEST_HEAD // len(_GET)
    last = _GET + b"Connection: close\r\n\r\n"
    sender = threading.Thread(
        target=connection.sendall, args=((_GET + b"\r\n") * (number - 1) + last,)
    )
    sender.start()
    assert read_all(connection).count(b"200 OK") == number
    sender.join()


def test_an_upgrade_to_another_protocol_is_ignored(
    connection: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    for _ in range(2):
        connection.sendall(_GET + offer + b"\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 OK")
    assert caplog.text == ""


def _ask(connection: socket.socket, *parts: bytes) -> bytes:
    """Send all parts; return everything that arrives until the server closes the connection."""
    connection.sendall(b"".join(parts))
    return read_all(connection)


_LAST = _GET + b"Connection: close\r\n\r\n"
_CHUNKED = b"Transfer-Encoding: chunked\r\n"


@pytest.mark.parametrize(
    "body",
    [
        b"5\r\nhello\r\n0\r\n\r\n",
        b"2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nX-Trailer: a\r\n\r\n",
    ],
)
def test_a_chunked_body_is_joined(connection: socket.socket, body: bytes) -> None:
    received = _ask(connection, _POST, _CHUNKED, b"\r\n", body, _LAST)
    assert split_responses(received) == [200, 200]
    assert received.count(b"read 5") == 1


@pytest.mark.parametrize(
    ("head", "status", "code"),
    [
        (_POST + b"Transfer-Encoding: gzip\r\n", 501, b"not_implemented"),
        (_POST + b"Transfer-Encoding: gzip, chunked\r\n", 501, b"not_implemented"),
        (_POST + b"Transfer-Encoding: identity\r\n", 501, b"not_implemented"),
        (_POST + b"Transfer-Encoding: xchunked\r\n", 501, b"not_implemented"),
        (_POST + b"Transfer-Encoding: chunked, chunked\r\n", 400, b"malformed_request"),
        (_POST + _CHUNKED + _CHUNKED, 400, b"malformed_request"),
        (b"CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n", 501, b"not_implemented"),
        (_POST + b"Content-Length: 5\r\n" + _CHUNKED, 400, b"malformed_request"),
        (_POST + _CHUNKED + b"Content-Length: 5\r\n", 400, b"malformed_request"),
        (_POST + b"Content-Length: 5, 5\r\n", 400, b"malformed_request"),
        (_POST + b"Content-Length: 5\r\nContent-Length: 5\r\n", 400, b"malformed_request"),
        (b"POST / HTTP/1.0\r\n" + _CHUNKED, 400, b"malformed_request"),
        (_GET + b"X-A: a\rb\r\n", 400, b"malformed_request"),
        (_GET + b"X-A: a\0b\r\n", 400, b"malformed_request"),
        (_GET + b": a\r\n", 400, b"malformed_request"),
        (_GET + b"X-A\r\n", 400, b"malformed_request"),
        (b"GET /\r HTTP/1.1\r\nHost: x\r\n", 400, b"malformed_request"),
        (b"GET x HTTP/1.1\r\nHost: x\r\n", 400, b"malformed_request"),
        (b"GET * HTTP/1.1\r\nHost: x\r\n", 400, b"malformed_request"),
        (b"GET / HTTP/2.0\r\nHost: x\r\n", 400, b"malformed_request"),
        (b"GET / HTTP/1.2\r\nHost: x\r\n", 400, b"malformed_request"),
        (b"GET ftp://x/ HTTP/1.1\r\nHost: x\r\n", 400, b"malformed_request"),
        (b"GET / HTTP/1.1\r\n", 400, b"bad_host"),
        (b"GET http://x/ HTTP/1.1\r\n", 400, b"bad_host"),
        (_GET + b"Host: x\r\n", 400, b"bad_host"),
        (b"GET / HTTP/1.1\r\nHost: x, y\r\n", 400, b"bad_host"),
        (b"GET / HTTP/1.1\r\nHost: a@x\r\n", 400, b"bad_host"),
        (b"GET / HTTP/1.1\r\nHost: x/y\r\n", 400, b"bad_host"),
        (b"GET / HTTP/1.1\r\nHost: x:y\r\n", 400, b"bad_host"),
        (b"GET http://a@x/ HTTP/1.1\r\nHost: x\r\n", 400, b"bad_host"),
        (b"GET /?" + b"a" * 8193 + b" HTTP/1.1\r\nHost: x\r\n", 414, b"query_too_long"),
        (b"GET /?" + b"a" * 99_000 + b" HTTP/1.1\r\nHost: x\r\n", 414, b"query_too_long"),
        (_GET + b"X-A: " + b"a" * LONGEST_HEAD + b"\r\n", 431, b"head_too_large"),
    ],
)
def test_an_ambiguous_request_is_refused_and_the_connection_closed(
    connection: socket.socket, head: bytes, status: int, code: bytes
) -> None:
    received = _ask(connection, head, b"\r\n", b"0\r\n\r\n", _LAST)
    assert split_responses(received) == [status], received
    assert b'"code":"' + code + b'"' in received
    assert b"connection: close\r\n" in received


@pytest.mark.parametrize(
    ("target", "encoded"),
    [
        ("/v1/search?q=مراكش", "/v1/search?q=%D9%85%D8%B1%D8%A7%D9%83%D8%B4"),
        ("/v1/sources/caf%C3%A9é?a=b&c=[1]", "/v1/sources/caf%C3%A9%C3%A9?a=b&c=[1]"),
    ],
)
def test_an_address_that_is_not_ascii_is_shown_encoded(
    connection: socket.socket, target: str, encoded: str
) -> None:
    connection.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    problem = json.loads(read_all(connection).partition(b"\r\n\r\n")[2])
    assert problem["code"] == "malformed_request"
    assert problem["detail"].endswith(f"send '{encoded}'.")


def test_an_unfinished_query_that_is_too_long_is_refused(connection: socket.socket) -> None:
    assert split_responses(_ask(connection, b"GET /?" + b"a" * 9_000)) == [414]


def test_a_query_of_eight_kilobytes_is_accepted(connection: socket.socket) -> None:
    target = b"GET /?" + b"a" * 8192
    assert split_responses(_ask(connection, target, b" HTTP/1.1\r\nHost: x\r\n\r\n", _LAST)) == [
        200,
        200,
    ]


@pytest.mark.parametrize(
    ("target", "host"),
    [
        (b"http://named:81/host?a=%20b", b"[b'named:81'] b'a=%20b'"),
        (b"HTTPS://[::1]/host", b"[b'[::1]'] b''"),
        (b"/host?http://other/", b"[b'x'] b'http://other/'"),
        (b"/host?a#b", b"[b'x'] b'a'"),
    ],
)
def test_the_authority_of_a_target_is_the_host(
    connection: socket.socket, target: bytes, host: bytes
) -> None:
    head = b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert _ask(connection, head).endswith(host)


_OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"


@pytest.mark.parametrize(
    ("body", "read"),
    [
        (b"\r\n", b"read 0"),
        (b"Content-Length: 0\r\n\r\n", b"read 0"),
        (b"Content-Length: 5\r\n\r\nhello", b"read 5"),
        (_CHUNKED + b"\r\n5\r\nhello\r\n0\r\n\r\n", b"read 5"),
    ],
)
@pytest.mark.parametrize("path", [b"/", b"/known", b"/early"])
def test_requests_after_an_upgrade_are_answered(
    connection: socket.socket, path: bytes, body: bytes, read: bytes
) -> None:
    head = b"POST %b HTTP/1.1\r\nHost: x\r\n" % path
    received = _ask(connection, head + _OFFER + body, _GET, b"\r\n", _LAST)
    assert split_responses(received)[-2:] == [200, 200]
    assert len(split_responses(received)) == 3
    assert path != b"/" or read in received


def test_a_body_after_an_upgrade_may_arrive_late(connection: socket.socket) -> None:
    connection.sendall(_POST + _OFFER + b"Content-Length: 5\r\n\r\n")
    time.sleep(0.05)
    connection.sendall(b"GET ")
    time.sleep(0.05)
    received = _ask(connection, b"/", _LAST)
    assert split_responses(received) == [200, 200]
    assert b"read 5" in received


def test_a_last_request_that_offers_an_upgrade_is_the_last(connection: socket.socket) -> None:
    head = _POST + b"Connection: Upgrade, close\r\nUpgrade: h2c\r\nContent-Length: 1\r\n\r\na"
    assert split_responses(_ask(connection, head, _GET, b"\r\n")) == [200]


def test_a_client_that_expects_100_continue_gets_it(connection: socket.socket) -> None:
    expecting = _POST + b"Expect: 100-Continue\r\nContent-Length: 5\r\n\r\n"
    connection.sendall(expecting)
    assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
    received = _ask(connection, b"hello", _LAST)
    assert split_responses(received) == [200, 200]
    assert b"read 5" in received


def test_a_client_that_sent_its_body_gets_no_100_continue(connection: socket.socket) -> None:
    expecting = _POST + b"Expect: 100-continue\r\nContent-Length: 5\r\n\r\nhello"
    assert split_responses(_ask(connection, expecting, _LAST)) == [200, 200]


def test_an_unread_expected_body_is_not_taken_for_a_request(
    connection: socket.socket,
) -> None:
    head = b"POST /early HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 99\r\n\r\n"
    connection.sendall(head)
    assert split_responses(read_all(connection)) == [401]


def test_an_unread_body_is_discarded(connection: socket.socket) -> None:
    head = b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 50000\r\n\r\n"
    connection.sendall(head)
    assert connection.recv(1000).startswith(b"HTTP/1.1 401 ")
    assert split_responses(_ask(connection, b"x" * 50_000, _LAST)) == [200]


@pytest.mark.parametrize("size", [b"Content-Length: 300000", b"Transfer-Encoding: chunked"])
def test_a_large_unread_body_closes_the_connection(connection: socket.socket, size: bytes) -> None:
    """Without the header, a client would send its next request on a connection that is closing."""
    connection.sendall(b"POST /early HTTP/1.1\r\nHost: x\r\n%b\r\n\r\n" % size)
    received = read_all(connection)
    assert split_responses(received) == [401]
    assert b"\r\nconnection: close\r\n" in received


def test_a_connection_stays_open_if_a_streamed_response_reads_the_body(
    connection: socket.socket,
) -> None:
    head = b"POST /meanwhile HTTP/1.1\r\nHost: x\r\nContent-Length: 400000\r\n\r\n"
    connection.sendall(head)
    assert b"connection: close" not in connection.recv(1000)
    received = _ask(connection, b"x" * 400_000, _LAST)
    assert b"read 400000" in received
    assert split_responses(received) == [200]


def test_a_connection_closes_if_a_streamed_response_does_not_read_the_body(
    connection: socket.socket,
) -> None:
    connection.sendall(b"POST /parts HTTP/1.1\r\nHost: x\r\nContent-Length: 400000\r\n\r\n")
    assert read_all(connection).endswith(b"0\r\n\r\n")


def test_a_connection_stays_open_if_nearly_all_of_the_body_was_read(
    connection: socket.socket,
) -> None:
    connection.sendall(b"POST /half HTTP/1.1\r\nHost: x\r\nContent-Length: 400000\r\n\r\n")
    connection.sendall(b"x" * 300_000)
    assert connection.recv(1000).startswith(b"HTTP/1.1 400 ")
    assert split_responses(_ask(connection, b"x" * 100_000, _LAST)) == [200]


def test_only_a_part_of_a_large_unread_body_is_read(
    connection: socket.socket,
) -> None:
    connection.sendall(b"POST /early HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n")
    assert connection.recv(1000).startswith(b"HTTP/1.1 401 ")
    with pytest.raises(OSError, match=r"reset|Broken pipe"):
        _send_slowly(connection, b"x" * 50_000, 1_000)


def test_a_large_body_after_another_request_is_read(connection: socket.socket) -> None:
    """It arrives with the previous request, whose response takes an iteration of the loop."""
    head = _POST + b"Connection: close\r\nContent-Length: 100000\r\n\r\n"
    received = _ask(connection, _GET, b"\r\n", head, b"x" * 100_000)
    assert split_responses(received) == [200, 200]
    assert received.endswith(b"read 100000")


@pytest.mark.parametrize("path", ["/known", "/", "/parts", "/empty"])
def test_http_1_0_closes_the_connection_without_keep_alive(
    connection: socket.socket, path: str
) -> None:
    received = _ask(connection, f"GET {path} HTTP/1.0\r\n\r\n".encode(), _LAST)
    assert len(split_responses(received)) == 1
    assert b"connection: close\r\n" in received
    assert b"chunked" not in received
    if path == "/parts":
        assert received.endswith(b"\r\n\r\none two")


@pytest.mark.parametrize("path", ["/known", "/", "/empty"])
def test_http_1_0_can_request_keep_alive(connection: socket.socket, path: str) -> None:
    data = f"GET {path} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".encode()
    received = _ask(connection, data, data, _LAST)
    assert len(split_responses(received)) == 3
    assert received.count(b"connection: keep-alive\r\n") == 2


def test_a_response_without_a_length_is_chunked(connection: socket.socket) -> None:
    received = _ask(connection, b"GET /parts HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert received.endswith(b"\r\n\r\n4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n")


def test_head_has_no_body(connection: socket.socket) -> None:
    data = b"".join(
        b"HEAD %b HTTP/1.1\r\nHost: x\r\n\r\n" % path for path in (b"/", b"/parts", b"/empty")
    )
    received = _ask(connection, data, _LAST)
    assert split_responses(received) == [200, 200, 204, 200]
    assert received.count(b"read 0") == 1
    assert b"one" not in received


@pytest.mark.parametrize("path", ["/known", "/", "/parts"])
def test_a_half_closed_client_is_answered(connection: socket.socket, path: str) -> None:
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * 3)
    connection.shutdown(socket.SHUT_WR)
    assert split_responses(read_all(connection)) == [200, 200, 200]


@pytest.mark.parametrize("path", ["/known", "/"])
def test_garbage_after_requests_is_refused_after_their_responses(
    connection: socket.socket, path: str
) -> None:
    data = f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * 3
    assert split_responses(_ask(connection, data, b"no HTTP\r\n\r\n", _LAST)) == [
        200,
        200,
        200,
        400,
    ]


def test_an_invalid_chunk_is_refused_once(connection: socket.socket) -> None:
    received = _ask(connection, _POST, _CHUNKED, b"\r\n5\r\nhello\r\nno number\r\n", _LAST)
    assert split_responses(received) == [400]


def test_a_failing_application_is_answered_with_a_problem(connection: socket.socket) -> None:
    received = _ask(connection, b"GET /broken HTTP/1.1\r\nHost: x\r\n\r\n", _LAST)
    assert split_responses(received) == [500]
    assert b'"code":"internal"' in received


def _send_slowly(connection: socket.socket, part: bytes, times: int) -> None:
    for _ in range(times):
        connection.sendall(part)
        time.sleep(0.01)
