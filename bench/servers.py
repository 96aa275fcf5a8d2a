"""Start servers on the loopback interface, wait for them, and end them by process id."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

import psutil

from bench.floor import ANSWER_VARIABLE
from bench.recorded_answer import Answer, fetch

HOST = "127.0.0.1"
ROOT = Path(__file__).resolve().parent.parent
_START_SECONDS = 60.0
_END_SECONDS = 10.0
_POLL_SECONDS = 0.05
_LOG_TAIL = 3
_SERVER_FAULT = 500
# A limit that no measurement reaches.
MANY_REQUESTS = 1_000_000_000


class ServerError(Exception):
    """A server did not start, or ended unexpectedly."""


@dataclass(frozen=True)
class Database:
    """A database URL and its search index."""

    url: str
    search_path: Path | None = None


@dataclass(frozen=True)
class Server:
    """A running server."""

    name: str
    port: int
    pid: int

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Send one request outside of measurements."""
        return fetch(HOST, self.port, path, headers)

    def cpu_seconds(self) -> float:
        """Return the processor time since its start."""
        own = psutil.Process(self.pid)
        times = [process.cpu_times() for process in (own, *own.children(recursive=True))]
        return float(sum(time.user + time.system for time in times))


def dateline_command() -> str:
    """Return the command of the product from the Python environment of this process."""
    command = Path(sys.executable).with_name("dateline")
    if not command.exists():
        raise ServerError(f"There is no `dateline` next to {sys.executable}. Run `make install`.")
    return str(command)


def dateline_environment(
    database: Path | Database, cache_bytes: int | None = None, **settings: str
) -> dict[str, str]:
    """Return an environment in which Dateline has these options and otherwise its defaults.

    Limits are counted, but not reached.
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith("DATELINE_")}
    if isinstance(database, Path):
        environment["DATELINE_DATABASE_URL"] = f"sqlite:///{database}"
    else:
        environment["DATELINE_DATABASE_URL"] = database.url
        environment["DATELINE_SEARCH_PATH"] = str(database.search_path)
    environment["DATELINE_WORKERS"] = "1"
    environment["DATELINE_KEY_REQUESTS_PER_MINUTE"] = str(MANY_REQUESTS)
    if cache_bytes is not None:
        environment["DATELINE_CACHE_BYTES"] = str(cache_bytes)
    return environment | {f"DATELINE_{name.upper()}": value for name, value in settings.items()}


@contextmanager
def dateline(
    folder: Path,
    database: Path | Database,
    cache_bytes: int | None = None,
    without: str | None = None,
    **settings: str,
) -> Iterator[Server]:
    """Serve a database like the product does, or without one of its speed layers."""
    port = _free_port()
    command = [dateline_command()]
    environment = dateline_environment(database, cache_bytes, **settings)
    if without is not None:
        command = [sys.executable, "-m", "bench.without", without]
        environment["PYTHONPATH"] = str(ROOT)
    command += ["serve", "--host", HOST, "--port", str(port)]
    with _running("dateline", command, environment, folder, port, "/readyz") as server:
        yield server


@contextmanager
def floor(folder: Path, answer: Answer) -> Iterator[Server]:
    """Serve one fixed response, at the speed of the server alone."""
    port = _free_port()
    recorded = folder / f"answer-{port}.json"
    answer.save(recorded)
    command = [*_uvicorn("bench.floor:create", port), "--factory", "--lifespan", "off"]
    if not answer.names_server:
        command.append("--no-server-header")
    environment = {**os.environ, ANSWER_VARIABLE: str(recorded)}
    with _running("floor", command, environment, folder, port, "/") as server:
        yield server


@contextmanager
def idiomatic(folder: Path, url: str) -> Iterator[Server]:
    """Serve the idiomatic version."""
    with _reading("idiomatic", "bench.idiomatic.main:create", folder, url) as server:
        yield server


@contextmanager
def by_hand(folder: Path, url: str) -> Iterator[Server]:
    """Serve the same tables with asyncpg and orjson."""
    with _reading("by-hand", "bench.handwritten:create", folder, url) as server:
        yield server


@contextmanager
def _reading(name: str, application: str, folder: Path, url: str) -> Iterator[Server]:
    port = _free_port()
    command = [*_uvicorn(application, port), "--factory"]
    environment = {**os.environ, "IDIOMATIC_DATABASE": url.replace("+psycopg", "+asyncpg")}
    with _running(name, command, environment, folder, port, "/headlines") as server:
        yield server


def _uvicorn(application: str, port: int) -> list[str]:
    options = "--loop uvloop --http httptools --ws none --no-access-log --no-proxy-headers"
    where = ["--host", HOST, "--port", str(port), "--app-dir", str(ROOT)]
    quiet = ["--log-level", "warning"]
    return [sys.executable, "-m", "uvicorn", application, *options.split(), *where, *quiet]


@contextmanager
def _running(
    name: str,
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    port: int,
    path: str,
) -> Iterator[Server]:
    log = folder / f"{name}-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=environment, cwd=folder, stdout=output, stderr=output
        )
        try:
            _wait_until_answers(process, log, port, path)
            yield Server(name, port, process.pid)
        finally:
            _end(process)


def _wait_until_answers(process: subprocess.Popen[bytes], log: Path, port: int, path: str) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise ServerError(f"It ended with {process.returncode}: {_tail(log)}")
        if _answers(port, path):
            return
        time.sleep(_POLL_SECONDS)
    raise ServerError(f"No answer after {_START_SECONDS:.0f} seconds: {_tail(log)}")


def _answers(port: int, path: str) -> bool:
    try:
        return fetch(HOST, port, path).status < _SERVER_FAULT
    except (OSError, HTTPException):
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _tail(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return "\n".join(lines[-_LOG_TAIL:])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
