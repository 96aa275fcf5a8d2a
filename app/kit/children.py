"""Processes that this one begins, replaces when they die, and ends with itself."""

import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from multiprocessing import resource_tracker
from multiprocessing.connection import wait

_log = logging.getLogger("dateline.children")
_ENDING_SECONDS = 15.0
# Whoever did not live for so long may have died of its beginning: the next one would, too.
_SHORT_LIFE_SECONDS = 5.0
_PAUSE_SECONDS = 2.0
# Nothing that a process does keeps it from showing life for so long, unless it hangs.
_QUIET_SECONDS = 30.0


class Child:
    """A process that is there until it is no longer wanted, whatever befalls it.

    Its standard input ends when this process does, however that comes about. By its standard output
    it shows that it lives; one that has begun to and ceases is killed. It stands in a session of
    its own: what a terminal tells this process, this process tells it.
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
                    stdout=subprocess.PIPE,
                    pass_fds=self._files,
                    start_new_session=True,
                )

    def _watch(self) -> None:
        while not self._stopped.is_set():
            began = time.monotonic()
            assert self._process is not None
            self._see_out(self._process)
            _let_go(self._process)
            if self._stopped.is_set():
                return
            _log.warning("%s died (%d)", self._name, self._process.pid)
            short = time.monotonic() - began < _SHORT_LIFE_SECONDS
            self._stopped.wait(_PAUSE_SECONDS if short else 0)
            self._replace()

    def _see_out(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until a process has ended, and end it once it no longer shows life."""
        assert process.stdout is not None
        quiet = None
        shown = process.stdout.fileno()
        # Twice: the clock of a machine that was stopped for a while jumps ahead.
        while any(wait([shown], quiet) for _ in range(2)):
            if not os.read(shown, 4096):
                break
            quiet = _QUIET_SECONDS / 2
        else:
            _log.error("%s hangs and is ended (%d)", self._name, process.pid)
            process.kill()
        process.wait()

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


def hear_alone(number: int) -> None:
    """Spare processes that the main thread begins from now on a signal; this one still hears it.

    A terminal sends SIGINT to all of them. One that still starts would end with a traceback, and
    whoever watches over it would think that it died.
    """
    # Who begins a process hands on what it blocks. Python handles a signal in its main thread,
    # but any thread may be the one that the system gives it to.
    threading.Thread(target=threading.Event().wait, name="signals", daemon=True).start()
    # Begun later, it would unblock the signal for whoever begins it.
    resource_tracker.ensure_running()
    signal.pthread_sigmask(signal.SIG_BLOCK, {number})


def _let_go(process: subprocess.Popen[bytes]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
