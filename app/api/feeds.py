"""From the address of a feed to its bytes: the parameters of the lists, one page, one format."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import partial

from fastapi import Request, Response

from app.api.answers import delivered, list_links, nothing_here, redirected
from app.api.channels import Channel
from app.api.edge.asgi import state
from app.api.feed_pages import Asked, write_feed
from app.api.links import fits_in_head
from app.api.nearest import nearest
from app.api.params import FILTERS, SPANS, Parameters
from app.api.reading import long_read, reads_embargoed, short_read
from app.api.searching import places, read_typed, search_in_list, sees_titles_only
from app.api.stories import read_query
from app.bootstrap import Services
from app.delivery.results import Page
from app.delivery.store.reading import Position
from app.delivery.store.shapes import Form
from app.delivery.surrogates import LISTS
from app.kit.quoting import quoted
from app.search.queries import SearchQuery
from app.syndication.formats import FEEDS, FeedFormat

_ALL = (*FILTERS, *SPANS, "sort", "limit", "cursor")
FEED_PARAMETERS = (*_ALL, "one_per_story", "prefer", "names_in")
SEARCH_FEED_PARAMETERS = ("q", *_ALL, "names_in")
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
    page, settled = await _page(services, asked)
    written = partial(write_feed, request, services, asked, page, form)
    much = sum(map(len, page.items)) > MUCH
    body, following = await (long_read(written) if much else short_read(services, written))
    before = asked.paging.cursor(page.before, backwards=True)
    links = list_links(request, services, {"next": following, "prev": before})
    if services.push.options.hub is not None:
        links["hub"] = services.push.options.hub
    answer = delivered(
        request,
        body,
        page.head,
        keys=(LISTS,),
        links=links,
        media_type=form.media_type,
        kept=settled,
    )
    # However the address was spelt: this is the one that the feed gives as its own.
    if fits_in_head(links["self"], answer.raw_headers):
        answer.headers["content-location"] = links["self"]
    return answer


def no_format(ext: str, known: Collection[str]) -> str:
    """Say that a format does not exist, and which do."""
    guess = nearest(ext, known)
    meant = f" Did you mean {guess!r}?" if guess else ""
    return f"There is no format {quoted(ext)}.{meant} Known here: {', '.join(known)}."


def _understood(
    request: Request, services: Services, channel: Channel, format_: FeedFormat
) -> Asked:
    known = SEARCH_FEED_PARAMETERS if channel.searched else FEED_PARAMETERS
    params = Parameters(request.scope["query_string"], known)
    form: Form = "whole" if _may_read_whole(request, services) else "short"
    typed = read_typed(params)
    path = f"{channel.path}?{typed!r}" if channel.searched else channel.path
    query, paging = read_query(services, params, path, form, channel.clauses)
    query = replace(query, embargoed=format_.tells_embargo and reads_embargoed(request))
    if not channel.searched:
        return Asked(channel, query, paging)
    titles_only = sees_titles_only(services, state(request.scope)["caller"])
    return Asked(channel, query, paging, search_in_list(typed, query, titles_only=titles_only))


def _may_read_whole(request: Request, services: Services) -> bool:
    """Tell whether feeds take in what is not shown to everybody where headlines alone are open."""
    keyed = state(request.scope)["caller"].key_id is not None
    return keyed or services.settings.anonymous == "all"


async def _page(services: Services, asked: Asked) -> tuple[Page, bool]:
    """Return a page, and whether it stays so until the log or time changes something."""
    query, search = asked.query, asked.search
    if search is not None:
        return await long_read(lambda: _found(services, search))
    if query.is_short:
        return await short_read(services, lambda: services.delivery.stories(query)), True
    return await long_read(lambda: services.delivery.stories(query)), True


def _found(services: Services, search: SearchQuery) -> tuple[Page, bool]:
    found = services.search.search(search)
    before, after = (_position(one) for one in places(search, found))
    return Page(list(found.items), found.head, before, after), found.settled


def _position(place: Sequence[int] | None) -> Position | None:
    """Return a place in what was found as one in a list: its second part is a text there."""
    return None if place is None else (place[0], str(place[1]))
