"""A client of the event stream with a separate socket."""

import json
import socket
from dataclasses import dataclass
from typing import Any

_TIMEOUT = 30.0


@dataclass(frozen=True)
class StreamEvent:
    """An event, parsed according to the HTML standard."""

    id: str
    name: str
    data: dict[str, Any]


class StreamClient:
    """An open stream; events are read as they arrive."""

    def __init__(self, port: int, query: str = "", **headers: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), _TIMEOUT)
        lines = [f"GET /v1/stream{query} HTTP/1.1", "Host: 127.0.0.1", "Accept: text/event-stream"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self._socket.sendall("\r\n".join((*lines, "", "")).encode())
        self._file = self._socket.makefile("rb")
        self.status = int(self._file.readline().split()[1])
        self.headers = self._read_headers()
        self._text = self.rest = b""
        self.opened_at = ""

    def next(self) -> StreamEvent:
        """Return the next event; comments and `retry` are not events."""
        while True:
            block = self._block()
            fields = dict(line.split(b": ", 1) for line in block.splitlines() if b": " in line)
            if b"data" in fields:
                data = json.loads(fields[b"data"])
                return StreamEvent(fields[b"id"].decode(), fields[b"event"].decode(), data)

    def wait_for_start(self) -> "StreamClient":
        """Wait until the stream has begun: it contains all changes from now on."""
        retry, opened_at = self._block().splitlines()
        assert retry == b"retry: 2000"
        self.opened_at = opened_at.removeprefix(b"id: ").decode()
        return self

    def has_ended(self) -> bool:
        """Return whether the stream ends correctly; the last data is in `rest`."""
        while (size := int(self._file.readline() or b"-1", 16)) > 0:
            self.rest += self._file.read(size + 2)
        return size == 0

    def close(self) -> None:
        """Close the connection."""
        self._file.close()
        self._socket.close()

    def _block(self) -> bytes:
        while b"\n\n" not in self._text:
            self._text += self._chunk()
        block, self._text = self._text.split(b"\n\n", 1)
        return block

    def _chunk(self) -> bytes:
        size = int(self._file.readline(), 16)
        chunk = self._file.read(size)
        self._file.readline()
        assert chunk, "the stream has ended"
        return chunk

    def _read_headers(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        while (line := self._file.readline().decode().strip()) != "":
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return headers
