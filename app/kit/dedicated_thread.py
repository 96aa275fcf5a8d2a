"""A function on a thread that nothing else uses, with an end to waiting for it."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Result = TypeVar("Result")


class DedicatedThread(Generic[Result]):
    """Calls one function; whoever asks while it runs gets the same result."""

    def __init__(self, function: Callable[[], Result], seconds: float, late: Result) -> None:
        """Call nothing yet; `late` is returned where the function takes longer than `seconds`."""
        self._function = function
        self._seconds = seconds
        self._late = late
        self._thread = ThreadPoolExecutor(1, "dedicated")
        self._running: Future[Result] | None = None

    async def result(self) -> Result:
        """Return what the function returns, within the time."""
        if self._running is None or self._running.done():
            self._running = self._thread.submit(self._function)
        running = asyncio.wrap_future(self._running)
        try:
            return await asyncio.wait_for(asyncio.shield(running), self._seconds)
        except TimeoutError:
            return self._late
