"""A server process: uvicorn runs in a thread, so that `shutdown_signals` handles signals."""

import errno
import socket
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from signal import SIGTERM

import uvicorn

from app.kit.errors import Misconfigured
from app.kit.process import shutdown_signals
from app.server.interface import find_hooks

# Seconds for current requests before they are aborted.
GRACE_SECONDS = 5
# After these times a process is killed, and then the supervisor that waits for it.
KILL_SECONDS, FORCE_SECONDS = GRACE_SECONDS + 2.0, GRACE_SECONDS + 3.0
# The exit code of a server that could not start, as in uvicorn.
START_FAILED = 3
_REASONS = {
    errno.EADDRINUSE: "Another program listens there (address already in use). End it, or choose "
    "another port with --port or DATELINE_PORT.",
    errno.EACCES: "This user may not (permission denied). Choose a port from 1024 on.",
    errno.EADDRNOTAVAIL: "This machine does not have that address. Choose another one with --host "
    "or DATELINE_HOST; 0.0.0.0 stands for all of them.",
}


def check_address(host: str, port: int) -> None:
    """Raise `Misconfigured` if a server cannot listen on an address."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as probe:
            # As the server does, so that connections of an ended server do not block the port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
    except socket.gaierror as error:
        raise Misconfigured(
            f"The host {host!r} is not known. Check --host or DATELINE_HOST: it is an address of "
            "this machine, such as 127.0.0.1 or 0.0.0.0."
        ) from error
    except OSError as error:
        reason = _REASONS.get(error.errno or 0, f"{error.strerror}.")
        raise Misconfigured(f"Cannot listen on {host}, port {port}. {reason}") from error


@dataclass(frozen=True, slots=True)
class Slot:
    """The number and sockets of one of several processes that serve a port.

    The processes share their metrics in the folder.
    """

    sockets: Sequence[socket.socket]
    folder: Path
    number: int


class Server:
    """A server that can be stopped at any time, and ends within a limited time.

    After SIGTERM it continues for `drain_seconds`, and is not ready; after a second SIGTERM, or
    another signal, it ends immediately.
    """

    def __init__(self, config: uvicorn.Config, drain_seconds: float) -> None:
        """Serve a configuration."""
        self._config = config
        self._server = uvicorn.Server(config)
        self._drain_seconds = drain_seconds
        self._is_stopping = False

    def run(self, slot: Slot | None = None) -> None:
        """Serve until stopped; exit with `START_FAILED` if the server cannot start."""
        shutdown_signals.set_action(self._stop)
        # uvicorn handles signals only in the main thread.
        with ThreadPoolExecutor(1, "server") as thread, suppress(SystemExit):
            thread.submit(self._serve, slot).result()
        if not self._server.started and not self._is_stopping:
            sys.exit(START_FAILED)

    def _serve(self, slot: Slot | None) -> None:
        if slot is None:
            self._server.run()
            return
        self._config.load()
        find_hooks(self._config.loaded_app).share(str(slot.folder), slot.number)
        self._server.run(list(slot.sockets))

    def _stop(self, number: int) -> float:
        """Stop; return the seconds within which the process has to end."""
        if self._config.loaded:
            find_hooks(self._config.loaded_app).drain()
        may_drain = number == SIGTERM and self._server.started and not self._is_stopping
        self._is_stopping = True
        waits = self._drain_seconds if may_drain else 0.0
        if waits:
            timer = threading.Timer(waits, self._end)
            timer.daemon = True
            timer.start()
        else:
            self._end()
        return FORCE_SECONDS + waits

    def _end(self) -> None:
        self._server.should_exit = True
