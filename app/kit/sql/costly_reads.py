"""A few threads for reads that take long, so that all others find one free."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import TypeVar

from app.kit.errors import DatabaseBusy

Result = TypeVar("Result")
# As many run at once. On PostgreSQL there are connections beside those of all others for them.
MOST_COSTLY = 4


class CostlyReads:
    """Runs functions that read at length, some at a time."""

    def __init__(self, seconds: float) -> None:
        """Let each wait for its turn so many seconds."""
        self._seconds = seconds
        self._threads = ThreadPoolExecutor(MOST_COSTLY, "costly")

    async def run(self, function: Callable[[], Result]) -> Result:
        """Return what a function returns; refuse it where its turn does not come in time."""
        # What the request is known by, such as its trace, goes along.
        turn = partial(copy_context().run, self._run, function, time.monotonic())
        return await asyncio.wrap_future(self._threads.submit(turn))

    def close(self) -> None:
        """Begin nothing any more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _run(self, function: Callable[[], Result], came_at: float) -> Result:
        if time.monotonic() - came_at > self._seconds:
            raise DatabaseBusy("Too many costly questions are being answered. Try again shortly.")
        return function()
