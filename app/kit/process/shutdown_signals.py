"""SIGINT, SIGTERM and SIGHUP, obeyed from the first line of the program to its last.

A handler in Python runs in the main thread, and not while SQLite builds an index there. The
exception that it raises is lost in a finalizer, in a callback of a C library, or in somebody
else's `except:`; a lock that it takes may be held by what it interrupted. So the handler of the
interpreter itself writes the number of the signal to a pipe, and a thread that reads the pipe
acts on it: it ends the process at once, until something that ends in order says otherwise.
Everything that is stored survives that, because it is written in transactions or under another
name first; what has such a name is removed.
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

# What is done about a signal; it returns in how many seconds the process has to end.
Action = Callable[[int], float]

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SHOW_CURSOR = b"\x1b[?25h\n"


class _SignalState:
    """What the process does when it is told to stop; one for each process, as signals are."""

    action: Action
    write_end: int | None = None
    handled: frozenset[int] = frozenset()


_state = _SignalState()
_cleanups: list[Callable[[], None]] = []


def install(code: int | None = None) -> None:
    """Obey signals from now on; call it once, in the main thread, before anything else.

    The process ends with `code`, or with 128 and the number of the signal, as shells report it.
    SIGINT and SIGTERM are obeyed where the process that started this one blocks or ignores them,
    as shells do for what runs in the background. SIGHUP stays ignored: `nohup` asks for that.
    """
    _state.action = lambda number: _exit_now(128 + number if code is None else code)
    _state.handled = frozenset(
        number
        for number in _SIGNALS
        if number != signal.SIGHUP or signal.getsignal(number) is signal.SIG_DFL
    )
    read_end, _state.write_end = os.pipe()
    os.set_blocking(_state.write_end, False)
    # Started first, it is there when the first signal comes.
    threading.Thread(target=_read_signals, args=(read_end,), name="signals", daemon=True).start()
    signal.set_wakeup_fd(_state.write_end, warn_on_full_buffer=False)
    for number in _state.handled:
        signal.signal(number, _ignore)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _state.handled)


def set_action(stop: Action) -> None:
    """From now on, a signal calls `stop`, in a thread; the process then ends by itself.

    If it has not after the seconds that `stop` returns, it is ended with exit code 1.
    """
    _state.action = stop


@contextmanager
def cleanup(remove: Callable[[], None]) -> Iterator[None]:
    """Call `remove` when the process is ended by a signal during the block.

    It runs in another thread than the block, which may go on until it is done.
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
    # Nothing is logged: whatever keeps this process may hold a lock of the log, too.
    with suppress(OSError):
        os.write(2, b"dateline: ended by force; it did not end in time.\n")
    _exit_now(1)


def _seconds_until(moment: float) -> float:
    return max(0.0, moment - time.monotonic())


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: the interpreter has written to the pipe before it calls this."""


def _exit_now(code: int) -> NoReturn:
    for remove in reversed(_cleanups):
        with suppress(OSError):
            remove()
    if os.isatty(2):
        # A bar of progress hides it.
        with suppress(OSError):
            os.write(2, _SHOW_CURSOR)
    os._exit(code)
