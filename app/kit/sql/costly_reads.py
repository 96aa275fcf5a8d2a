"""A small thread pool for expensive reads, so that they do not block the others."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import TypeVar

from app.kit.errors import DatabaseBusy

Result = TypeVar("Result")
# How many run at the same time. On PostgreSQL, the pools have additional connections for them.
MAX_COSTLY = 4


class CostlyReads:
    """Runs functions with expensive reads, a limited number at the same time."""

    def __init__(self, seconds: float) -> None:
        """Set how many seconds a read may wait for a thread."""
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(MAX_COSTLY, "costly")

    async def run(self, function: Callable[[], Result]) -> Result:
        """Return the result of a function; raise `DatabaseBusy` if no thread is free in time."""
        # Copy the context variables of the request, such as its trace.
        turn = partial(copy_context().run, self._run, function, time.monotonic())
        return await asyncio.wrap_future(self._threads.submit(turn))

    def close(self) -> None:
        """Cancel what has not started, and start nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _run(self, function: Callable[[], Result], came_at: float) -> Result:
        if time.monotonic() - came_at > self._seconds:
            raise DatabaseBusy("Too many costly questions are being answered. Try again shortly.")
        return function()
