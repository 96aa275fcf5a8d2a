"""Runs functions in threads that start together."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")


def run_concurrently(acts: Sequence[Callable[[], Result]]) -> list[Result]:
    """Run functions in threads that start together; raise the first exception."""
    ready = threading.Barrier(len(acts))

    def begin(act: Callable[[], Result]) -> Result:
        ready.wait(timeout=30)
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result(timeout=60) for future in [pool.submit(begin, act) for act in acts]]
