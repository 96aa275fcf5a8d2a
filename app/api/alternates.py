"""The same in other formats: where lists and stories have it, by path and by `Accept`."""

from urllib.parse import quote

from app.api.feeds import FEED_PARAMETERS
from app.bootstrap import Services
from app.syndication.formats import FEEDS, STORIES

_KEPT = frozenset(FEED_PARAMETERS) - {"cursor"}
# Readers look for these; the others are for those who know what they want.
_ANNOUNCED = ("rss", "atom", "json")


def of_list(services: Services, query_string: bytes) -> dict[str, str]:
    """Return the feeds of the same selection, by media type."""
    query = ""
    if query_string:
        sent = query_string.decode("latin-1")
        kept = [one for one in sent.split("&") if one.partition("=")[0] in _KEPT]
        query = f"?{'&'.join(kept)}" if kept else ""
    base = f"{services.settings.public_url or ''}/feeds/latest"
    return {FEEDS[ext].media_type: f"{base}.{ext}{query}" for ext in _ANNOUNCED}


def of_story(services: Services, path: str) -> dict[str, str]:
    """Return the formats of the same story, by media type."""
    base = f"{services.settings.public_url or ''}{quote(path)}"
    return {one.media_type: f"{base}.{ext}" for ext, one in STORIES.items()}
