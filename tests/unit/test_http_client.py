"""The HTTP client: timeouts, size limits, no redirects, and cancellation."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from app.kit.http_client import HttpClient, HttpFailure, HttpResponse
from tests.receiver import receiving

SECRET = "tok-91d2"
_TIMEOUT = 60


@pytest.fixture
def client() -> Iterator[HttpClient]:
    http_client = HttpClient("tests/1", seconds=_TIMEOUT, max_bytes=1_000)
    yield http_client
    http_client.close()


@contextmanager
def serve_bytes(speak: Callable[[socket.socket], None]) -> Iterator[str]:
    """Accept one connection, read a little of it, and let `speak` send the response."""

    def serve() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(65_536)
            # The client may close the connection at any time.
            with suppress(OSError):
                speak(connection)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        thread.join()


def test_a_request_arrives_and_its_response_is_returned(client: HttpClient) -> None:
    with receiving() as receiver:
        receiver.answer = lambda _: 202
        outcome = client.send("PURGE", receiver.url, {"x-one": "1"}, b'{"a": 1}')
    assert outcome == HttpResponse(202, b"")
    [request] = receiver.requests
    assert (request.method, request.body, request.headers["x-one"]) == ("PURGE", b'{"a": 1}', "1")
    assert request.headers["user-agent"] == "tests/1"


def test_a_redirect_is_not_followed(client: HttpClient) -> None:
    with receiving() as receiver:
        receiver.answer = lambda _: 307
        assert client.send("POST", receiver.url, {}, b"") == HttpResponse(307, b"")
    assert len(receiver.requests) == 1


def test_only_the_beginning_of_a_long_response_is_read(client: HttpClient) -> None:
    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n")
        while True:
            connection.sendall(b"x" * 700)

    with serve_bytes(endless) as url:
        assert client.send("GET", url, {}, b"") == HttpResponse(200, b"x" * 1_000)


@pytest.mark.parametrize("begin", [b"", b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n"])
def test_a_slow_response_ends_at_the_timeout(begin: bytes) -> None:
    hung_up = threading.Event()

    def drip(connection: socket.socket) -> None:
        connection.sendall(begin)
        try:
            while not hung_up.wait(0.02):
                connection.sendall(b"x")
        except OSError:
            hung_up.set()
            raise

    client = HttpClient("tests/1", seconds=0.3)
    with serve_bytes(drip) as url:
        assert client.send("GET", url, {}, b"") == HttpFailure("no answer within 0.3 seconds")
        assert hung_up.wait(_TIMEOUT)
    client.close()


@pytest.mark.parametrize(
    "answer", [b"", b"SMTP 220 welcome\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx"]
)
def test_an_invalid_response_is_a_failure(answer: bytes, client: HttpClient) -> None:
    with serve_bytes(lambda connection: connection.sendall(answer)) as url:
        outcome = client.send("GET", url, {}, b"")
    assert isinstance(outcome, HttpFailure)
    assert outcome.reason == "no answer (RemoteProtocolError)"


def test_a_refused_connection_is_a_failure(client: HttpClient) -> None:
    with receiving() as receiver:
        pass
    outcome = client.send("GET", receiver.url, {}, b"")
    assert outcome == HttpFailure("no answer (ConnectError)")


def test_an_invalid_url_is_not_repeated_in_the_failure(client: HttpClient) -> None:
    with receiving() as receiver:
        outcome = client.send("GET", receiver.url, {"authorization": f"{SECRET}\r\nx: y"}, b"")
    assert isinstance(outcome, HttpFailure)
    assert SECRET not in outcome.reason
    for url in ("http://[", "http://127.0.0.1:99999/", "ftp://127.0.0.1/", "nowhere"):
        assert isinstance(client.send("GET", url, {}, b""), HttpFailure), url


def test_proxies_of_the_environment_are_ignored(
    client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving() as receiver, receiving() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert client.send("POST", receiver.url, {}, b"") == HttpResponse(204, b"")
    assert (len(receiver.requests), proxy.requests) == (1, [])


def test_closing_cancels_running_requests(client: HttpClient) -> None:
    received, cancelled = threading.Event(), threading.Event()
    outcomes: list[object] = []

    def hold(_: object) -> int:
        received.set()
        assert cancelled.wait(_TIMEOUT)
        return 200

    with receiving() as receiver:
        receiver.answer = hold
        sending = threading.Thread(
            target=lambda: outcomes.append(client.send("POST", receiver.url, {}, b""))
        )
        sending.start()
        assert received.wait(_TIMEOUT)
        client.close()
        sending.join()
        cancelled.set()
        assert outcomes == [HttpFailure("called off")]
        assert client.send("POST", receiver.url, {}, b"") == HttpFailure("called off")


def test_several_threads_send_requests_concurrently(client: HttpClient) -> None:
    together = threading.Barrier(4, timeout=_TIMEOUT)
    outcomes: list[object] = []

    def all_here(_: object) -> int:
        together.wait()
        return 200

    with receiving() as receiver:
        receiver.answer = all_here
        threads = [
            threading.Thread(
                target=lambda: outcomes.append(client.send("POST", receiver.url, {}, b""))
            )
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert outcomes == [HttpResponse(200, b"")] * 4
