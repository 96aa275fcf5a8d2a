"""Handling of SIGINT, SIGTERM and SIGHUP, from the first line of the program to the last.

A Python signal handler runs in the main thread, and has to wait while SQLite builds an index there.
An exception from a handler is lost in a finalizer, in a callback of a C library, or in an
`except:`; and a lock that a handler needs may be held by the code that it interrupted. So the
interpreter's C handler writes the signal number to a pipe (`set_wakeup_fd`), and a thread reads the
pipe and acts.

By default it ends the process immediately; `set_action` sets an orderly shutdown. Stored data is
safe, as it is written in transactions, or to a temporary name, which is removed.
"""

import os
import select
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from math import inf
from types import FrameType
from typing import NoReturn

# Handles a signal; returns the seconds within which the process has to end.
Action = Callable[[int], float]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SHOW_CURSOR = b"\x1b[?25h\n"


class _SignalState:
    """The signal handling of the process; a singleton, as signals are."""

    action: Action
    write_end: int | None = None
    handled: frozenset[int] = frozenset()


_state = _SignalState()
_cleanups: list[Callable[[], None]] = []


def install(code: int | None = None) -> None:
    """Start handling signals; call it once, in the main thread, before anything else.

    The process ends with exit code `code`, or with 128 plus the signal number, as shells report it.
    SIGINT and SIGTERM are handled even if the parent blocks or ignores them, as shells do for
    background jobs. SIGHUP stays ignored, which `nohup` relies on.
    """
    _state.action = lambda number: _exit_now(128 + number if code is None else code)
    _state.handled = frozenset(
        number
        for number in _SIGNALS
        if number != signal.SIGHUP or signal.getsignal(number) is signal.SIG_DFL
    )
    read_end, _state.write_end = os.pipe()
    os.set_blocking(_state.write_end, False)
    # Started before the handlers are installed, so that no signal is missed.
    threading.Thread(target=_read_signals, args=(read_end,), name="signals", daemon=True).start()
    signal.set_wakeup_fd(_state.write_end, warn_on_full_buffer=False)
    for number in _state.handled:
        signal.signal(number, _ignore)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _state.handled)


def set_action(stop: Action) -> None:
    """Call `stop` in a thread when a signal arrives; the process then has to end by itself.

    If it has not ended after the seconds that `stop` returns, it is ended with exit code 1.
    """
    _state.action = stop


@contextmanager
def cleanup(remove: Callable[[], None]) -> Iterator[None]:
    """Call `remove` if a signal ends the process during the block.

    It runs in another thread, while the block may continue.
    """
    _cleanups.append(remove)
    try:
        yield
    finally:
        _cleanups.remove(remove)


def _read_signals(read_end: int) -> None:
    until = inf
    while select.select([read_end], [], [], None if until == inf else _seconds_until(until))[0]:
        for number in os.read(read_end, 64):
            if number in _state.handled:
                until = min(until, time.monotonic() + _state.action(number))
    # No logging: the code that blocks the process may hold a lock of the logger.
    with suppress(OSError):
        os.write(2, b"dateline: ended by force; it did not end in time.\n")
    _exit_now(1)


def _seconds_until(moment: float) -> float:
    return max(0.0, moment - time.monotonic())


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: the interpreter writes to the pipe before it calls this."""


def _exit_now(code: int) -> NoReturn:
    for remove in reversed(_cleanups):
        with suppress(OSError):
            remove()
    if os.isatty(2):
        # A progress bar hides the cursor.
        with suppress(OSError):
            os.write(2, _SHOW_CURSOR)
    os._exit(code)
