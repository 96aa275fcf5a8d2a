"""Webhook receivers, each on a separate port, in one process.

They respond immediately, and write a line for each event: receiver, story, instant.
"""

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager

from bench.servers import HOST, ROOT

Hear = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[None, None, None]]
_ANSWER = b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"
_END = b"\r\n\r\n"


class Arrivals:
    """The events that have arrived at all receivers."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Read the output of the process; its first line has the ports."""
        assert process.stdout is not None
        self._lines = process.stdout
        self.ports: list[int] = json.loads(self._lines.readline())
        self.at: dict[str, list[float]] = {}
        self._news = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def wait_for(self, story: str, number: int, seconds: float) -> list[float]:
        """Wait until this many receivers have an event about a story; return the instants."""
        with self._news:
            self._news.wait_for(lambda: len(self.at.get(story, ())) >= number, seconds)
            return list(self.at.get(story, ()))

    def _read(self) -> None:
        for line in self._lines:
            _, story, moment = json.loads(line)
            with self._news:
                self.at.setdefault(story, []).append(moment)
                self._news.notify_all()


@contextmanager
def receivers(number: int) -> Iterator[Arrivals]:
    """Run this many receivers."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.receivers", str(number)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        yield Arrivals(process)
    finally:
        process.terminate()
        process.wait()


async def _serve(number: int) -> None:
    servers = [await asyncio.start_server(_hear(index), HOST, 0) for index in range(number)]
    print(json.dumps([server.sockets[0].getsockname()[1] for server in servers]), flush=True)
    await asyncio.Event().wait()


def _hear(receiver: int) -> Hear:
    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(_END)
        length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        body = json.loads(await reader.readexactly(length))
        arrived = time.time()
        writer.write(_ANSWER)
        await writer.drain()
        writer.close()
        print(json.dumps([receiver, body["data"]["id"], arrived]), flush=True)

    return hear


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1])))
