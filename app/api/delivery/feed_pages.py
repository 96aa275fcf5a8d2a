"""Render a page of stories as a feed, with links to its archive and withdrawn stories."""

from dataclasses import dataclass, replace
from functools import lru_cache

from app.api.delivery.channels import Channel
from app.api.delivery.resource import ReadRequest
from app.api.http.paging import Links, Paging
from app.bootstrap import Services
from app.delivery.results import Page
from app.delivery.story_query import StoryQuery
from app.kit.clock import format_instant, parse_instant, to_micros
from app.kit.xml import remove_illegal
from app.search.queries import SearchQuery
from app.syndication.formats import FeedFormat
from app.syndication.model.addresses import Addresses
from app.syndication.model.archive_pages import find_page_boundary
from app.syndication.model.feed import WithdrawnItem
from app.syndication.model.feed_builder import FeedLocation, build_feed
from app.syndication.model.item import Item


@dataclass(frozen=True, slots=True)
class FeedRequest:
    """A parsed feed request; `search` is the search that selects its stories, if any."""

    channel: Channel
    query: StoryQuery
    paging: Paging
    search: SearchQuery | None = None


@dataclass(frozen=True, slots=True)
class _FeedPage:
    """The items of a feed page, and the cursors of older ones.

    `following` is the cursor after its last item, `older` that of the next archive page.
    """

    items: list[Item]
    following: str | None
    older: str | None = None
    is_archive: bool = False


def render_feed(
    services: Services, request: ReadRequest, asked: FeedRequest, page: Page, form: FeedFormat
) -> tuple[bytes, str | None]:
    """Render a page of stories in a format; return it with the cursor of the next page."""
    items = services.items.load_all(page.items)
    feed_page = _FeedPage(items, asked.paging.cursor(page.after, backwards=False))
    if form.has_archive and _is_archived(asked):
        feed_page = _end_at_archive_page(asked, feed_page)
    gone: list[WithdrawnItem] = []
    if (form.has_archive or form.names_canceled) and asked.query.position is None:
        gone = _load_withdrawn_items(services, asked, page)
    location = _build_location(services, request, asked, feed_page)
    feed = build_feed(location, feed_page.items, gone, get_addresses(services), page.log_state)
    return form.render(feed), feed_page.following


def _is_archived(asked: FeedRequest) -> bool:
    """Tell whether a feed has archive pages.

    Archive pages must not change. Search results change with the index, and the preferred
    translation changes with its group. Stories that `ids` names are not ordered by time.
    """
    forwards = asked.query.descending and not asked.paging.backwards
    return (
        forwards
        and asked.search is None
        and asked.query.preferred is None
        and not asked.query.order
    )


def get_addresses(services: Services) -> Addresses:
    """Return the addresses of this deployment."""
    return services.items.addresses


def _load_withdrawn_items(
    services: Services, asked: FeedRequest, page: Page
) -> list[WithdrawnItem]:
    head, selection = page.log_state, asked.query.selection
    found = services.archive.list_withdrawals(
        selection, head.now, head.serial, asked.query.entitlement
    )
    return [
        WithdrawnItem(
            story.id,
            format_instant(story.at),
            remove_illegal(story.notice or story.reason),
            story.version,
        )
        for story in found
    ]


def _build_location(
    services: Services, request: ReadRequest, asked: FeedRequest, feed_page: _FeedPage
) -> FeedLocation:
    own = get_addresses(services).own
    links = Links.of(request.path, request.with_token().query, own)
    return FeedLocation(
        site=services.settings.site_name,
        name=asked.search.text if asked.search is not None else asked.channel.name,
        address=links.itself,
        # The same for all readers.
        id=Links.of(request.path, request.query, own).first,
        next=links.page(feed_page.following) if feed_page.following else None,
        archive=links.page(feed_page.older) if feed_page.older else None,
        current=links.first if feed_page.is_archive else None,
        hub=services.push.options.hub,
    )


def _end_at_archive_page(asked: FeedRequest, page: _FeedPage) -> _FeedPage:
    """Link a page to the archive page with older items (RFC 5005, section 4).

    An archive page ends where the next one begins; the feed itself keeps all its items.
    """
    page = replace(page, is_archive=asked.query.position is not None)
    if page.following is None:
        return page
    moments = [_parse_instant(getattr(item, asked.query.key)) for item in page.items]
    boundary = find_page_boundary(moments)
    if boundary is None:
        return replace(page, older=page.following)
    older = asked.paging.cursor((to_micros(boundary), ""), backwards=False)
    if not page.is_archive:
        return replace(page, older=older)
    items = [item for item, at in zip(page.items, moments, strict=True) if at >= boundary]
    return replace(page, items=items, older=older, following=older)


# Most stories appear in many feeds, so their times are parsed again and again.
_parse_instant = lru_cache(maxsize=5_000)(parse_instant)
