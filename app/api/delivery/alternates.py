"""The same in other formats: where lists and stories have it, by path and by `Accept`."""

from collections.abc import Collection
from urllib.parse import quote

from app.api.delivery.feeds import FEED_PARAMETERS, SEARCH_FEED_PARAMETERS
from app.bootstrap import Services
from app.syndication.formats import FEEDS, STORIES

_KEPT = frozenset(FEED_PARAMETERS) - {"cursor"}
_KEPT_OF_SEARCH = frozenset(SEARCH_FEED_PARAMETERS) - {"cursor"}
# Readers look for these; the others are for those who know what they want.
_ANNOUNCED = ("rss", "atom", "json")


def of_list(services: Services, query_string: bytes) -> dict[str, str]:
    """Return the feeds of the same selection, by media type."""
    return _feeds(services, query_string, "/feeds/latest", _KEPT)


def of_search(services: Services, query_string: bytes) -> dict[str, str]:
    """Return the feeds of the same search, by media type."""
    return _feeds(services, query_string, "/feeds/search", _KEPT_OF_SEARCH)


def _feeds(
    services: Services, query_string: bytes, path: str, kept_names: Collection[str]
) -> dict[str, str]:
    query = ""
    if query_string:
        sent = query_string.decode("latin-1")
        kept = [one for one in sent.split("&") if one.partition("=")[0] in kept_names]
        # What the best come first in is no order of a feed.
        kept = [one for one in kept if one != "sort=relevance"]
        query = f"?{'&'.join(kept)}" if kept else ""
    base = f"{services.settings.public_url or ''}{path}"
    return {FEEDS[ext].media_type: f"{base}.{ext}{query}" for ext in _ANNOUNCED}


def of_story(services: Services, path: str) -> dict[str, str]:
    """Return the formats of the same story, by media type."""
    base = f"{services.settings.public_url or ''}{quote(path)}"
    return {one.media_type: f"{base}.{ext}" for ext, one in STORIES.items()}
