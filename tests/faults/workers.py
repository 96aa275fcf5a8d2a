"""Runs `dateline serve --workers`, and finds which worker a connection belongs to."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

import psutil

from tests.faults.server import CUT_OFF, environment, free_port, wait_until_ready

# On a busy machine, four processes that import everything start slowly.
TIMEOUT = 180


class Workers:
    """A server of several processes."""

    def __init__(self, database_url: str, number: int, log: Path, **settings: object) -> None:
        self.port = free_port()
        self.number = number
        self.log = log
        self._known: set[psutil.Process] = set()
        known = environment(database_url, port=self.port, workers=number, **settings)
        with log.open("wb") as output:
            self.parent = psutil.Popen(
                [sys.executable, "-c", "from app.cli import main; main()", "serve"],
                env=known,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def pids(self) -> set[int]:
        """Return the ids of the processes that serve."""
        pids = {
            child for child in self.parent.children() if "spawn_main" in "".join(_command(child))
        }
        self._known |= pids
        return {item.pid for item in pids}

    def processes(self) -> list[psutil.Process]:
        """Return the child processes that serve."""
        return [psutil.Process(pid) for pid in self.pids()]

    def wait_until_complete(self) -> None:
        """Wait until all processes serve: each has accepted connections."""
        wait_until_ready(self.port)
        wait_until(lambda: len(self.pids()) == self.number)
        with self.connections(each=1):
            pass

    def kill(self, pid: int) -> None:
        """Kill a worker, and wait until it is gone."""
        worker = psutil.Process(pid)
        worker.kill()
        wait_until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)

    @contextmanager
    def connections(self, each: int) -> Iterator[dict[int, list[HTTPConnection]]]:
        """Open connections, this many to each of the processes."""
        opened: list[HTTPConnection] = []
        by_worker: dict[int, list[HTTPConnection]] = {}
        try:
            ends = time.monotonic() + TIMEOUT
            while not self._suffice(by_worker, each):
                assert time.monotonic() < ends, self.log.read_text()
                # Few enough connections that a slow process leaves enough file descriptors for the
                # others.
                time.sleep(0.05 if by_worker else 0)
                opened.append(self._connection())
                by_worker = self._by_worker(opened)
            yield by_worker
        finally:
            for connection in opened:
                connection.close()

    def _suffice(self, by_worker: dict[int, list[HTTPConnection]], each: int) -> bool:
        return all(len(by_worker.get(pid, ())) >= each for pid in self.pids())

    def _connection(self) -> HTTPConnection:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        connection.connect()
        # An answered connection is certainly accepted.
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        return connection

    def _by_worker(self, opened: list[HTTPConnection]) -> dict[int, list[HTTPConnection]]:
        ports = {item.sock.getsockname()[1]: item for item in opened}
        by_worker: dict[int, list[HTTPConnection]] = {}
        for pid in self.pids():
            with suppress(psutil.Error):
                for known in psutil.Process(pid).net_connections("tcp"):
                    reader = ports.get(known.raddr.port if known.status == "ESTABLISHED" else 0)
                    by_worker.setdefault(pid, []).extend([] if reader is None else [reader])
        return by_worker

    def close(self) -> None:
        """End the remaining processes, the parent first, so that it starts no new ones."""
        with suppress(psutil.NoSuchProcess):
            self.pids()
            self.parent.kill()
        self.parent.wait(TIMEOUT)
        for worker in self._known:
            with suppress(psutil.NoSuchProcess):
                worker.kill()


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


@contextmanager
def serving(database_url: str, number: int, folder: Path, **settings: object) -> Iterator[Workers]:
    """Start a server with this many processes, and wait until all are ready."""
    workers = Workers(database_url, number, folder / "serve.log", **settings)
    try:
        workers.wait_until_complete()
        yield workers
    finally:
        workers.close()


def wait_until(done: Callable[[], bool]) -> None:
    """Wait until a condition is true."""
    ends = time.monotonic() + TIMEOUT
    while not done():
        assert time.monotonic() < ends
        time.sleep(0.02)


@dataclass
class Connections:
    """Readers that continuously send requests on new connections.

    `cut` has the start times of the failed ones.
    """

    port: int
    has_answer: int = 0
    cut: list[float] = field(default_factory=list)
    wrong: list[int] = field(default_factory=list)

    def wait_for(self, more: int) -> None:
        """Wait for this many more responses."""
        enough = self.has_answer + more
        wait_until(lambda: self.has_answer >= enough)

    def find_failures_after(self, moment: float) -> list[float]:
        """Return the start times of failed readers that started after an instant."""
        return [item for item in self.cut if item > moment]

    @contextmanager
    def reading(self, number: int = 4) -> Iterator["Connections"]:
        """Read in this many threads."""
        stopped = threading.Event()
        threads = [threading.Thread(target=self._read, args=(stopped,)) for _ in range(number)]
        for thread in threads:
            thread.start()
        try:
            yield self
        finally:
            stopped.set()
            for thread in threads:
                thread.join()

    def _read(self, stopped: threading.Event) -> None:
        # Slow enough that the machine has time for the code under test.
        while not stopped.wait(0.02):
            began = time.monotonic()
            try:
                status = self._ask()
            except CUT_OFF:
                self.cut.append(began)
            else:
                self.has_answer += 1
                self.wrong += [status] if status != 200 else []

    def _ask(self) -> int:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        try:
            connection.request("GET", "/v1/headlines")
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()


def is_free(port: int) -> bool:
    """Whether a port is free again."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
