"""Where a read runs: on the event loop if it is short and embedded, else on a thread."""

from collections.abc import Callable
from typing import TypeVar

from starlette.concurrency import run_in_threadpool

from app.bootstrap import Services

Result = TypeVar("Result")


async def short_read(services: Services, read: Callable[[], Result]) -> Result:
    """Run a bounded read. On SQLite it takes less than the way to a thread and back."""
    if services.database.dialect == "sqlite":
        return read()
    return await run_in_threadpool(read)
