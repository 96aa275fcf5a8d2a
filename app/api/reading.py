"""Where a read runs: on the event loop if it is short and embedded, else on a thread."""

from collections.abc import Callable
from typing import TypeVar

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from app.access.caller import Caller
from app.api.edge.asgi import state
from app.bootstrap import Services

Result = TypeVar("Result")


def reads_embargoed(request: Request) -> bool:
    """Tell whether a reader may have what is under embargo."""
    caller: Caller = state(request.scope)["caller"]
    return caller.embargoed


async def short_read(services: Services, read: Callable[[], Result]) -> Result:
    """Run a bounded read. On SQLite it takes less than the way to a thread and back."""
    if services.database.dialect == "sqlite":
        return read()
    return await run_in_threadpool(read)


async def long_read(read: Callable[[], Result]) -> Result:
    """Run a read that may take long, such as an exact count."""
    return await run_in_threadpool(read)
