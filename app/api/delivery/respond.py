"""Where an answer is computed: on the event loop, or in a worker thread."""

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

from app.api.delivery.resource import Begun, Match, ReadRequest, Resource, begin, compute
from app.api.http.answer import Answer
from app.api.http.asgi import state
from app.api.live.change_notifier import ChangeNotifier
from app.bootstrap import Services


async def fetch(
    services: Services, notifier: ChangeNotifier, match: Match, request: ReadRequest
) -> Answer:
    """Compute an answer: what is short inline on SQLite, all else in a worker thread."""
    resource, parts = match
    if resource.waits:
        resource.reads.allow(services, request.reader)
        answer: Answer = await resource.start(services, request, notifier, **parts)
        return answer
    if services.database.dialect != "sqlite":
        return await run_in_threadpool(compute, services, match, request)
    begun: Begun = begin(services, match, request)
    return begun if isinstance(begun, Answer) else await run_in_threadpool(begun.compute)


async def respond(request: Request, resource: Resource) -> Response:
    """Answer a request for a resource, without the cache."""
    query = resource.parameters.canonical(request.scope["query_string"])
    asked = ReadRequest(request.scope["path"], query, state(request.scope)["caller"])
    match = Match(resource, request.path_params)
    app = request.app.state
    answer = await fetch(app.services, app.notifier, match, asked)
    response = Response(answer.body, answer.status)
    response.raw_headers += answer.headers
    return response
