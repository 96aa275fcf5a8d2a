"""Work that is done on a thread beside other work: the engine leaves the interpreter to others."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Semaphore
from typing import TypeVar

Result = TypeVar("Result")

# One processor does the other work. Where there are many, they are for other requests.
_MOST = min(2, (os.cpu_count() or 1) - 1)
_threads = ThreadPoolExecutor(max(1, _MOST), "meanwhile")
_room = Semaphore(_MOST)


def meanwhile(work: Callable[[], Result]) -> Callable[[], Result]:
    """Let work begin beside what is done next; what is returned gives its result, or raises.

    Nobody waits for a thread: where none is free, or has begun by then, the work is done by who
    wants the result.
    """
    if not _room.acquire(blocking=False):
        return work
    running = _threads.submit(work)
    running.add_done_callback(lambda _: _room.release())
    return lambda: work() if running.cancel() else running.result()
