"""Feeds of all stories, a category, source, language, tag or search, in every format."""

from collections.abc import Collection, Sequence

from app.api.delivery import channels
from app.api.delivery.channels import Channel
from app.api.delivery.feed_pages import FeedRequest, render_feed
from app.api.delivery.resource import (
    ReadRequest,
    Resource,
    build_answer,
    build_not_found,
    build_redirect,
    list_links,
)
from app.api.delivery.search_query import (
    build_list_search,
    find_page_ends,
    read_search_text,
)
from app.api.delivery.story_lists import read_query, replace_slugs
from app.api.delivery.story_parameters import FEED, SEARCH_FEED
from app.api.http.access import ReadPolicy
from app.api.http.answer import PublicAnswer
from app.api.http.parameters import build_suggestion
from app.bootstrap import Services
from app.delivery.invalidation import LISTS
from app.delivery.results import Page, find_sent_stories
from app.delivery.story_query import Form, ListPosition
from app.kit.quoting import quote_text
from app.partners.sent_story import SentStory
from app.syndication.formats import FEEDS, FeedFormat

# Larger documents are rendered in a worker thread, so that they do not block other requests.
MOST_INLINE_BYTES = 512 * 1024


def answer_feed(
    services: Services, request: ReadRequest, channel: Channel, ext: str
) -> PublicAnswer:
    """Answer with a feed, or redirect to its current path."""
    form = FEEDS.get(ext)
    if form is None:
        raise build_not_found(
            request, services.delivery.load_log_state(), describe_unknown_format(ext, FEEDS)
        )
    if channel.moved:
        return build_redirect(
            services,
            request.with_token(),
            f"{channel.path}.{ext}",
            services.delivery.load_log_state(),
        )
    asked = _parse(services, request, channel, form)
    if asked.search is not None or not asked.query.is_short:
        request.require_worker_thread()
    if asked.search is not None:
        return _answer_search(services, request, asked, form)
    page = services.delivery.list_stories(asked.query)
    if sum(map(len, page.items)) > MOST_INLINE_BYTES:
        request.require_worker_thread()
    return _render(services, request, asked, form, page)


def _answer_search(
    services: Services, request: ReadRequest, asked: FeedRequest, form: FeedFormat
) -> PublicAnswer:
    """Answer with a feed of search results."""
    assert asked.search is not None
    found = services.search.search(asked.search)
    before, after = (_position(end) for end in find_page_ends(asked.search, found))
    page = Page(list(found.items), found.head, before, after)
    return _render(services, request, asked, form, page, is_stable=found.is_stable)


def _render(
    services: Services,
    request: ReadRequest,
    asked: FeedRequest,
    form: FeedFormat,
    page: Page,
    *,
    is_stable: bool = True,
) -> PublicAnswer:
    """Render a feed; one that is not stable may change without a change in the log."""
    body, following = render_feed(services, request, asked, page, form)
    before = asked.paging.cursor(page.before, backwards=True)
    links = list_links(services, request.with_token(), {"next": following, "prev": before})
    hub = services.push.options.hub
    if hub is not None:
        links["hub"] = hub
    return build_answer(
        request,
        body,
        page.log_state,
        surrogate_keys=(LISTS,),
        links=links,
        media_type=form.media_type,
        # The canonical address, which has no token.
        location=list_links(services, request, {})["self"],
        is_cacheable=is_stable,
        sent=_find_sent(page, body) if request.reader.partner_id is not None else (),
    )


def _find_sent(page: Page, body: bytes) -> tuple[SentStory, ...]:
    """Return the stories of a feed: an archive page may have fewer than were read."""
    stories = find_sent_stories(page.items)
    return tuple(story for story in stories if story.id.encode() in body)


def describe_unknown_format(ext: str, known: Collection[str]) -> str:
    """Return the text that a format does not exist, and which ones do."""
    suggestion = build_suggestion(ext, known)
    return f"There is no format {quote_text(ext)}.{suggestion} Known here: {', '.join(known)}."


def _parse(
    services: Services, request: ReadRequest, channel: Channel, format_: FeedFormat
) -> FeedRequest:
    sent = (SEARCH_FEED if channel.searched else FEED).parse(request.query)
    values, _ = replace_slugs(sent, services.delivery.find_ids)
    typed = read_search_text(values)
    path = f"{channel.path}?{typed!r}" if channel.searched else channel.path
    entitlement = request.reader.entitlement
    form: Form = "whole" if entitlement.has_bodies else "short"
    if not format_.marks_embargo:
        entitlement = entitlement.without_embargo()
    query, paging = read_query(
        services, values, path, form, channel.clauses, entitlement=entitlement
    )
    if not channel.searched:
        return FeedRequest(channel, query, paging)
    return FeedRequest(channel, query, paging, build_list_search(typed, query))


def _position(place: Sequence[int] | None) -> ListPosition | None:
    """Return a place in what was found as one in a list: its second part is a text there."""
    return None if place is None else (place[0], str(place[1]))


def read_latest(services: Services, request: ReadRequest, ext: str) -> PublicAnswer:
    """Return the newest stories."""
    return answer_feed(services, request, channels.EVERYTHING, ext)


def read_search(services: Services, request: ReadRequest, ext: str) -> PublicAnswer:
    """Return the stories that a search finds."""
    return answer_feed(services, request, channels.SEARCH, ext)


def read_category(services: Services, request: ReadRequest, slug: str, ext: str) -> PublicAnswer:
    """Return the stories of a category and of all below it."""
    return answer_feed(
        services, request, channels.find_category_channel(services, request, slug), ext
    )


def read_source(services: Services, request: ReadRequest, slug: str, ext: str) -> PublicAnswer:
    """Return the stories of a source."""
    return answer_feed(
        services, request, channels.find_source_channel(services, request, slug), ext
    )


def read_language(services: Services, request: ReadRequest, tag: str, ext: str) -> PublicAnswer:
    """Return the stories in a language and all its regions."""
    return answer_feed(
        services, request, channels.build_language_channel(services, request, tag), ext
    )


def read_tag(services: Services, request: ReadRequest, tag: str, ext: str) -> PublicAnswer:
    """Return the stories with a tag; to find its spellings may take long."""
    return answer_feed(services, request, channels.find_tag_channel(services, request, tag), ext)


LATEST = Resource("/feeds/latest.{ext}", ReadPolicy.HEADLINES, read_latest, FEED)
SEARCH = Resource("/feeds/search.{ext}", ReadPolicy.HEADLINES, read_search, SEARCH_FEED)
CATEGORY = Resource("/feeds/categories/{slug}.{ext}", ReadPolicy.HEADLINES, read_category, FEED)
SOURCE = Resource("/feeds/sources/{slug}.{ext}", ReadPolicy.HEADLINES, read_source, FEED)
LANGUAGE = Resource("/feeds/languages/{tag}.{ext}", ReadPolicy.HEADLINES, read_language, FEED)
TAG = Resource("/feeds/tags/{tag}.{ext}", ReadPolicy.HEADLINES, read_tag, FEED, "thread")
