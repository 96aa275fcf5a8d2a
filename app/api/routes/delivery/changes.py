"""Sync: what there is, and what changed since."""

from fastapi import Request, Response

from app.api.delivery import changes
from app.api.delivery.respond import respond
from app.api.http.access import ReadPolicy
from app.api.http.feed_tokens import PARAMETER
from app.api.http.parameters import ParameterSet
from app.api.live.event_hub import PATH
from app.api.live.sync_requests import STREAM_PARAMETERS
from app.api.openapi.operations import describe
from app.api.routes.public_router import PublicRouter
from app.api.schemas.reading import ChangeBatch


class EventStream(Response):
    """An answer of events, which does not end."""

    media_type = "text/event-stream"


router = PublicRouter(tags=["Sync"])
_PROBLEMS = (
    "bad_parameter",
    "bad_cursor",
    "cursor_too_old",
    "rights_changed",
    "key_required",
    "forbidden",
    "quota_exceeded",
)


@router.read(
    changes.CHANGES,
    summary="List changes",
    responses={200: {"model": ChangeBatch}},
    problems=_PROBLEMS,
)
async def list_changes(request: Request) -> Response:
    """Return the next changes after a cursor; without one, start with a snapshot of everything.

    Repeat the request with the `cursor` of each answer. Apply each change to your copy by its
    `op`. Only keys that read under embargo receive changes of stories under embargo.
    """
    return await respond(request, changes.CHANGES)


@router.get(
    PATH,
    access=ReadPolicy.STORIES,
    summary="Follow changes",
    response_class=EventStream,
    responses={200: {"description": "Server-sent events, each with a `ChangeEntry` as JSON."}},
    openapi_extra=describe(
        query=ParameterSet(*STREAM_PARAMETERS, PARAMETER),
        headers=("Last-Event-ID",),
        problems=(*_PROBLEMS, "too_many_listeners"),
    ),
)
async def follow_changes() -> Response:
    """Send each change as a server-sent event, from now on.

    The field `event` is the `op` of the change: `upsert` or `remove`. `data` is a `ChangeEntry` as
    JSON: an `upsert` has the `document`, a `remove` has a `reason` and perhaps a `notice`. `id` is
    the cursor after the change: a client that connects again with it, in `Last-Event-ID` or as
    `cursor`, misses nothing. The stream opens with an `id` and `retry: 2000`; a comment (`:`)
    every 15 seconds keeps the connection alive. If the cursor is too old, the answer is `410`:
    read `/v1/changes` from the start.
    """
    # HEAD alone arrives here: the middleware answers GET.
    return EventStream(headers={"cache-control": "no-store"})
