"""A server process on loopback, and a simple client."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parents[2]
_TIMEOUT = 180

# Exceptions in a client whose server dies.
CUT_OFF = (OSError, HTTPException)


def free_port() -> int:
    """Return a free port of the loopback interface."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(database_url: str, **settings: object) -> dict[str, str]:
    """Return the environment of a `dateline` process."""
    variables = {f"DATELINE_{name.upper()}": str(value) for name, value in settings.items()}
    return os.environ | {
        "DATELINE_DATABASE_URL": database_url,
        "PYTHONPATH": str(_ROOT),
        **variables,
    }


class Client:
    """A keep-alive connection with a key; a response counts once it was read completely."""

    def __init__(self, port: int, key: str | None = None) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT)
        self._headers = {"authorization": f"Bearer {key}"} if key else {}

    def call(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, dict[str, str], Any]:
        """Send a request and return status, headers and the JSON of the answer."""
        sent = {"content-type": "application/json", **self._headers}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        self._connection.request(method, path, content, sent)
        answer = self._connection.getresponse()
        read = answer.read()
        received = {name.lower(): value for name, value in answer.getheaders()}
        is_json = "json" in received.get("content-type", "") and "ndjson" not in str(received)
        value = json.loads(read) if is_json else read
        return answer.status, received, value

    def stream_lines(self, path: str, lines: bytes) -> Iterator[dict[str, Any]]:
        """Send NDJSON and yield each line of the response as it arrives."""
        headers = {**self._headers, "content-type": "application/x-ndjson"}
        self._connection.request("POST", path, lines, headers)
        answer = self._connection.getresponse()
        if answer.status != 200:
            raise AssertionError(json.loads(answer.read()))
        for _ in range(lines.count(b"\n")):
            line = answer.readline()
            if not line.endswith(b"\n"):
                raise HTTPException("the answer was cut off")
            yield json.loads(line)
        answer.read()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class ServerRow:
    """Server processes in sequence on one port; see `server_row`."""

    def __init__(self, database_url: str, **settings: object) -> None:
        port = settings.get("port")
        self.port = port if isinstance(port, int) else free_port()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.server_row", str(self.port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=_ROOT,
            env=environment(database_url, log_level="error", **settings),
        )
        self._child: int | None = None

    def start(self) -> None:
        """Start the next server and wait until it is ready."""
        self._record_attempt()
        self._child = int(self._read())
        wait_until_ready(self.port)

    def kill(self) -> None:
        """Kill the server with SIGKILL."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Send SIGTERM to the server, and wait until it has stopped."""
        self._end(signal.SIGTERM)

    def close(self) -> None:
        """Stop all processes."""
        if self._child is not None:
            self.kill()
        self._process.communicate(timeout=_TIMEOUT)

    def _end(self, how: signal.Signals) -> None:
        assert self._child is not None
        os.kill(self._child, how)
        assert self._read() == "ended"
        self._child = None

    def _record_attempt(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("start\n")
        self._process.stdin.flush()

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@contextmanager
def server_row(database_url: str, **settings: object) -> Iterator[ServerRow]:
    """Start a server row on a database, and stop its processes afterwards."""
    servers = ServerRow(database_url, **settings)
    try:
        yield servers
    finally:
        servers.close()


def wait_until_ready(port: int) -> None:
    """Wait until a server is ready."""
    ends = time.monotonic() + _TIMEOUT
    while True:
        try:
            if ready(port) == 200:
                return
        except CUT_OFF:
            pass
        assert time.monotonic() < ends, "the server does not get ready"
        time.sleep(0.01)


def ready(port: int) -> int:
    """Return the status of /readyz."""
    client = Client(port)
    try:
        return client.call("GET", "/readyz")[0]
    finally:
        client.close()
