"""Feeds of all, a category, source, language, tag or search, in every format."""

from collections.abc import Collection, Sequence

from app.api.delivery import channels
from app.api.delivery.channels import Channel
from app.api.delivery.feed_pages import FeedRequest, write_feed
from app.api.delivery.resource import (
    ReadRequest,
    Resource,
    delivered,
    list_links,
    nothing_here,
    redirected,
)
from app.api.delivery.search_query import places, read_typed, search_in_list, sees_titles_only
from app.api.delivery.story_lists import read_query, with_ids
from app.api.delivery.story_parameters import FEED, SEARCH_FEED
from app.api.http.access import Reads
from app.api.http.answer import Answer
from app.bootstrap import Services
from app.delivery.invalidation import LISTS
from app.delivery.results import Page
from app.delivery.story_query import Form, ListPosition
from app.kit.quoting import quote_text
from app.kit.similar_names import find_nearest
from app.syndication.formats import FEEDS, FeedFormat

# More than this is written on a thread, so that nobody else waits for it.
MUCH = 512 * 1024


def answer_feed(services: Services, request: ReadRequest, channel: Channel, ext: str) -> Answer:
    """Answer with a feed, or redirect to where it is now."""
    form = FEEDS.get(ext)
    if form is None:
        raise nothing_here(request, services.delivery.load_log_state(), no_format(ext, FEEDS))
    if channel.moved:
        return redirected(
            services, request, f"{channel.path}.{ext}", services.delivery.load_log_state()
        )
    asked = _parse(services, request, channel, form)
    if asked.search is not None or not asked.query.is_short:
        request.leave_loop()
    if asked.search is not None:
        return _searched(services, request, asked, form)
    page = services.delivery.list_stories(asked.query)
    if sum(map(len, page.items)) > MUCH:
        request.leave_loop()
    return _write(services, request, asked, form, page)


def _searched(
    services: Services, request: ReadRequest, asked: FeedRequest, form: FeedFormat
) -> Answer:
    """Write a feed of what a search finds."""
    assert asked.search is not None
    found = services.search.search(asked.search)
    before, after = (_position(place) for place in places(asked.search, found))
    page = Page(list(found.items), found.head, before, after)
    return _write(services, request, asked, form, page, is_stable=found.is_stable)


def _write(
    services: Services,
    request: ReadRequest,
    asked: FeedRequest,
    form: FeedFormat,
    page: Page,
    *,
    is_stable: bool = True,
) -> Answer:
    """Write a feed; one that is not `is_stable` may change without the log or time changing."""
    body, following = write_feed(services, request, asked, page, form)
    before = asked.paging.cursor(page.before, backwards=True)
    links = list_links(services, request, {"next": following, "prev": before})
    if services.push.options.hub is not None:
        links["hub"] = services.push.options.hub
    return delivered(
        request,
        body,
        page.log_state,
        keys=(LISTS,),
        links=links,
        media_type=form.media_type,
        # However the address was spelt: this is the one that the feed gives as its own.
        location=links["self"],
        kept=is_stable,
    )


def no_format(ext: str, known: Collection[str]) -> str:
    """Say that a format does not exist, and which do."""
    guess = find_nearest(ext, known)
    meant = f" Did you mean {guess!r}?" if guess else ""
    return f"There is no format {quote_text(ext)}.{meant} Known here: {', '.join(known)}."


def _parse(
    services: Services, request: ReadRequest, channel: Channel, format_: FeedFormat
) -> FeedRequest:
    sent = (SEARCH_FEED if channel.searched else FEED).parse(request.query)
    values, _ = with_ids(sent, services.delivery.find_ids)
    form: Form = "whole" if _may_read_whole(services, request) else "short"
    typed = read_typed(values)
    path = f"{channel.path}?{typed!r}" if channel.searched else channel.path
    embargoed = format_.marks_embargo and request.reader.embargoed
    query, paging = read_query(services, values, path, form, channel.clauses, embargoed=embargoed)
    if not channel.searched:
        return FeedRequest(channel, query, paging)
    titles_only = sees_titles_only(services, request.reader)
    return FeedRequest(
        channel, query, paging, search_in_list(typed, query, titles_only=titles_only)
    )


def _may_read_whole(services: Services, request: ReadRequest) -> bool:
    """Tell whether feeds include what is not shown to everybody where headlines alone are open."""
    return request.reader.key_id is not None or services.settings.anonymous == "all"


def _position(place: Sequence[int] | None) -> ListPosition | None:
    """Return a place in what was found as one in a list: its second part is a text there."""
    return None if place is None else (place[0], str(place[1]))


def read_latest(services: Services, request: ReadRequest, ext: str) -> Answer:
    """Return the newest stories."""
    return answer_feed(services, request, channels.EVERYTHING, ext)


def read_search(services: Services, request: ReadRequest, ext: str) -> Answer:
    """Return the stories that a search finds."""
    return answer_feed(services, request, channels.SEARCH, ext)


def read_category(services: Services, request: ReadRequest, slug: str, ext: str) -> Answer:
    """Return the stories of a category and of all below it."""
    return answer_feed(services, request, channels.category(services, request, slug), ext)


def read_source(services: Services, request: ReadRequest, slug: str, ext: str) -> Answer:
    """Return the stories of a source."""
    return answer_feed(services, request, channels.source(services, request, slug), ext)


def read_language(services: Services, request: ReadRequest, tag: str, ext: str) -> Answer:
    """Return the stories in a language and all its regions."""
    return answer_feed(services, request, channels.language(services, request, tag), ext)


def read_tag(services: Services, request: ReadRequest, tag: str, ext: str) -> Answer:
    """Return the stories with a tag; to find its spellings may take long."""
    return answer_feed(services, request, channels.tag(services, request, tag), ext)


LATEST = Resource("/feeds/latest.{ext}", Reads.HEADLINES, read_latest, FEED)
SEARCH = Resource("/feeds/search.{ext}", Reads.HEADLINES, read_search, SEARCH_FEED)
CATEGORY = Resource("/feeds/categories/{slug}.{ext}", Reads.HEADLINES, read_category, FEED)
SOURCE = Resource("/feeds/sources/{slug}.{ext}", Reads.HEADLINES, read_source, FEED)
LANGUAGE = Resource("/feeds/languages/{tag}.{ext}", Reads.HEADLINES, read_language, FEED)
TAG = Resource("/feeds/tags/{tag}.{ext}", Reads.HEADLINES, read_tag, FEED, "thread")
