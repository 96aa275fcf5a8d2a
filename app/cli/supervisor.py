"""The processes of `dateline serve --workers N`: started, watched, replaced and ended."""

import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from queue import Empty, SimpleQueue
from shutil import rmtree
from tempfile import TemporaryDirectory

import uvicorn

from app.cli.server_process import FORCE_SECONDS, KILL_SECONDS, START_FAILED, Server, Slot
from app.kit.process import shutdown_signals

_log = logging.getLogger("dateline.supervisor")
# A process without a heartbeat for so long is replaced. This includes the start, which takes long
# on a busy machine.
_SILENCE_SECONDS = 30.0
_HEARTBEAT_SECONDS = 1.0
_LOOK_SECONDS = 0.5
_POLL_SECONDS = 0.1
_spawn = multiprocessing.get_context("spawn")


class WorkerProcess:
    """A server process, which sends a heartbeat every second."""

    def __init__(self, config: uvicorn.Config, slot: Slot, drain_seconds: float) -> None:
        """Start the process."""
        self._heartbeats, heartbeats = _spawn.Pipe(duplex=False)
        arguments = (config, slot, drain_seconds, heartbeats)
        self.process = _spawn.Process(target=_serve, args=arguments)
        self.process.start()
        heartbeats.close()
        self._heard_at = time.monotonic()

    def is_alive(self) -> bool:
        """Tell whether the process runs, and has sent a heartbeat recently."""
        with suppress(EOFError, OSError):
            while self._heartbeats.poll():
                self._heartbeats.recv_bytes()
                self._heard_at = time.monotonic()
        return self.process.is_alive() and time.monotonic() - self._heard_at < _SILENCE_SECONDS

    def send_signal(self, number: int) -> None:
        """Send a signal to the process, if it runs."""
        if self.process.pid is not None and self.process.is_alive():
            os.kill(self.process.pid, number)

    def end(self) -> None:
        """Kill the process if it runs, and wait for it."""
        self.process.kill()
        self.process.join()
        self._heartbeats.close()


class Supervisor:
    """Replaces processes that died or hang, and ends all of them on a signal."""

    def __init__(self, config: uvicorn.Config, drain_seconds: float) -> None:
        """Prepare the processes of the configuration; `run` starts them."""
        self._config, self._drain_seconds = config, drain_seconds
        self._sockets = [config.bind_socket()]
        self._workers: list[WorkerProcess] = []
        self._signals: SimpleQueue[int] = SimpleQueue()
        self._has_failed = False

    def run(self) -> None:
        """Serve until stopped; exit with `START_FAILED` if a process cannot start."""
        _log.info("Started parent process [%d]", os.getpid())
        shutdown_signals.set_action(self._stop)
        with TemporaryDirectory(prefix="dateline-") as folder, shutdown_signals.cleanup(self._kill):
            self._folder = Path(folder)
            for number in range(self._config.workers):
                self._workers.append(self._start(number))
            while (received := self._wait_for_signal(_LOOK_SECONDS)) is None:
                self._replace()
            self._end(received)
        if self._has_failed:
            sys.exit(START_FAILED)

    def _stop(self, number: int) -> float:
        """Queue a signal; return the seconds within which the process has to end."""
        self._signals.put(number)
        return FORCE_SECONDS + self._find_drain_seconds(number)

    def _find_drain_seconds(self, number: int) -> float:
        return self._drain_seconds if number == signal.SIGTERM else 0.0

    def _wait_for_signal(self, seconds: float) -> int | None:
        try:
            return self._signals.get(timeout=seconds)
        except Empty:
            return None

    def _start(self, number: int) -> WorkerProcess:
        slot = Slot(self._sockets, self._folder, number)
        return WorkerProcess(self._config, slot, self._drain_seconds)

    def _replace(self) -> None:
        """Replace processes that died or hang; stop if one fails to start."""
        for index, worker in enumerate(self._workers):
            if worker.is_alive() or not self._signals.empty():
                continue
            worker.end()
            if worker.process.exitcode == START_FAILED:
                _log.error("Child process [%s] failed to start", worker.process.pid)
                self._has_failed = True
                self._signals.put(signal.SIGINT)
                return
            _log.warning("Child process [%s] died", worker.process.pid)
            self._workers[index] = self._start(index)

    def _end(self, number: int | None) -> None:
        """Forward signals until all processes have ended; kill those that do not."""
        until = float("inf")
        while any(worker.process.is_alive() for worker in self._workers):
            if number is not None:
                until = min(
                    until, time.monotonic() + KILL_SECONDS + self._find_drain_seconds(number)
                )
                for worker in self._workers:
                    worker.send_signal(number)
            if time.monotonic() >= until:
                break
            number = self._wait_for_signal(_POLL_SECONDS)
        for worker in self._workers:
            if worker.process.is_alive():
                _log.error("Child process [%s] does not end and is killed", worker.process.pid)
            worker.end()

    def _kill(self) -> None:
        for worker in self._workers:
            worker.process.kill()
        rmtree(self._folder, ignore_errors=True)


def _serve(
    config: uvicorn.Config, slot: Slot, drain_seconds: float, heartbeats: Connection
) -> None:
    """Serve in a child process."""
    shutdown_signals.install(0)
    threading.Thread(target=_send_heartbeats, args=(heartbeats,), name="beat", daemon=True).start()
    Server(config, drain_seconds).run(slot)


def _send_heartbeats(heartbeats: Connection) -> None:
    # Ignore a closed pipe: the supervisor has ended.
    with suppress(OSError):
        while True:
            heartbeats.send_bytes(b"lives")
            time.sleep(_HEARTBEAT_SECONDS)
