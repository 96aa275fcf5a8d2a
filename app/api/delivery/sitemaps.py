"""Sitemaps of the archive, by month, and of the news of the last two days."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import MAXYEAR, UTC, datetime, timedelta
from math import ceil

from app.access.entitlement import PUBLIC, Entitlement
from app.access.selection import Selection, TimeRange
from app.api.delivery.feed_pages import get_addresses
from app.api.delivery.resource import ReadRequest, Resource, build_answer, build_not_found
from app.api.http.access import ReadPolicy
from app.api.http.answer import PublicAnswer
from app.api.http.parameters import NO_PARAMETERS
from app.bootstrap import Services
from app.delivery.invalidation import LISTS, LogState
from app.delivery.results import Page
from app.delivery.store.archive import Month
from app.delivery.story_query import StoryQuery
from app.kit.clock import format_instant, parse_instant
from app.kit.xml import remove_illegal
from app.syndication.formats.sitemap import (
    MEDIA_TYPE,
    SitemapPart,
    render_archive,
    render_index,
    render_news,
)

# Half of what the protocol allows, so that a part is rendered quickly.
_ARCHIVE_PART = 25_000
# Limits of Google News: the age of stories, and the number in a file.
_NEWS_AGE = timedelta(hours=48)
_NEWS_PART = 1_000
_TIME_RESOLUTION = timedelta(milliseconds=1)
_INDEX_LIFETIME = timedelta(minutes=1)
_NEWS_NAME = re.compile(r"news-([1-9]\d{0,3})", re.ASCII)
_ARCHIVE_NAME = re.compile(r"(\d{4})-(\d{2})(?:-([1-9]\d{0,3}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Sitemap:
    """A sitemap, the log state of its content, and when it changes without a write."""

    body: bytes
    head: LogState
    valid_until: datetime | None = None


def build_index(services: Services, entitlement: Entitlement = PUBLIC) -> Sitemap:
    """Return the index of all parts of the archive."""
    head = services.delivery.load_log_state()
    months = services.archive.list_months(head.now, entitlement)
    here = get_addresses(services).here
    parts = [
        SitemapPart(here(f"/sitemap-{name}.xml"), format_instant(month.changed_at))
        for month in months
        for name in _list_part_names(month)
    ]
    return Sitemap(render_index(parts or [SitemapPart(here("/sitemap-news.xml"))]), head)


def _find_archive_part(services: Services, name: str, entitlement: Entitlement) -> Sitemap | None:
    """Return the stories of a month or of a part of it, or None if there is no such part."""
    found = _ARCHIVE_NAME.fullmatch(name)
    if found is None or not 1 <= int(found[2]) <= 12 or found[1] == "0000":
        return None
    start = datetime(int(found[1]), int(found[2]), 1, tzinfo=UTC)
    span = TimeRange(start, _next_month(start))
    query = StoryQuery(
        Selection(published=span), descending=False, limit=_ARCHIVE_PART, entitlement=entitlement
    )
    page = _find_page(services, query, int(found[3] or 1))
    if page is None or not page.items:
        return None
    return Sitemap(render_archive(services.items.load_all(page.items)), page.log_state)


def build_news(services: Services, entitlement: Entitlement = PUBLIC) -> Sitemap:
    """Return the stories of two days, or an index if they need several parts."""
    query = _build_news_query(services, entitlement)
    page = services.delivery.list_stories(query)
    if page.after is None:
        return _build_news_sitemap(services, page)
    counting = replace(query, count="exact", counts_all=True, limit=1)
    counted = services.delivery.list_stories(counting).count
    stories = 0 if counted is None else counted.number
    here = get_addresses(services).here
    parts = [
        SitemapPart(here(f"/sitemap-news-{n + 1}.xml")) for n in range(ceil(stories / _NEWS_PART))
    ]
    return Sitemap(
        render_index(parts),
        _remove_change_time(page.log_state),
        page.log_state.now + _INDEX_LIFETIME,
    )


def find_part(services: Services, name: str, entitlement: Entitlement = PUBLIC) -> Sitemap | None:
    """Return a part of an index by its name."""
    found = _NEWS_NAME.fullmatch(name)
    if found is None:
        return _find_archive_part(services, name, entitlement)
    page = _find_page(services, _build_news_query(services, entitlement), int(found[1]))
    return _build_news_sitemap(services, page) if page is not None and page.items else None


def _build_news_query(services: Services, entitlement: Entitlement) -> StoryQuery:
    span = TimeRange(services.clock.now() - _NEWS_AGE)
    return StoryQuery(Selection(published=span), limit=_NEWS_PART, entitlement=entitlement)


def _build_news_sitemap(services: Services, page: Page) -> Sitemap:
    items = services.items.load_all(page.items)
    body = render_news(items, remove_illegal(services.settings.site_name))
    oldest = parse_instant(items[-1].published_at) if items else None
    return Sitemap(
        body,
        _remove_change_time(page.log_state),
        oldest + _NEWS_AGE + _TIME_RESOLUTION if oldest else None,
    )


def _remove_change_time(head: LogState) -> LogState:
    """Remove the time of the last change: stories leave by age, which the log does not record."""
    return head._replace(last_change_at=None)


def _find_page(services: Services, query: StoryQuery, number: int) -> Page | None:
    """Return page `number` of a list, or None if the list has fewer pages."""
    page = services.delivery.list_stories(query)
    for _ in range(number - 1):
        if page.after is None:
            return None
        page = services.delivery.list_stories(replace(query, position=page.after))
    return page


def _list_part_names(month: Month) -> list[str]:
    """Return the names of the parts of a month; most have one."""
    more = range(2, ceil(month.stories / _ARCHIVE_PART) + 1)
    return [month.name, *(f"{month.name}-{number}" for number in more)]


def _next_month(start: datetime) -> datetime | None:
    if start.month < 12:
        return start.replace(month=start.month + 1)
    return start.replace(year=start.year + 1, month=1) if start.year < MAXYEAR else None


def read_index(services: Services, request: ReadRequest) -> PublicAnswer:
    """Return the index of the sitemaps of all months."""
    return _answer_sitemap(services, request, lambda: build_index(services, _entitlement(request)))


def read_news(services: Services, request: ReadRequest) -> PublicAnswer:
    """Return the stories of the last 48 hours, or an index of parts."""
    return _answer_sitemap(services, request, lambda: build_news(services, _entitlement(request)))


def read_part(services: Services, request: ReadRequest, part: str) -> PublicAnswer:
    """Return a part of an index by the name that it has there, such as `2026-11`."""
    return _answer_sitemap(
        services, request, lambda: find_part(services, part, _entitlement(request))
    )


def _entitlement(request: ReadRequest) -> Entitlement:
    """Return the entitlement of a reader without embargoed stories: sitemaps cannot mark them."""
    return request.reader.entitlement.without_embargo()


def _answer_sitemap(
    services: Services, request: ReadRequest, build: Callable[[], Sitemap | None]
) -> PublicAnswer:
    NO_PARAMETERS.parse(request.query)
    sitemap = build()
    if sitemap is None:
        head = services.delivery.load_log_state()
        raise build_not_found(request, head, "No index has a part of this name.")
    return build_answer(
        request,
        sitemap.body,
        sitemap.head,
        surrogate_keys=(LISTS,),
        media_type=MEDIA_TYPE,
        valid_until=sitemap.valid_until,
    )


INDEX = Resource("/sitemap.xml", ReadPolicy.HEADLINES, read_index, NO_PARAMETERS, "thread")
NEWS = Resource("/sitemap-news.xml", ReadPolicy.HEADLINES, read_news, NO_PARAMETERS, "thread")
PART = Resource("/sitemap-{part}.xml", ReadPolicy.HEADLINES, read_part, NO_PARAMETERS, "thread")
