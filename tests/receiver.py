"""A real HTTP server on loopback that records its requests, and responds as a test requires."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_TIMEOUT = 60


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """A received request, and the status of its response."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    status: int = 0

    @property
    def keys(self) -> list[str]:
        """Return the surrogate keys, which must be the same in all three places."""
        keys: list[str] = json.loads(self.body)["surrogate_keys"]
        assert self.headers["surrogate-key"].split(" ") == keys
        assert self.headers["cache-tag"].split(",") == keys
        return keys


class _Server(ThreadingHTTPServer):
    """A server with a long connection queue, like those in front of real receivers."""

    daemon_threads = True
    request_queue_size = 256


class Receiver:
    """The received requests in order; `answer` returns the status for a request."""

    def __init__(self, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self.requests: list[ReceivedRequest] = []
        self.answer: Callable[[ReceivedRequest], int] = lambda _: 204
        self._server = _Server(("127.0.0.1", port), _handler(self))
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}/purge"
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._news = threading.Condition()

    def keep(self, request: ReceivedRequest) -> None:
        """Record a request, and notify waiting threads."""
        with self._news:
            self.requests.append(request)
            self._news.notify_all()

    def wait_for(self, number: int) -> None:
        """Wait until this many requests were received."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.requests) >= number, _TIMEOUT), (
                self.requests
            )

    def load_keys(self) -> list[list[str]]:
        """Return the keys of each request with a successful response."""
        return [item.keys for item in self.requests if 200 <= item.status < 300]

    def serve(self) -> None:
        """Serve until stopped."""
        self._server.serve_forever(poll_interval=0.01)

    def stop(self) -> None:
        """Stop, and refuse further connections."""
        self._server.shutdown()
        self._server.server_close()


@contextmanager
def receiving(tls: ssl.SSLContext | None = None, port: int = 0) -> Iterator[Receiver]:
    """Run a receiver; with TLS if `tls` is given; on any port, unless one is named."""
    receiver = Receiver(tls, port)
    thread = threading.Thread(target=receiver.serve, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.stop()
        thread.join()


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            body = self.rfile.read(length)
            if len(body) < length:
                # The sender was killed during the request: nothing was requested.
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            fields = (self.command, self.path, headers, body)
            status = receiver.answer(ReceivedRequest(*fields))
            receiver.keep(ReceivedRequest(*fields, status))
            self.send_response(status)
            self.send_header("location", "/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        do_PURGE = do_POST  # noqa: N815 - the server looks for this name

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
