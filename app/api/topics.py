"""Topics of the hub: the addresses of feeds of this server, understood as the feeds are."""

from urllib.parse import unquote, urlsplit

from fastapi import Request

from app.access.selection import Selection
from app.api import channels
from app.api.channels import Channel
from app.api.errors import NothingHere
from app.api.feeds import FEED_PARAMETERS
from app.api.params import Parameters
from app.api.stories import read_query
from app.bootstrap import Services
from app.kit.errors import Failure
from app.syndication.formats import FEEDS
from app.syndication.push.errors import BadHubRequest

_KINDS = {
    "categories": channels.category,
    "sources": channels.source,
    "languages": channels.language,
}


def selection_of_topic(request: Request, services: Services, topic: str) -> Selection:
    """Return the stories whose changes may change a feed; refuse what is no feed of this server.

    A feed whose stories no selection tells, such as one of a tag that is spelt in several ways,
    may be changed by any story; whether it was, is seen when it is read.
    """
    base = f"{services.settings.public_url}/feeds/"
    if not topic.startswith(base) or "#" in topic:
        raise BadHubRequest(f"`hub.topic` has to be the address of a feed: {base}….")
    parts = urlsplit(topic)
    path, _, ext = unquote(parts.path[len(urlsplit(base).path) :]).rpartition(".")
    if ext not in FEEDS:
        raise BadHubRequest(f"There is no feed in the format {ext!r}.")
    try:
        channel = _channel(request, services, path)
        if channel is None:
            return Selection()
        params = Parameters(parts.query.encode(), FEED_PARAMETERS)
        query, _ = read_query(services, params, channel.path, "short", channel.clauses)
    except NothingHere as wrong:
        raise BadHubRequest(f"There is no such feed. {wrong.detail}") from wrong
    except Failure as wrong:
        raise BadHubRequest(wrong.detail) from wrong
    return query.selection


def _channel(request: Request, services: Services, path: str) -> Channel | None:
    kind, _, name = path.partition("/")
    if path == "latest":
        return channels.EVERYTHING
    if kind in _KINDS and name:
        return _KINDS[kind](request, services, name)
    return None
