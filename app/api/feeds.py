"""From the address of a feed to its bytes: the parameters of the lists, one page, one format."""

from collections.abc import Collection
from dataclasses import replace
from functools import partial

from fastapi import Request, Response

from app.api.answers import delivered, list_links, nothing_here, redirected
from app.api.channels import Channel
from app.api.edge.asgi import state
from app.api.feed_pages import Asked, write_feed
from app.api.nearest import nearest
from app.api.paging import Paging
from app.api.params import FILTERS, SPANS, Parameters
from app.api.reading import long_read, reads_embargoed, short_read
from app.api.stories import read_query
from app.bootstrap import Services
from app.delivery.queries import Page, StoryQuery
from app.delivery.store.shapes import Form
from app.delivery.surrogates import LISTS
from app.syndication.formats import FEEDS, FeedFormat

FEED_PARAMETERS = (*FILTERS, *SPANS, "sort", "limit", "cursor")
# More than this is written on a thread, so that nobody else waits for it.
MUCH = 512 * 1024


async def answer_feed(request: Request, services: Services, channel: Channel, ext: str) -> Response:
    """Answer with a feed, or lead on to where it is now."""
    form = FEEDS.get(ext)
    if form is None:
        head = await short_read(services, services.delivery.head)
        raise nothing_here(request, head, no_format(ext, FEEDS))
    if channel.moved:
        head = await short_read(services, services.delivery.head)
        return redirected(request, f"{channel.path}.{ext}", head)
    asked = await short_read(services, lambda: _understood(request, services, channel, form))
    page = await _page(services, asked.query)
    written = partial(write_feed, request, services, asked, page, form)
    much = sum(map(len, page.items)) > MUCH
    body = await (long_read(written) if much else short_read(services, written))
    links = list_links(request, services, _cursors(asked.paging, page))
    if services.push.options.hub is not None:
        links["hub"] = services.push.options.hub
    return delivered(
        request, body, page.head, keys=(LISTS,), links=links, media_type=form.media_type
    )


def no_format(ext: str, known: Collection[str]) -> str:
    """Say that a format does not exist, and which do."""
    guess = nearest(ext, known)
    meant = f" Did you mean {guess!r}?" if guess else ""
    return f"There is no format {ext!r}.{meant} Known here: {', '.join(known)}."


def _understood(
    request: Request, services: Services, channel: Channel, format_: FeedFormat
) -> Asked:
    params = Parameters(request.scope["query_string"], FEED_PARAMETERS)
    form: Form = "whole" if _may_read_whole(request, services) else "short"
    query, paging = read_query(services, params, channel.path, form, channel.clauses)
    embargoed = format_.tells_embargo and reads_embargoed(request)
    return Asked(channel, replace(query, embargoed=embargoed), paging)


def _may_read_whole(request: Request, services: Services) -> bool:
    """Tell whether feeds take in what is not shown to everybody where headlines alone are open."""
    keyed = state(request.scope)["caller"].key_id is not None
    return keyed or services.settings.anonymous == "all"


async def _page(services: Services, query: StoryQuery) -> Page:
    if query.is_short:
        return await short_read(services, lambda: services.delivery.stories(query))
    return await long_read(lambda: services.delivery.stories(query))


def _cursors(paging: Paging, page: Page) -> dict[str, str | None]:
    return {
        "next": paging.cursor(page.after, backwards=False),
        "prev": paging.cursor(page.before, backwards=True),
    }
