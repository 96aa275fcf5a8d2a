"""A small WebSub subscriber, which answers verifications and records the requests it receives."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Subscriber:
    """The verifications and contents that it received; `agrees` says whether it confirms.

    If it `is_broken`, it answers verifications with 500.
    """

    url: str = ""
    agrees: bool = True
    is_broken: bool = False
    status: int = 204
    verifications: list[dict[str, str]] = field(default_factory=list)
    sent: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def subscriber() -> Iterator[Subscriber]:
    """Run a subscriber on loopback."""
    state = Subscriber()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(state))
    server.daemon_threads = True
    state.url = f"http://127.0.0.1:{server.server_port}/callback?mine=1"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(state: Subscriber) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = dict(parse_qsl(urlsplit(self.path).query))
            state.verifications.append(query)
            known = state.agrees and "hub.challenge" in query
            status = 500 if state.is_broken else 200 if known else 404
            self._answer(status, query.get("hub.challenge", "").encode())

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            state.sent.append(({k.lower(): v for k, v in self.headers.items()}, body))
            self._answer(state.status, b"")

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
