"""Sync: what there is, and what changed since."""

import asyncio
from functools import partial

from fastapi import APIRouter, Request, Response

from app.access.caller import Caller
from app.access.rights import PUBLIC
from app.access.validity import insist_on_valid_key
from app.api.answers import delivered
from app.api.dependencies import Parts
from app.api.describe import describe
from app.api.direct import DirectRoute
from app.api.edge.asgi import state
from app.api.edge.stream import PATH
from app.api.following import FOLLOWING, PARAMETERS, Asked, batch_body, read_following
from app.api.pulse import Pulse
from app.api.reading import long_read, short_read
from app.api.schemas.reading import ChangeBatch
from app.bootstrap import Services
from app.syndication.sync.changes import Batch


class EventStream(Response):
    """An answer of events that never ends by itself."""

    media_type = "text/event-stream"


router = APIRouter(tags=["delivery"], route_class=DirectRoute)


@router.get(
    "/v1/changes",
    summary="What there is, then what changed since",
    responses={200: {"model": ChangeBatch}},
    openapi_extra=describe(
        query=(*FOLLOWING, "limit", "wait"),
        own=PARAMETERS,
        problems=(
            "bad_parameter",
            "bad_cursor",
            "cursor_too_old",
            "rights_changed",
            "key_required",
        ),
    ),
)
async def list_changes(request: Request, services: Parts) -> Response:
    """Return the next entries; without a cursor begin with all that there is.

    Keys that read what is under embargo are told of that, too, and nobody else is told anything.
    """
    query_string = request.scope["query_string"]
    caller: Caller = state(request.scope)["caller"]
    asked = await short_read(
        services, lambda: read_following(services, query_string, caller.rights)
    )
    batch = await _next(services, request.app.state.pulse, asked)
    if caller.key_id is not None:
        # It may have waited for a minute. Entries are read before the key, so that none of them
        # is later than its revocation.
        check = partial(insist_on_valid_key, services.database, services.clock, caller)
        await short_read(services, check)
    body = batch_body(services, batch)
    # A cache that repeated for seconds that nothing happened would have followers ask in a loop.
    # Nor is one to have what not everybody may see.
    shared = bool(batch.entries) and caller.rights == PUBLIC
    return delivered(request, body, batch.head, keys=("stories",), kept=False, shared=shared)


@router.get(
    PATH,
    summary="What happens from now on, as server-sent events",
    response_class=EventStream,
    responses={200: {"description": "Events of the same entries; `id` is the cursor."}},
    openapi_extra=describe(
        query=FOLLOWING,
        own=PARAMETERS,
        problems=(
            *("bad_parameter", "bad_cursor", "cursor_too_old", "rights_changed"),
            *("key_required", "too_many_listeners"),
        ),
    ),
)
async def follow_stream(request: Request, services: Parts) -> Response:
    """Tell HEAD what GET would begin with; who listens is answered at the edge."""
    return EventStream(headers={"cache-control": "no-store"})


async def _next(services: Services, pulse: Pulse, asked: Asked) -> Batch:
    """Read the next entries, and wait for the first if there is none and that was asked for."""
    loop = asyncio.get_running_loop()
    until = loop.time() + asked.wait
    follower = asked.follower
    while True:
        version = pulse.version
        read = partial(services.changes.next, follower, asked.limit)
        batch = await long_read(read)
        if batch.entries or not (batch.more or await pulse.changed(version, until - loop.time())):
            return batch
        follower = batch.follower
