"""HTTP/1.1 over a plain socket: a response is recorded byte by byte."""

import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

HOST = "127.0.0.1"
_TIMEOUT_SECONDS = 60.0
_RECEIVE_BYTES = 65_536
_WITHOUT_BODY = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class Request:
    """A request; `raw`, if given, is sent instead of everything else."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    raw: bytes | None = None
    # A stream has no end: read it until it has this many blank lines.
    events: int = 0

    def encode(self) -> bytes:
        """Return the request as bytes."""
        if self.raw is not None:
            return self.raw
        headers = {"Host": "answers.example", **self.headers}
        if self.body or self.method in {"POST", "PUT", "PATCH"}:
            headers["Content-Length"] = str(len(self.body))
        lines = [f"{self.method} {self.target} HTTP/1.1"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: its status line, the header lines in their order, and the body unchunked."""

    status_line: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def status(self) -> int:
        """Return the status code; 0 if the connection was closed without a response."""
        return int(self.status_line.split(" ")[1]) if self.status_line else 0

    def header(self, name: str) -> str | None:
        """Return the first value of a header, or nothing."""
        return next((value for header, value in self.headers if header.lower() == name), None)


class Connection:
    """A connection that is opened on demand and kept as long as the server keeps it."""

    def __init__(self, port: int) -> None:
        """Connect to a port of this machine with the first request."""
        self._port = port
        self._socket: socket.socket | None = None
        self._buffer = b""

    def send(self, request: Request) -> Answer:
        """Send a request and return its response; an empty one if the connection was closed."""
        alone = request.raw is not None or request.events > 0
        if alone:
            self.close()
        if self._socket is None:
            self._socket = socket.create_connection((HOST, self._port), _TIMEOUT_SECONDS)
        with suppress(ConnectionError):
            # A server may refuse a long request, and close, before it has received all of it.
            self._socket.sendall(request.encode())
        answer = self._receive(request)
        if alone or answer.status == 0 or answer.header("connection") == "close":
            self.close()
        return answer

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._socket is not None:
            self._socket.close()
        self._socket, self._buffer = None, b""

    def _receive(self, request: Request) -> Answer:
        head = self._read_until(b"\r\n\r\n")
        if not head:
            return Answer("", (), b"")
        status_line, *lines = head[:-4].decode("latin-1").split("\r\n")
        pairs = (line.partition(": ") for line in lines)
        answer = Answer(status_line, tuple((name, value) for name, _, value in pairs), b"")
        return Answer(status_line, answer.headers, self._read_body(request, answer))

    def _read_body(self, request: Request, answer: Answer) -> bytes:
        if request.method == "HEAD" or answer.status in _WITHOUT_BODY:
            return b""
        if request.events:
            return self._read_events(request.events)
        if answer.header("transfer-encoding") == "chunked":
            return self._read_chunks()
        length = answer.header("content-length")
        if length is None:
            return self._read_until(None)
        return self._read_exactly(int(length))

    def _read_chunks(self) -> bytes:
        body = b""
        while size := int(self._read_until(b"\r\n") or b"0", 16):
            body += self._read_exactly(size + 2)[:-2]
        self._read_until(b"\r\n")
        return body

    def _read_events(self, number: int) -> bytes:
        body = b""
        while body.count(b"\n\n") < number:
            size = int(self._read_until(b"\r\n") or b"0", 16)
            if not size:
                break
            body += self._read_exactly(size + 2)[:-2]
        # The number of events in one chunk depends on the moment.
        return b"".join(event + b"\n\n" for event in body.split(b"\n\n")[:number])

    def _read_exactly(self, size: int) -> bytes:
        while len(self._buffer) < size and self._fill():
            pass
        read, self._buffer = self._buffer[:size], self._buffer[size:]
        return read

    def _read_until(self, end: bytes | None) -> bytes:
        """Return the data up to and including `end`, or up to the end of the connection."""
        while (end is None or end not in self._buffer) and self._fill():
            pass
        size = len(self._buffer)
        if end is not None and end in self._buffer:
            size = self._buffer.index(end) + len(end)
        return self._read_exactly(size)

    def _fill(self) -> bool:
        if self._socket is None:
            return False
        try:
            received = self._socket.recv(_RECEIVE_BYTES)
        except (ConnectionResetError, TimeoutError):
            received = b""
        if not received:
            self._socket.close()
            self._socket = None
        self._buffer += received
        return bool(received)
