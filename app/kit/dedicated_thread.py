"""A dedicated thread for one function, whose callers wait for a limited time."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Result = TypeVar("Result")


class DedicatedThread(Generic[Result]):
    """Calls one function; callers that arrive while it runs get the same result."""

    def __init__(self, function: Callable[[], Result], seconds: float, late: Result) -> None:
        """Prepare the thread; `late` is returned if the function takes longer than `seconds`."""
        self._function = function
        self._seconds = seconds
        self._late = late
        self._thread = ThreadPoolExecutor(1, "dedicated")
        self._running: Future[Result] | None = None

    async def result(self) -> Result:
        """Return the result of the function, or `late` after the time limit."""
        if self._running is None or self._running.done():
            self._running = self._thread.submit(self._function)
        running = asyncio.wrap_future(self._running)
        try:
            return await asyncio.wait_for(asyncio.shield(running), self._seconds)
        except TimeoutError:
            return self._late
