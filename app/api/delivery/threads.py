"""Work for answers in other threads: what asks much has a few of its own."""

import asyncio
from collections.abc import Callable
from functools import partial

from starlette.concurrency import run_in_threadpool

from app.api.delivery.resource import ReadRequest
from app.api.http.answer import Answer
from app.bootstrap import Services
from app.kit.limit import ReadLimit

# More values than people choose; each may be one more test of every story.
_MANY_VALUES = 30


async def run_for(services: Services, request: ReadRequest, work: Callable[[], Answer]) -> Answer:
    """Return the answer that work makes; what it reads ends when nobody waits for it any more."""
    limit = ReadLimit(services.settings.read_seconds)
    limited = partial(limit.run, work)
    try:
        if asks_much(request.query):
            return await services.costly.run(limited)
        return await run_in_threadpool(limited)
    except asyncio.CancelledError:
        limit.abandon()
        raise


def asks_much(query: bytes) -> bool:
    """Tell whether a query has stories counted, or tested against many values."""
    if b"count=e" in query or b"facets=" in query:
        return True
    return query.count(b",") + query.count(b"%2C") + query.count(b"&") > _MANY_VALUES
