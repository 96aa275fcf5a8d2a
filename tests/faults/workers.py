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

# Four processes that import everything, on a machine that others keep busy, take their time.
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
        found = {
            child for child in self.parent.children() if "spawn_main" in "".join(_command(child))
        }
        self._known |= found
        return {item.pid for item in found}

    def processes(self) -> list[psutil.Process]:
        """Return the processes that serve."""
        return [psutil.Process(pid) for pid in self.pids()]

    def wait_until_complete(self) -> None:
        """Wait until all serve: each has connections of its own to answer on."""
        wait_until_ready(self.port)
        until(lambda: len(self.pids()) == self.number)
        with self.connections(each=1):
            pass

    def kill(self, pid: int) -> None:
        """Kill a worker, and wait until it is gone."""
        worker = psutil.Process(pid)
        worker.kill()
        until(lambda: not worker.is_running() or worker.status() == psutil.STATUS_ZOMBIE)

    @contextmanager
    def connections(self, each: int) -> Iterator[dict[int, list[HTTPConnection]]]:
        """Give open connections, so many to each of the processes."""
        opened: list[HTTPConnection] = []
        found: dict[int, list[HTTPConnection]] = {}
        try:
            ends = time.monotonic() + TIMEOUT
            while not self._suffice(found, each):
                assert time.monotonic() < ends, self.log.read_text()
                # Not so many that whoever is slow to start leaves the others without files.
                time.sleep(0.05 if found else 0)
                opened.append(self._connection())
                found = self._by_worker(opened)
            yield found
        finally:
            for connection in opened:
                connection.close()

    def _suffice(self, found: dict[int, list[HTTPConnection]], each: int) -> bool:
        return all(len(found.get(pid, ())) >= each for pid in self.pids())

    def _connection(self) -> HTTPConnection:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT)
        connection.connect()
        # Answered, it is surely accepted.
        connection.request("GET", "/healthz")
        connection.getresponse().read()
        return connection

    def _by_worker(self, opened: list[HTTPConnection]) -> dict[int, list[HTTPConnection]]:
        ports = {item.sock.getsockname()[1]: item for item in opened}
        found: dict[int, list[HTTPConnection]] = {}
        for pid in self.pids():
            with suppress(psutil.Error):
                for known in psutil.Process(pid).net_connections("tcp"):
                    reader = ports.get(known.raddr.port if known.status == "ESTABLISHED" else 0)
                    found.setdefault(pid, []).extend([] if reader is None else [reader])
        return found

    def close(self) -> None:
        """End whatever is left of it, the parent first, so that it starts nothing new."""
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
    """Give a server of so many processes, all of them ready."""
    made = Workers(database_url, number, folder / "serve.log", **settings)
    try:
        made.wait_until_complete()
        yield made
    finally:
        made.close()


def until(done: Callable[[], bool]) -> None:
    """Wait until something is so."""
    ends = time.monotonic() + TIMEOUT
    while not done():
        assert time.monotonic() < ends
        time.sleep(0.02)


@dataclass
class Connections:
    """Readers who come, ask once and go, all the time; `cut` says when those came who were cut."""

    port: int
    has_answer: int = 0
    cut: list[float] = field(default_factory=list)
    wrong: list[int] = field(default_factory=list)

    def wait_for(self, more: int) -> None:
        """Wait until so many more were answered."""
        enough = self.has_answer + more
        until(lambda: self.has_answer >= enough)

    def came_after(self, moment: float) -> list[float]:
        """Return when those came who were cut off though they came after a moment."""
        return [item for item in self.cut if item > moment]

    @contextmanager
    def reading(self, number: int = 4) -> Iterator["Connections"]:
        """Read from so many threads."""
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
        # Not so often that the machine has no time for what is tested.
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
    """Tell whether nobody listens on a port any longer."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0
