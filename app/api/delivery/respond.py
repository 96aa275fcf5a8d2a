"""Where an answer is computed: on the event loop, or in a worker thread."""

from contextlib import suppress
from functools import partial

from fastapi import Request, Response

from app.api.delivery.resource import Match, ReadRequest, Resource, TakesLong
from app.api.delivery.threads import asks_much, run_for
from app.api.http.answer import Answer
from app.api.http.asgi import state
from app.api.live.change_notifier import ChangeNotifier
from app.bootstrap import Services


async def fetch(
    services: Services, notifier: ChangeNotifier, match: Match, request: ReadRequest
) -> Answer:
    """Compute an answer in a worker thread, or wait for what it waits for."""
    resource, parts = match
    if resource.runs == "async":
        resource.reads.allow(services, request.reader)
        answer: Answer = await resource.answer(services, request, notifier, **parts)
        return answer
    reads = services.database.awaited
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
