"""Topics of the hub: the addresses of feeds of this server, parsed as feed requests are.

Only the taxonomy is read; no feed is rendered to find out whether it exists.
"""

from urllib.parse import unquote, urlsplit

from app.access.caller import Caller
from app.access.selection import Selection
from app.api.delivery import channels
from app.api.delivery.channels import Channel
from app.api.delivery.resource import ReadRequest
from app.api.delivery.search_query import read_search_text
from app.api.delivery.story_lists import read_query
from app.api.delivery.story_parameters import FEED, SEARCH_FEED
from app.api.http.access import ReadPolicy
from app.api.http.errors import PathNotFound
from app.bootstrap import Services
from app.kit.errors import Failure
from app.kit.quoting import quote_text
from app.syndication.formats import FEEDS
from app.syndication.push.errors import BadHubRequest

_NO_FEED = "There is no such feed."
_FINDERS = {
    "categories": channels.find_category_channel,
    "sources": channels.find_source_channel,
    "languages": channels.build_language_channel,
    "tags": channels.find_tag_channel,
}
_FIXED = {"latest": channels.EVERYTHING, "search": channels.SEARCH}


def find_topic_selection(services: Services, topic: str, reader: Caller) -> Selection:
    """Return the selection of stories whose changes may change a feed; refuse other addresses.

    No selection describes the feed of a search, or of a tag, which may get other spellings. Any
    story may change these, so the selection is empty, and the feed is compared when it is read.
    A feed with a former slug, or one that needs a key, is no topic.
    """
    base = f"{services.settings.public_url}/feeds/"
    if not topic.startswith(base) or "#" in topic:
        raise BadHubRequest(f"`hub.topic` has to be the address of a feed: {base}….")
    parts = urlsplit(topic)
    path, _, ext = unquote(parts.path[len(urlsplit(base).path) :]).rpartition(".")
    if ext not in FEEDS:
        raise BadHubRequest(f"There is no feed in the format {quote_text(ext)}.")
    try:
        ReadPolicy.HEADLINES.allow(services, reader)
        return _selection(services, path, parts.query, reader)
    except PathNotFound as wrong:
        raise BadHubRequest(f"{_NO_FEED} {wrong.detail}") from wrong
    except BadHubRequest:
        raise
    except Failure as wrong:
        raise BadHubRequest(wrong.detail) from wrong


def _selection(services: Services, path: str, query: str, reader: Caller) -> Selection:
    channel = _channel(services, path, reader)
    if channel.moved:
        moved = f"{services.settings.public_url}{channel.path}"
        raise BadHubRequest(f"This feed has another address now: {moved}….")
    parameters = SEARCH_FEED if channel.searched else FEED
    values = parameters.parse(parameters.canonical(query.encode()))
    read_search_text(values)
    query_of_feed, _ = read_query(
        services, values, channel.path, "short", channel.clauses, entitlement=reader.entitlement
    )
    is_selected = not channel.searched and not path.startswith("tags/")
    return query_of_feed.selection if is_selected else Selection()


def _channel(services: Services, path: str, reader: Caller) -> Channel:
    kind, _, name = path.partition("/")
    if path in _FIXED:
        return _FIXED[path]
    if kind not in _FINDERS or not name or "/" in name:
        raise BadHubRequest(_NO_FEED)
    request = ReadRequest(f"/feeds/{path}", b"", reader)
    return _FINDERS[kind](services, request, name)
