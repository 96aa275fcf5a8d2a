"""The processes of `dateline serve --workers N`, supervised without waiting for any of them."""

import logging
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from socket import socket

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors.multiprocess import Multiprocess, Process

from app.kit import stopping
from app.server.interface import hooks_of

_log = logging.getLogger("dateline.supervisor")
# Requests in hand get so long, then they are cut off.
GRACE_SECONDS = 5
# A process that has not ended by then is killed; and later, so is the one that waits for others.
_KILL_SECONDS, FORCE_SECONDS = GRACE_SECONDS + 2.0, GRACE_SECONDS + 3.0
# A process that does not answer its supervisor for so long is replaced. It is not to happen to
# one that only takes its time to start, on a machine with much to do.
_SILENCE_SECONDS = 30.0
_PING_SECONDS = 0.5
_POLL_SECONDS = 0.1


class Server(uvicorn.Server):
    """A server that may be told to stop at any moment, and that ends in a bounded time.

    SIGTERM lets it serve on for `drain_seconds`, as not ready; SIGINT, and a second signal, do not.
    """

    def __init__(self, config: uvicorn.Config, drain_seconds: float) -> None:
        """Serve a configuration."""
        super().__init__(config)
        self._drain_seconds = drain_seconds
        self._drained_at: float | None = None

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take over from `stopping`: from here on, signals let requests in hand finish."""
        with super().capture_signals():
            stopping.end_with(self._stop, FORCE_SECONDS)
            # A process of several is started with SIGINT blocked, and may be told so from now on.
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
            yield

    def handle_exit(self, sig: int, frame: object) -> None:
        """Stop, and see to it that the process ends; see `stopping.note`."""
        if self.config.loaded:
            hooks_of(self.config.loaded_app).drain()
        waits = self._drain_seconds if self._may_drain(sig) else 0.0
        if waits:
            self._drained_at = time.monotonic() + waits
        else:
            # Not uvicorn's own: at a second SIGINT it leaves out the shutdown of the application.
            self.should_exit = True
        stopping.end_with(self._stop, FORCE_SECONDS + waits)
        stopping.note(sig)

    async def on_tick(self, counter: int) -> bool:
        """Return whether to stop; uvicorn asks ten times a second."""
        if self._drained_at is not None and time.monotonic() >= self._drained_at:
            self.should_exit = True
        return await super().on_tick(counter)

    def _may_drain(self, sig: int) -> bool:
        is_first = self._drained_at is None and not self.should_exit
        return sig == signal.SIGTERM and is_first and self.started

    def _stop(self) -> None:
        if self._drained_at is None:
            self.should_exit = True


class Worker(Process):
    """A process of several, with a server of ours."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket], drain_seconds: float) -> None:
        """Prepare a process; `start` starts it."""
        self._drain_seconds = drain_seconds
        self._own_server: Server | None = None
        super().__init__(config, sockets)

    @property
    def server(self) -> Server:
        """The server, in the process that serves."""
        if self._own_server is None:
            self._own_server = Server(self.config, self._drain_seconds)
        return self._own_server


class Supervisor(Multiprocess):
    """Replaces processes that died, and ends them all when it is told to."""

    def __init__(self, config: uvicorn.Config, sockets: list[socket], drain_seconds: float) -> None:
        """Supervise as many processes as the configuration says; `run` starts them."""
        super().__init__(config, sockets)
        self._drain_seconds = drain_seconds
        self._until = float("inf")
        self._heard_at: dict[Process, float] = {}

    def run(self) -> None:
        """Serve until told to stop."""
        stopping.end_with(self.should_exit.set, FORCE_SECONDS + self._drain_seconds)
        with stopping.cleanup(self._kill_all):
            super().run()

    def init_processes(self) -> None:
        """Start all processes."""
        for _ in range(self.processes_num):
            process = Worker(self.config, self.sockets, self._drain_seconds)
            process.start()
            self.processes.append(process)

    def handle_int(self) -> None:
        """Stop without waiting, and have the processes do so."""
        super().handle_int()
        self._until = min(self._until, time.monotonic() + _KILL_SECONDS)
        for process in self.processes:
            if process.pid is not None and process.process.is_alive():
                os.kill(process.pid, signal.SIGINT)

    def terminate_all(self) -> None:
        """Tell all processes to end."""
        self.handle_signals()
        super().terminate_all()

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
                self.processes[index] = Worker(self.config, self.sockets, self._drain_seconds)
                self.processes[index].start()

    def join_all(self) -> None:
        """Wait until all have ended; one that does not is killed."""
        self._until = min(self._until, time.monotonic() + _KILL_SECONDS + self._drain_seconds)
        for process in self.processes:
            while process.process.is_alive() and time.monotonic() < self._until:
                process.process.join(_POLL_SECONDS)
                self.handle_signals()
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
