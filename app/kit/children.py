"""Processes that this one begins, replaces when they die, and ends with itself."""

import logging
import subprocess
import threading
import time
from collections.abc import Sequence

_log = logging.getLogger("dateline.children")
_ENDING_SECONDS = 15.0
# Whoever did not live for so long may have died of its beginning: the next one would, too.
_SHORT_LIFE_SECONDS = 5.0
_PAUSE_SECONDS = 2.0


class Child:
    """A process that is there until it is no longer wanted, whatever befalls it.

    Its standard input ends when this process does, however that comes about. It stands in a
    session of its own: what a terminal tells this process, this process tells it.
    """

    def __init__(self, name: str, command: Sequence[str], files: Sequence[int]) -> None:
        """Name a command, and the open files that it is given."""
        self._name = name
        self._command = command
        self._files = files
        self._stopped = threading.Event()
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._watching = threading.Thread(target=self._watch, name=name, daemon=True)

    def start(self) -> None:
        """Begin the process, and watch over it."""
        self._begin()
        self._watching.start()

    def stop(self) -> None:
        """Tell the process to end, and wait until it has; one that does not is killed."""
        self._stopped.set()
        with self._turn:
            process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_ENDING_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _begin(self) -> None:
        with self._turn:
            if not self._stopped.is_set():
                self._process = subprocess.Popen(  # noqa: S603 - a command of ours
                    self._command,
                    stdin=subprocess.PIPE,
                    pass_fds=self._files,
                    start_new_session=True,
                )

    def _watch(self) -> None:
        while not self._stopped.is_set():
            began = time.monotonic()
            assert self._process is not None
            self._process.wait()
            _let_go(self._process)
            if self._stopped.is_set():
                return
            _log.warning("%s died (%d)", self._name, self._process.pid)
            short = time.monotonic() - began < _SHORT_LIFE_SECONDS
            self._stopped.wait(_PAUSE_SECONDS if short else 0)
            self._replace()

    def _replace(self) -> None:
        """Begin the process anew, as soon as the system allows it."""
        while True:
            try:
                self._begin()
            except OSError as wrong:
                # Too many open files, or too little memory: that passes.
                _log.error("%s cannot be begun: %s", self._name, wrong.strerror)
                self._stopped.wait(_PAUSE_SECONDS)
            else:
                return


def _let_go(process: subprocess.Popen[bytes]) -> None:
    if process.stdin is not None:
        process.stdin.close()
