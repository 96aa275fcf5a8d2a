"""A client that publishes stories, one after another, on one connection."""

import re
import socket
from types import TracebackType

from bench.load import LoadError
from bench.servers import HOST, Server

ARTICLES = "/v1/manage/articles"
CREATED = 201
_TIMEOUT = 60.0
_HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)
_STATUS = slice(9, 12)
_MOST_AT_ONCE = 65_536


class Editor:
    """Sends JSON; faster than the standard library's client."""

    def __init__(self, server: Server, key: str = "", path: str = ARTICLES) -> None:
        """Connect; send the key with each request, if there is one."""
        self._host = f"Host: {HOST}:{server.port}\r\nContent-Type: application/json\r\n"
        self._key = f"Authorization: Bearer {key}\r\n" if key else ""
        self._path = path
        self._connection = socket.create_connection((HOST, server.port), timeout=_TIMEOUT)

    def __enter__(self) -> "Editor":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        wrong: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._connection.close()

    def create(self, body: bytes, path: str | None = None) -> bytes:
        """Create an object, by default a story; return the body of the response."""
        path = path or self._path
        head = f"POST {path} HTTP/1.1\r\n{self._host}{self._key}Content-Length: {len(body)}\r\n\r\n"
        self._connection.sendall(head.encode() + body)
        status, answer = self._answer()
        if status != CREATED:
            raise LoadError(f"{path} was answered with {status}: {answer[:500]!r}")
        return answer

    def _answer(self) -> tuple[int, bytes]:
        """Read an answer to its end; return its status and its body."""
        answer = b""
        while (end := answer.find(_HEAD_END)) < 0:
            answer += self._receive()
        begin = end + len(_HEAD_END)
        length = _LENGTH.search(answer, 0, begin)
        if length is None:
            raise LoadError(f"An answer has no length: {answer[:end]!r}")
        while len(answer) < begin + int(length[1]):
            answer += self._receive()
        return int(answer[_STATUS]), answer[begin:]

    def _receive(self) -> bytes:
        part = self._connection.recv(_MOST_AT_ONCE)
        if not part:
            raise LoadError("The server closed the connection of a client that publishes.")
        return part
