"""Many clients of one stream, in a separate process.

Run as `python -m bench.listeners HOST PORT NUMBER`. It prints a line when all are connected. At the
end of its input it prints a JSON object with the instants of the first event, the second event, and
so on, on the clock that all processes of a machine share.
"""

import asyncio
import json
import sys
import time
from collections import defaultdict
from typing import cast

import uvloop

_BATCH = 100
_STREAM_START = b"retry: "
_EVENT = b"\nevent: "
_TIMEOUT = 60.0


class Listener(asyncio.Protocol):
    """A stream client that only counts events."""

    def __init__(self, request: bytes, arrivals: dict[int, list[float]]) -> None:
        """Send a request; record instants in lists shared by all listeners."""
        self._request = request
        self._arrivals = arrivals
        self._tail = b""
        self._events = 0
        self.connected: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the request."""
        cast(asyncio.Transport, transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        """Count events, which may be split between two reads."""
        now, text = time.monotonic(), self._tail + data
        if not self.connected.done() and _STREAM_START in text:
            self.connected.set_result(None)
        for _ in range(text.count(_EVENT)):
            self._arrivals[self._events].append(now)
            self._events += 1
        self._tail = text[1 - len(_EVENT) :]

    def connection_lost(self, exc: Exception | None) -> None:
        """Record that the server closed the connection."""
        self.lost = True


async def run_listeners(host: str, port: int, number: int) -> dict[str, object]:
    """Run until the input ends; return the instants of events, and the lost connections."""
    request = f"GET /v1/stream HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode()
    arrivals: dict[int, list[float]] = defaultdict(list)
    listeners = [Listener(request, arrivals) for _ in range(number)]
    loop = asyncio.get_running_loop()
    for start in range(0, number, _BATCH):
        part = listeners[start : start + _BATCH]
        await asyncio.gather(
            *(loop.create_connection(lambda it=listener: it, host, port) for listener in part)  # type: ignore[misc]
        )
        await asyncio.wait_for(asyncio.gather(*(listener.connected for listener in part)), _TIMEOUT)
    print("all listen", flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    return {
        "arrivals": [arrivals[event] for event in sorted(arrivals)],
        "lost": sum(listener.lost for listener in listeners),
    }


def main() -> None:
    """Run with the arguments of the command line."""
    host, port, number = sys.argv[1:]
    results = json.dumps(uvloop.run(run_listeners(host, int(port), int(number))))
    # Without buffering, Python would write only as much as a pipe accepts at once.
    with open(sys.stdout.fileno(), "w", closefd=False) as output:
        output.write(results)


if __name__ == "__main__":
    main()
