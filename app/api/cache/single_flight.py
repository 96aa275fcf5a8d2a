"""One computation for several concurrent requests."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")


class SingleFlight(Generic[Result]):
    """Runs a coroutine once for all waiting callers; cancels it when none waits any more."""

    def __init__(self, work: Coroutine[Any, Any, Result]) -> None:
        """Start the coroutine."""
        self._task = asyncio.ensure_future(work)
        self._waiting = 0

    async def result(self) -> Result:
        """Wait for the result; a cancelled caller does not cancel it for the others."""
        self._waiting += 1
        try:
            return await asyncio.shield(self._task)
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._task.cancel()
