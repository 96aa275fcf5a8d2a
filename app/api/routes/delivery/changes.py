"""Sync: what there is, and what changed since."""

from fastapi import Request, Response

from app.api.delivery import changes
from app.api.delivery.respond import respond
from app.api.http.access import Reads
from app.api.live.stream import PATH
from app.api.live.sync_requests import FOLLOWING
from app.api.openapi.operations import describe
from app.api.routes.public_router import PublicRouter
from app.api.schemas.reading import ChangeBatch


class EventStream(Response):
    """An answer of events that never ends by itself."""

    media_type = "text/event-stream"


router = PublicRouter(tags=["delivery"])
_PROBLEMS = ("bad_parameter", "bad_cursor", "cursor_too_old", "rights_changed", "key_required")


@router.read(
    changes.CHANGES,
    summary="What there is, then what changed since",
    responses={200: {"model": ChangeBatch}},
    problems=_PROBLEMS,
)
async def list_changes(request: Request) -> Response:
    """Return the next entries; without a cursor begin with all that there is.

    Keys that read what is under embargo are told of that, too, and nobody else is told anything.
    """
    return await respond(request, changes.CHANGES)


@router.get(
    PATH,
    access=Reads.STORIES,
    summary="What happens from now on, as server-sent events",
    response_class=EventStream,
    responses={200: {"description": "Events `upsert` and `remove`: entries of `/v1/changes`."}},
    openapi_extra=describe(query=FOLLOWING, problems=(*_PROBLEMS, "too_many_listeners")),
)
async def follow_stream() -> Response:
    """Send each change as an event from now on, until the client leaves.

    The field `event` is the `op` of the change: `upsert` or `remove`. `data` is one entry of
    `/v1/changes` as JSON: an `upsert` has the document, a `remove` has a `reason` and perhaps a
    `notice`. `id` is the cursor behind it: a client that comes back with it, in `Last-Event-ID` or
    as `cursor`, misses nothing. The stream opens with an `id` and `retry: 2000`; a comment (`:`)
    every 15 seconds keeps the connection alive. A cursor that has ended is a `410`: read
    `/v1/changes` from the start.
    """
    # For HEAD: the middleware answers who listens.
    return EventStream(headers={"cache-control": "no-store"})
