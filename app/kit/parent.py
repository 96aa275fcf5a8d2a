"""The process that started this one, where there is such a one."""

import asyncio
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

# Whoever watches over a process that shows life waits much longer before it thinks that it hangs.
_SECONDS = 1.0


def end_with_parent() -> None:
    """Ask this process to end, as an operator would, once the one that started it is gone.

    A process that is killed outright cannot end its children; nobody would supervise them any
    longer, and they would hold its port for ever.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        _end_after(parent.join)


def end_with_input() -> None:
    """Ask this process to end once nobody can write to its standard input any longer."""
    _end_after(lambda: os.read(sys.stdin.fileno(), 1))


async def show_life() -> None:
    """Write to standard output, from now on, that the event loop of this process still turns."""
    out = sys.stdout.fileno()
    os.set_blocking(out, False)
    while True:
        # Nobody reads it, for the moment or any longer: that is not this process's to mend.
        with suppress(OSError):
            os.write(out, b".")
        await asyncio.sleep(_SECONDS)


def _end_after(wait: Callable[[], object]) -> None:
    def follow() -> None:
        wait()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=follow, name="parent", daemon=True).start()
