"""An answer that several requests wait for at once."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Generic, TypeVar

Result = TypeVar("Result")


class SingleFlight(Generic[Result]):
    """Runs once for all that wait for it, and is given up when none does any more."""

    def __init__(self, work: Coroutine[Any, Any, Result]) -> None:
        """Begin the work."""
        self._task = asyncio.ensure_future(work)
        self._waiting = 0

    async def result(self) -> Result:
        """Wait for the work; a caller that is cancelled does not end it for the others."""
        self._waiting += 1
        try:
            return await asyncio.shield(self._task)
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._task.cancel()
