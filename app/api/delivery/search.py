"""Search, completions, and stories similar to a story."""

import asyncio
import time
from dataclasses import asdict
from typing import Any

from starlette.concurrency import run_in_threadpool

from app.api.delivery.answers import delivered, feed_alternates, list_links, redirected
from app.api.delivery.resource import ReadRequest, Resource
from app.api.delivery.search_query import SEARCH_PARAMETERS, read_search, search_body
from app.api.delivery.stories import story_absent
from app.api.http.access import Reads
from app.api.http.answer import Answer
from app.api.http.fields import SHORT, Fields
from app.api.http.paging import Paging, envelope
from app.api.http.parameters import FILTERS, SPANS, Parameters, bad
from app.api.live.change_notifier import ChangeNotifier
from app.bootstrap import Services
from app.content.slugs import normal_ref
from app.kit import json
from app.search.suggesting import Suggestion

RELATED_PARAMETERS = (*FILTERS, *SPANS, "fields", "limit", "names_in")
_LISTED = ("stories",)
_MOST_SUGGESTED = 50
# What changed lately is searched in addition to the index, so there is something to wait for only
# where that is a lot, as after a large import.
_WAIT_SECONDS, _MOST_LOOKS = 2.0, 20


async def search(services: Services, request: ReadRequest, _: ChangeNotifier) -> Answer:
    """Search visible stories; `refresh=wait` waits for the index first."""
    params = Parameters(request.query, SEARCH_PARAMETERS)
    if params.choice("refresh", ("wait", "none"), "none") == "wait":
        await _refreshed(services)
    return await run_in_threadpool(_found, services, request, params)


def suggest(services: Services, request: ReadRequest) -> Answer:
    """Complete a text to titles, tags, sources and categories."""
    params = Parameters(request.query, ("q", "limit"))
    text = params.typed("q")
    if text is None:
        raise bad("q", "required", "Send in 'q' what was typed so far.")
    limit = params.number("limit", 10, 1, _MOST_SUGGESTED)
    embargoed = request.reader.embargoed
    made, answer = services.search.suggest(text, limit, embargoed=embargoed)
    body = json.dumps({"data": [_suggestion(completion) for completion in made]})
    return delivered(request, body, answer.head, keys=_LISTED, kept=answer.settled)


def list_related(services: Services, request: ReadRequest, ref: str) -> Answer:
    """List stories similar to a visible one."""
    params = Parameters(request.query, RELATED_PARAMETERS)
    fields = Fields.read(params, SHORT)
    paging = Paging.read(services.cursors, params, "", 1)
    embargoed, names_in = request.reader.embargoed, params.languages("names_in")
    story = services.delivery.story(normal_ref(ref), embargoed=embargoed)
    if story.moved_to is not None:
        return redirected(request, f"/v1/articles/{story.moved_to}/related", story.head)
    if story.body is None:
        raise story_absent(request, story.head, story)
    selection = params.selection(services.delivery.resolve, services.delivery.slugs)
    request.leave_loop()
    found = services.search.related(
        story.keys[0].removeprefix("story:"),
        selection,
        paging.limit,
        embargoed=embargoed,
        names_in=names_in,
    )
    items = [fields.keep(item) for item in found.items] if fields else found.items
    body, _ = envelope(paging, items, None, None, None)
    keys = (*_LISTED, *story.keys)
    return delivered(request, body, found.head, keys=keys, kept=found.settled)


def _found(services: Services, request: ReadRequest, params: Parameters) -> Answer:
    asked = read_search(services, params, request.reader)
    found = services.search.search(asked.query)
    body, cursors = search_body(asked, found)
    links = list_links(services, request, cursors)
    others = feed_alternates(services, request.query, "/feeds/search")
    return delivered(
        request,
        body,
        found.head,
        keys=_LISTED,
        links=links,
        alternates=others,
        kept=found.settled,
    )


def _suggestion(completion: Suggestion) -> dict[str, Any]:
    """Return a completion as JSON; an embargo is named where there is one."""
    value: dict[str, Any] = asdict(completion)
    if value["embargo_until"] is None:
        del value["embargo_until"]
    else:
        value["embargoed"] = True
    return value


async def _refreshed(services: Services) -> None:
    """Wait while an answer could miss something, but not for ever: the indexer may be stopped."""
    end = time.monotonic() + _WAIT_SECONDS
    for _ in range(_MOST_LOOKS):
        if await run_in_threadpool(services.search.is_exact) or time.monotonic() > end:
            return
        await asyncio.sleep(_WAIT_SECONDS / _MOST_LOOKS)


SEARCH = Resource("/v1/search", Reads.HEADLINES, search, "async")
SUGGEST = Resource("/v1/suggest", Reads.HEADLINES, suggest, "thread")
RELATED = Resource("/v1/articles/{ref}/related", Reads.STORIES, list_related)
