"""From a page of stories to a feed: where it is, what stands before and after it, what is gone."""

from dataclasses import dataclass, replace
from functools import lru_cache

from fastapi import Request

from app.api.channels import Channel
from app.api.links import Links
from app.api.paging import Paging
from app.bootstrap import Services
from app.delivery.queries import Page, StoryQuery
from app.kit.clock import format_instant, parse_instant, to_micros
from app.kit.xml import legal
from app.search.queries import SearchQuery
from app.syndication.addresses import Addresses
from app.syndication.archiving import meeting_point
from app.syndication.feed import Withdrawn
from app.syndication.feeds import Place, feed_of
from app.syndication.formats import FeedFormat
from app.syndication.item import Item


@dataclass(frozen=True, slots=True)
class Asked:
    """A feed as it was asked for; with `search` it has what that finds of the query."""

    channel: Channel
    query: StoryQuery
    paging: Paging
    search: SearchQuery | None = None


def write_feed(
    request: Request, services: Services, asked: Asked, page: Page, form: FeedFormat
) -> bytes:
    """Return a page of stories as a feed in a format."""
    addresses = addresses_of(services)
    items = services.items.of_all(page.items)
    place = _place(request, services, asked, page)
    gone: list[Withdrawn] = []
    if form.remembers and _is_archived(asked):
        items, place = _in_archives(request, addresses, asked, page, items, place)
    if (form.remembers or form.cancels) and asked.query.position is None:
        gone = _withdrawn(services, asked, page)
    return form.render(feed_of(place, items, gone, addresses, page.head))


def _is_archived(asked: Asked) -> bool:
    """Tell whether a feed has archive pages.

    What a search finds may change with its index, and which of a group's stories is shown with
    what else is in the group: their pages would not stay as they are.
    """
    forwards = asked.query.descending and not asked.paging.backwards
    return forwards and asked.search is None and asked.query.preferred is None


def addresses_of(services: Services) -> Addresses:
    """Return where things are, by the settings."""
    return services.items.addresses


def _withdrawn(services: Services, asked: Asked, page: Page) -> list[Withdrawn]:
    head, selection = page.head, asked.query.selection
    found = services.archive.withdrawals(selection, head.now, head.serial)
    return [
        Withdrawn(one.id, format_instant(one.at), legal(one.notice or one.reason), one.version)
        for one in found
    ]


def _place(request: Request, services: Services, asked: Asked, page: Page) -> Place:
    links = _links(request, addresses_of(services))
    following = asked.paging.cursor(page.after, backwards=False)
    return Place(
        site=services.settings.site_name,
        name=asked.search.typed if asked.search is not None else asked.channel.name,
        address=links.itself,
        id=links.first,
        next=links.page(following) if following else None,
        hub=services.push.options.hub,
    )


def _in_archives(
    request: Request,
    addresses: Addresses,
    asked: Asked,
    page: Page,
    items: list[Item],
    place: Place,
) -> tuple[list[Item], Place]:
    """Link a page with the archive page of what is older (RFC 5005, section 4).

    An archive page ends where the next begins; the feed itself shows all that it has.
    """
    is_archive = asked.query.position is not None
    place = replace(place, current=place.id) if is_archive else place
    if page.after is None:
        return items, place
    moments = [_moment(getattr(one, asked.query.key)) for one in items]
    meeting = meeting_point(moments)
    if meeting is None:
        return items, replace(place, archive=place.next)
    cursor = asked.paging.cursor((to_micros(meeting), ""), backwards=False)
    assert cursor is not None
    if is_archive:
        items = [one for one, at in zip(items, moments, strict=True) if at >= meeting]
    return items, replace(place, archive=_links(request, addresses).page(cursor))


# Those of the stories in one feed are those of the next.
_moment = lru_cache(maxsize=5_000)(parse_instant)


def _links(request: Request, addresses: Addresses) -> Links:
    """Return the whole addresses of a feed and of its pages."""
    return Links.of(request.scope["path"], request.scope["query_string"], addresses.own)
