"""Search, completions, and stories similar to a story."""

import asyncio
import time
from dataclasses import asdict
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool

from app.api.delivery.resource import (
    ReadRequest,
    Resource,
    build_answer,
    build_redirect,
    feed_alternates,
    list_links,
)
from app.api.delivery.respond import run_for
from app.api.delivery.search_query import (
    REFRESH,
    SEARCH_LIST,
    SUGGESTION_LIMIT,
    SUGGESTION_LIST,
    read_search,
    search_body,
)
from app.api.delivery.single_stories import build_not_found_or_gone
from app.api.delivery.story_parameters import NAMES_IN, RELATED_LIST, Q
from app.api.http.access import ReadPolicy
from app.api.http.answer import PublicAnswer
from app.api.http.fields import HEADLINE_FIELDS
from app.api.http.filters import read_selection
from app.api.http.paging import Paging, envelope
from app.api.http.parameters import Values, bad
from app.api.live.change_notifier import ChangeNotifier
from app.bootstrap import Services
from app.delivery.results import find_sent_stories
from app.kit import json
from app.kit.ids import normalize_ref
from app.search.suggestions import Suggestion

_LISTED = ("stories",)
# Recent changes are searched in addition to the index, so waiting is needed only after many changes
# at once, such as a large import.
_WAIT_SECONDS, _MOST_CHECKS = 2.0, 20


async def search(services: Services, request: ReadRequest, _: ChangeNotifier) -> PublicAnswer:
    """Search visible stories; with `refresh=wait`, wait for the index first."""
    values = SEARCH_LIST.parse(request.query)
    if values[REFRESH] == "wait":
        await _wait_for_index(services)
    return await run_for(services, request, partial(_answer_search, services, request, values))


def suggest(services: Services, request: ReadRequest) -> PublicAnswer:
    """Complete a text to titles, tags, sources and categories."""
    values = SUGGESTION_LIST.parse(request.query)
    text = values[Q]
    if text is None:
        raise bad(Q.name, "required", "Send in 'q' what was typed so far.")
    limit, entitlement = values[SUGGESTION_LIMIT], request.reader.entitlement
    completions, answer = services.search.suggest(text, limit, entitlement=entitlement)
    body = json.dumps({"data": [_build_suggestion(completion) for completion in completions]})
    return build_answer(
        request, body, answer.head, surrogate_keys=_LISTED, is_cacheable=answer.is_stable
    )


def list_related(services: Services, request: ReadRequest, ref: str) -> PublicAnswer:
    """List stories similar to a visible one."""
    values = RELATED_LIST.parse(request.query)
    fields = values[HEADLINE_FIELDS]
    paging = Paging.read(services.cursors, values, "", 1, request.reader.entitlement)
    entitlement, names_in = request.reader.entitlement, values[NAMES_IN]
    story = services.delivery.find_story(normalize_ref(ref), entitlement=entitlement)
    if story.moved_to is not None:
        return build_redirect(
            services, request, f"/v1/articles/{story.moved_to}/related", story.log_state
        )
    if story.body is None:
        raise build_not_found_or_gone(request, story.log_state, story)
    selection = read_selection(values, services.delivery, entitlement)
    request.require_worker_thread()
    found = services.search.list_related(
        story.keys[0].removeprefix("story:"),
        selection,
        paging.limit,
        entitlement=entitlement,
        names_in=names_in,
    )
    items = [fields.keep(item) for item in found.items] if fields else found.items
    body, _ = envelope(paging, items, None, None, None)
    keys = (*_LISTED, *story.keys)
    return build_answer(
        request,
        body,
        found.head,
        surrogate_keys=keys,
        is_cacheable=found.is_stable,
        sent=find_sent_stories(found.items) if request.reader.partner_id is not None else (),
    )


def _answer_search(services: Services, request: ReadRequest, values: Values) -> PublicAnswer:
    asked = read_search(services, values, request.reader)
    found = services.search.search(asked.query)
    body, cursors = search_body(asked, found)
    links = list_links(services, request, cursors)
    others = feed_alternates(services, request.query, "/feeds/search")
    return build_answer(
        request,
        body,
        found.head,
        surrogate_keys=_LISTED,
        links=links,
        alternates=others,
        is_cacheable=found.is_stable,
        sent=find_sent_stories(found.items) if request.reader.partner_id is not None else (),
    )


def _build_suggestion(completion: Suggestion) -> dict[str, Any]:
    """Return a completion as JSON; only one under embargo has the members about it."""
    value: dict[str, Any] = asdict(completion)
    if value["embargo_until"] is None:
        del value["embargo_until"]
    else:
        value["embargoed"] = True
    return value


async def _wait_for_index(services: Services) -> None:
    """Wait until the index is complete, for a limited time: the indexer may be stopped."""
    end = time.monotonic() + _WAIT_SECONDS
    for _ in range(_MOST_CHECKS):
        if await run_in_threadpool(services.search.is_complete) or time.monotonic() > end:
            return
        await asyncio.sleep(_WAIT_SECONDS / _MOST_CHECKS)


SEARCH = Resource("/v1/search", ReadPolicy.HEADLINES, search, SEARCH_LIST, "async")
SUGGEST = Resource("/v1/suggest", ReadPolicy.HEADLINES, suggest, SUGGESTION_LIST, "thread")
RELATED = Resource("/v1/articles/{ref}/related", ReadPolicy.STORIES, list_related, RELATED_LIST)
