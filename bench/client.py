"""A load generator in Python, for machines without `wrk`.

Run as `python -m bench.client` with an order, a JSON object, as its input; prints a JSON object. It
parses only what it needs to find the end of a response: the status and `Content-Length`.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator, Mapping
from itertools import cycle
from typing import Any, cast

import uvloop

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"
_STATUS = slice(9, 12)
_BODILESS = (b"204", b"304")


class Tally:
    """Counters of all connections together."""

    def __init__(self) -> None:
        """Start at zero."""
        self.answers = 0
        self.failures = 0


class Connection(asyncio.Protocol):
    """A connection that sends the next request as soon as it has an answer."""

    def __init__(self, requests: Iterator[bytes], tally: Tally) -> None:
        """Send the next of the requests that all connections share."""
        self._requests = requests
        self._tally = tally
        self._buffer = b""
        self._missing = 0
        self._transport: asyncio.Transport
        self._closing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = cast(asyncio.Transport, transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        """Count complete answers."""
        if self._missing:
            self._missing -= len(data)
            if not self._missing:
                self._count_answer()
            return
        self._buffer += data
        end = self._buffer.find(_HEAD_END)
        if end < 0:
            return
        head, received = self._buffer[:end], len(self._buffer) - end - len(_HEAD_END)
        self._buffer = b""
        self._missing = self._body_length(head) - received
        if not self._missing:
            self._count_answer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Count a connection that the server closed as a failure."""
        self._tally.failures += not self._closing

    def close(self) -> None:
        """Close the connection; this is not a failure."""
        self._closing = True
        self._transport.abort()

    def _ask(self) -> None:
        self._transport.write(next(self._requests))

    def _count_answer(self) -> None:
        self._tally.answers += 1
        self._ask()

    def _body_length(self, head: bytes) -> int:
        status = head[_STATUS]
        if status[:1] not in b"23":
            self._tally.failures += 1
        if status in _BODILESS:
            return 0
        lower = head.lower()
        at = lower.find(_LENGTH)
        if at < 0:
            raise ValueError("An answer without Content-Length cannot be counted.")
        return int(lower[at + len(_LENGTH) :].split(b"\r\n", 1)[0])


def request_bytes(host: str, port: int, path: str, headers: Mapping[str, str]) -> bytes:
    """Return a request in its wire format."""
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}:{port}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


async def measure(order: Mapping[str, Any]) -> dict[str, float]:
    """Put load on a server as ordered; return the counters."""
    host, port = order["host"], order["port"]
    wire_requests = [
        request_bytes(host, port, path, order["headers"] | ({"X-Api-Key": key} if key else {}))
        for path, key in order["requests"]
    ]
    requests = cycle(wire_requests)
    tally = Tally()
    loop = asyncio.get_running_loop()
    connections: list[Connection] = []
    began = time.perf_counter()
    for _ in range(order["connections"]):
        connection = Connection(requests, tally)
        await loop.create_connection(lambda protocol=connection: protocol, host, port)  # type: ignore[misc]
        connections.append(connection)
    await asyncio.sleep(order["seconds"])
    seconds = time.perf_counter() - began
    counted = {"answers": tally.answers, "failures": tally.failures, "seconds": seconds}
    for connection in connections:
        connection.close()
    return counted


def main() -> None:
    """Run the order from standard input."""
    print(json.dumps(uvloop.run(measure(json.load(sys.stdin)))))


if __name__ == "__main__":
    main()
