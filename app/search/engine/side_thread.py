"""Run work on a side thread; the engine releases the interpreter lock."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Semaphore
from typing import TypeVar

Result = TypeVar("Result")

# One processor continues with the caller. Other processors are left to other requests.
_MOST_THREADS = min(2, (os.cpu_count() or 1) - 1)
_threads = ThreadPoolExecutor(max(1, _MOST_THREADS), "meanwhile")
_free_threads = Semaphore(_MOST_THREADS)


def start_on_side_thread(work: Callable[[], Result]) -> Callable[[], Result]:
    """Start work in parallel, and return a callable that gives its result or raises.

    Nobody waits for a free thread: if none is free, or none has started the work by then, the
    caller does it.
    """
    if not _free_threads.acquire(blocking=False):
        return work
    running = _threads.submit(work)
    running.add_done_callback(lambda _: _free_threads.release())
    return lambda: work() if running.cancel() else running.result()
