"""From a page of stories to a feed: where it is, what stands before and after it, what is gone."""

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
    """A feed as it was asked for; with `search` it has what that finds of the query."""

    channel: Channel
    query: StoryQuery
    paging: Paging
    search: SearchQuery | None = None


@dataclass(frozen=True, slots=True)
class _Shown:
    """What a page shows of the stories that were read for it, and the cursors of what is older.

    `following` is where what it shows ends, `older` its archive page.
    """

    items: list[Item]
    following: str | None
    older: str | None = None
    is_archive: bool = False


def write_feed(
    services: Services, request: ReadRequest, asked: FeedRequest, page: Page, form: FeedFormat
) -> tuple[bytes, str | None]:
    """Return a page of stories as a feed in a format, and the cursor of the page that follows."""
    items = services.items.load_all(page.items)
    shown = _Shown(items, asked.paging.cursor(page.after, backwards=False))
    if form.has_archive and _is_archived(asked):
        shown = _in_archives(asked, shown)
    gone: list[WithdrawnItem] = []
    if (form.has_archive or form.names_canceled) and asked.query.position is None:
        gone = _withdrawn(services, asked, page)
    place = _place(services, request, asked, shown)
    feed = build_feed(place, shown.items, gone, addresses_of(services), page.log_state)
    return form.render(feed), shown.following


def _is_archived(asked: FeedRequest) -> bool:
    """Tell whether a feed has archive pages.

    What a search finds may change with its index, and which of a group's stories is shown with
    what else is in the group: their pages would not stay as they are. What is named one by one is
    in no order of time.
    """
    forwards = asked.query.descending and not asked.paging.backwards
    return (
        forwards
        and asked.search is None
        and asked.query.preferred is None
        and not asked.query.order
    )


def addresses_of(services: Services) -> Addresses:
    """Return where things are, by the settings."""
    return services.items.addresses


def _withdrawn(services: Services, asked: FeedRequest, page: Page) -> list[WithdrawnItem]:
    head, selection = page.log_state, asked.query.selection
    found = services.archive.list_withdrawals(selection, head.now, head.serial)
    return [
        WithdrawnItem(
            one.id, format_instant(one.at), remove_illegal(one.notice or one.reason), one.version
        )
        for one in found
    ]


def _place(
    services: Services, request: ReadRequest, asked: FeedRequest, shown: _Shown
) -> FeedLocation:
    own = addresses_of(services).own
    links = Links.of(request.path, request.query, own)
    return FeedLocation(
        site=services.settings.site_name,
        name=asked.search.text if asked.search is not None else asked.channel.name,
        address=links.itself,
        id=links.first,
        next=links.page(shown.following) if shown.following else None,
        archive=links.page(shown.older) if shown.older else None,
        current=links.first if shown.is_archive else None,
        hub=services.push.options.hub,
    )


def _in_archives(asked: FeedRequest, page: _Shown) -> _Shown:
    """Lead a page on to the archive page of what is older (RFC 5005, section 4).

    An archive page ends where the next begins; the feed itself shows all that it has.
    """
    page = replace(page, is_archive=asked.query.position is not None)
    if page.following is None:
        return page
    moments = [_moment(getattr(one, asked.query.key)) for one in page.items]
    meeting = find_page_boundary(moments)
    if meeting is None:
        return replace(page, older=page.following)
    older = asked.paging.cursor((to_micros(meeting), ""), backwards=False)
    if not page.is_archive:
        return replace(page, older=older)
    items = [one for one, at in zip(page.items, moments, strict=True) if at >= meeting]
    return replace(page, items=items, older=older, following=older)


# Those of the stories in one feed are those of the next.
_moment = lru_cache(maxsize=5_000)(parse_instant)
