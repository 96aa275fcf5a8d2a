"""Delivery: search, completions, and stories like a story."""

import asyncio
import time
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request, Response

from app.access.caller import Caller
from app.api import alternates
from app.api.answers import delivered, list_links, nothing_here, redirected, withdrawn
from app.api.dependencies import Parts
from app.api.describe import describe
from app.api.direct import DirectRoute
from app.api.edge.asgi import state
from app.api.fields import SHORT, Fields
from app.api.paging import Paging, envelope
from app.api.params import FILTERS, SPANS, Parameters, bad
from app.api.reading import long_read, reads_embargoed, short_read
from app.api.schemas.reading import HeadlinePage, SearchPage, SuggestionList
from app.api.searching import (
    SEARCH_PARAMETERS,
    SORTS,
    SearchRequest,
    read_search,
    search_body,
)
from app.bootstrap import Services
from app.content.slugs import normal_ref
from app.kit import json
from app.search.queries import Answer
from app.search.suggesting import Suggestion

router = APIRouter(tags=["delivery"], route_class=DirectRoute)
_LISTED = ("stories",)
_RELATED = (*FILTERS, *SPANS, "fields", "limit", "names_in")
_MOST_SUGGESTED = 50
# What changed lately is searched beside the index, so there is something to wait for only where
# that is a lot, as after a large import.
_WAIT_SECONDS, _MOST_LOOKS = 2.0, 20
_MOVED: dict[int | str, dict[str, Any]] = {
    301: {"description": "The story has another slug now.", "content": None}
}


@router.get(
    "/v1/search",
    summary="Stories that hold what somebody typed",
    responses={200: {"model": SearchPage}},
    openapi_extra=describe(
        query=SEARCH_PARAMETERS,
        problems=("bad_parameter", "bad_cursor", "key_required"),
        sorts=SORTS,
    ),
)
async def search_stories(request: Request, services: Parts) -> Response:
    """Search visible stories, by relevance unless they are to be in another order."""
    params = Parameters(request.scope["query_string"], SEARCH_PARAMETERS)
    if params.choice("refresh", ("wait", "none"), "none") == "wait":
        await _refreshed(services)
    caller = state(request.scope)["caller"]
    asked, found = await long_read(lambda: _search(services, params, caller))
    body, cursors = search_body(asked, found)
    links = list_links(request, services, cursors)
    others = alternates.of_search(services, request.scope["query_string"])
    return delivered(
        request,
        body,
        found.head,
        keys=_LISTED,
        links=links,
        alternates=others,
        kept=found.settled,
    )


@router.get(
    "/v1/suggest",
    summary="Completions of what somebody types",
    responses={200: {"model": SuggestionList}},
    openapi_extra=describe(query=("q", "limit"), problems=("bad_parameter", "key_required")),
)
async def suggest(request: Request, services: Parts) -> Response:
    """Complete a text to titles, tags, sources and categories."""
    params = Parameters(request.scope["query_string"], ("q", "limit"))
    text = params.typed("q")
    if text is None:
        raise bad("q", "required", "Send in 'q' what was typed so far.")
    limit = params.number("limit", 10, 1, _MOST_SUGGESTED)
    embargoed = reads_embargoed(request)
    made, answer = await long_read(
        lambda: services.search.suggest(text, limit, embargoed=embargoed)
    )
    body = json.dumps({"data": [_suggested(one) for one in made]})
    return delivered(request, body, answer.head, keys=_LISTED, kept=answer.settled)


@router.get(
    "/v1/articles/{ref}/related",
    summary="Stories like a story",
    responses={200: {"model": HeadlinePage}, **_MOVED},
    openapi_extra=describe(
        query=_RELATED, problems=("bad_parameter", "not_found", "gone", "killed", "key_required")
    ),
)
async def list_related(ref: str, request: Request, services: Parts) -> Response:
    """List stories like a visible one: by content and category, never copies of it."""
    params = Parameters(request.scope["query_string"], _RELATED)
    fields = Fields.read(params, SHORT)
    paging = Paging.read(services.cursors, params, "", 1)
    embargoed, names_in = reads_embargoed(request), params.languages("names_in")
    story = await short_read(
        services, lambda: services.delivery.story(normal_ref(ref), embargoed=embargoed)
    )
    if story.moved_to is not None:
        return redirected(request, f"/v1/articles/{story.moved_to}/related", story.head)
    if story.gone is not None:
        raise withdrawn(request, story.head, story.gone)
    if story.body is None:
        raise nothing_here(request, story.head, "No story with this id or slug is public.")
    selection = params.selection(services.delivery.resolve, services.delivery.slugs)
    id_ = story.keys[0].removeprefix("story:")
    found = await long_read(
        lambda: services.search.related(
            id_, selection, paging.limit, embargoed=embargoed, names_in=names_in
        )
    )
    items = [fields.keep(one) for one in found.items] if fields else found.items
    body, _ = envelope(paging, items, None, None, None)
    keys = (*_LISTED, *story.keys)
    return delivered(request, body, found.head, keys=keys, kept=found.settled)


def _search(services: Services, params: Parameters, caller: Caller) -> tuple[SearchRequest, Answer]:
    asked = read_search(services, params, caller)
    return asked, services.search.search(asked.query)


def _suggested(one: Suggestion) -> dict[str, Any]:
    """Return a completion as JSON; an embargo is named where there is one."""
    told: dict[str, Any] = asdict(one)
    if told["embargo_until"] is None:
        del told["embargo_until"]
    else:
        told["embargoed"] = True
    return told


async def _refreshed(services: Services) -> None:
    """Wait while an answer could miss something, but not for ever: perhaps nobody follows."""
    end = time.monotonic() + _WAIT_SECONDS
    for _ in range(_MOST_LOOKS):
        if await long_read(services.search.is_exact) or time.monotonic() > end:
            return
        await asyncio.sleep(_WAIT_SECONDS / _MOST_LOOKS)
