"""The processes of `dateline serve --workers N`, supervised without waiting for any of them."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from socket import socket

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from app.kit import stopping

_log = logging.getLogger("dateline.supervisor")
# Requests in hand get so long, then they are cut off.
GRACE_SECONDS = 10
# A process that has not ended by then is killed; and later, so is the one that waits for others.
_KILL_SECONDS, FORCE_SECONDS = GRACE_SECONDS + 2.0, GRACE_SECONDS + 3.0
# A process that does not answer its supervisor for so long is replaced. It is not to happen to
# one that only takes its time to start, on a machine with much to do.
_SILENCE_SECONDS = 30.0
_PING_SECONDS = 0.5


class Server(uvicorn.Server):
    """A server that may be told to stop at any moment, and that ends in a bounded time."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take over from `stopping`: from here on, signals let requests in hand finish."""
        with super().capture_signals():
            stopping.end_with(self._stop, FORCE_SECONDS)
            yield

    def handle_exit(self, sig: int, frame: object) -> None:
        """Stop, and see to it that the process ends; see `stopping.note`."""
        super().handle_exit(sig, frame)  # type: ignore[arg-type]
        stopping.note(sig)

    def _stop(self) -> None:
        self.should_exit = True


class Supervisor(Multiprocess):
    """Replaces processes that died, and ends them all when it is told to."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket]) -> None:
        """Supervise as many processes as the configuration says; `run` starts them."""
        super().__init__(config, sockets)
        self._heard_at: dict[Process, float] = {}

    def run(self) -> None:
        """Serve until told to stop."""
        stopping.end_with(self.should_exit.set, FORCE_SECONDS)
        with stopping.cleanup(self._kill_all):
            super().run()

    def keep_subprocess_alive(self) -> None:
        """Replace processes that died or hang; what fails to start is not tried again."""
        for index, process in enumerate(self.processes):
            if self.should_exit.is_set() or self._lives(process):
                continue
            process.kill()
            process.join()
            if process.exitcode == STARTUP_FAILURE:
                _log.error("Child process [%s] failed to start; the server ends.", process.pid)
                self.should_exit.set()
            elif not self.should_exit.is_set():
                _log.warning("Child process [%s] died", process.pid)
                self.processes[index] = Process(self.config, self.sockets)
                self.processes[index].start()

    def join_all(self) -> None:
        """Wait until all have ended; one that does not is killed."""
        until = time.monotonic() + _KILL_SECONDS
        for process in self.processes:
            process.process.join(max(0.0, until - time.monotonic()))
            if process.process.is_alive():
                _log.error("Child process [%s] does not end and is killed", process.pid)
                process.process.kill()
            process.join()

    def _lives(self, process: Process) -> bool:
        """Ask once whether a process lives; it may be silent for a while, as when it starts."""
        now = time.monotonic()
        if process.is_alive(timeout=_PING_SECONDS):
            self._heard_at[process] = now
        heard_at = self._heard_at.setdefault(process, now)
        return process.process.is_alive() and now - heard_at < _SILENCE_SECONDS

    def _kill_all(self) -> None:
        for process in self.processes:
            process.process.kill()
