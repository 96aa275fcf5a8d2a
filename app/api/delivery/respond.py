"""Compute answers: awaited on the event loop, or in a worker thread.

Expensive queries share a few worker threads, so that they cannot take all of them.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

from app.api.delivery.resource import Match, NeedsWorkerThread, ReadRequest, Resource
from app.api.http.answer import PublicAnswer
from app.api.http.asgi import state
from app.api.http.feed_tokens import FEED_TOKEN
from app.api.live.change_notifier import ChangeNotifier
from app.bootstrap import Services
from app.kit.sql.sqlite_readers import ReadLimit

# More values than people choose; each may be compared with every story.
_MANY_VALUES = 30


async def fetch(
    services: Services, notifier: ChangeNotifier, match: Match, request: ReadRequest
) -> PublicAnswer:
    """Await an answer if one statement is enough for it, or compute it in a worker thread."""
    resource, parts = match
    if resource.runs == "async":
        resource.read_policy.allow(services, request.reader)
        if request.reader.entitlement.is_timed:
            request = await run_in_threadpool(request.with_boundary, services)
        answer: PublicAnswer = await resource.answer(services, request, notifier, **parts)
        return answer
    reads = services.database.async_reads
    # The boundary of grants with a delay or depth needs statements of its own.
    awaited = None if request.reader.entitlement.is_timed else resource.awaited
    if awaited is not None and reads is not None and not is_expensive(request.query):
        resource.read_policy.allow(services, request.reader)
        with suppress(NeedsWorkerThread):
            return await awaited(services, reads, request, **parts)
    return await run_for(services, request, partial(match.compute, services, request))


async def respond(request: Request, resource: Resource) -> Response:
    """Answer a request for a resource, without the cache."""
    query = resource.parameters.canonical(request.scope["query_string"])
    scope = request.scope
    asked = ReadRequest(scope["path"], query, state(scope)["caller"], token=scope.get(FEED_TOKEN))
    app = request.app.state
    answer = await fetch(app.services, app.notifier, Match(resource, request.path_params), asked)
    usage, sent = app.services.usage, answer.metadata.sent
    if not usage.quotas.allow_from_memory(asked.reader, sent):
        await run_in_threadpool(usage.quotas.check, asked.reader, sent)
    # The access log counts the request and its bytes.
    usage.add(asked.reader, resource.path, 0, sent, requests=0)
    response = Response(answer.body, answer.status)
    response.raw_headers += answer.headers
    return response


async def run_for(
    services: Services, request: ReadRequest, work: Callable[[], PublicAnswer]
) -> PublicAnswer:
    """Run `work` in a worker thread; cancelling this coroutine cancels its reads."""
    limit = ReadLimit(services.settings.read_seconds)
    limited = partial(limit.run, work)
    try:
        if is_expensive(request.query):
            return await services.costly.run(limited)
        return await run_in_threadpool(limited)
    except asyncio.CancelledError:
        limit.abandon()
        raise


def is_expensive(query: bytes) -> bool:
    """Tell whether a query counts stories, or compares them with many values."""
    if b"count=e" in query or b"facets=" in query:
        return True
    return query.count(b",") + query.count(b"%2C") + query.count(b"&") > _MANY_VALUES
