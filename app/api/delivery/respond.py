"""Where an answer is computed: awaited, or in a worker thread; what asks much has a few."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

from app.api.delivery.resource import Match, ReadRequest, Resource, TakesLong
from app.api.http.answer import Answer
from app.api.http.asgi import state
from app.api.live.change_notifier import ChangeNotifier
from app.bootstrap import Services
from app.kit.sql.sqlite_readers import ReadLimit

# More values than people choose; each may be one more test of every story.
_MANY_VALUES = 30


async def fetch(
    services: Services, notifier: ChangeNotifier, match: Match, request: ReadRequest
) -> Answer:
    """Await an answer, if one statement is enough for it, or compute it in a worker thread."""
    resource, parts = match
    if resource.runs == "async":
        resource.reads.allow(services, request.reader)
        answer: Answer = await resource.answer(services, request, notifier, **parts)
        return answer
    reads = services.database.async_reads
    if resource.awaited is not None and reads is not None and not asks_much(request.query):
        resource.reads.allow(services, request.reader)
        with suppress(TakesLong):
            return await resource.awaited(services, reads, request, **parts)
    return await run_for(services, request, partial(match.compute, services, request))


async def respond(request: Request, resource: Resource) -> Response:
    """Answer a request for a resource, without the cache."""
    query = resource.parameters.canonical(request.scope["query_string"])
    asked = ReadRequest(request.scope["path"], query, state(request.scope)["caller"])
    app = request.app.state
    answer = await fetch(app.services, app.notifier, Match(resource, request.path_params), asked)
    response = Response(answer.body, answer.status)
    response.raw_headers += answer.headers
    return response


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
