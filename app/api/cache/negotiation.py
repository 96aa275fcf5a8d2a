"""Negotiation by `Accept`: lists and stories in other formats than JSON, by their paths."""

from collections.abc import Mapping

from app.api.http.accept import weights
from app.syndication.formats import FEEDS, STORIES

_LISTS = {
    "/v1/headlines": "/feeds/latest",
    "/v1/articles": "/feeds/latest",
    "/v1/search": "/feeds/search",
}
_STORY = "/v1/articles/"
_LONGEST = 1_000
_AS_LISTS = {feed.media_type: ext for ext, feed in FEEDS.items()}
_AS_STORIES = {story.media_type: ext for ext, story in STORIES.items()}
_WILDCARDS = ("application/*", "*/*")


def find_negotiated_path(path: str, accepted: str) -> str | None:
    """Return the path of another format than JSON, if the client prefers it."""
    is_list = path in _LISTS
    if len(accepted) > _LONGEST or not (is_list or _is_story(path)):
        return None
    ext = _choose_format(accepted.lower(), _AS_LISTS if is_list else _AS_STORIES)
    return None if ext is None else f"{_LISTS.get(path, path)}.{ext}"


def _is_story(path: str) -> bool:
    if not path.startswith(_STORY):
        return False
    ref = path[len(_STORY) :]
    return "/" not in ref and "." not in ref


def _choose_format(accepted: str, offered: Mapping[str, str]) -> str | None:
    """Return the format that is named and preferred to JSON and to wildcards."""
    if not any(map(accepted.__contains__, offered)):
        return None
    wanted = weights(accepted)
    best, most = None, 0.0
    for media_type, ext in offered.items():
        weight = wanted.get(media_type, 0.0)
        if weight > most:
            best, most = ext, weight
    if wanted.get("application/json", 0.0) >= most:
        return None
    return best if most >= max(wanted.get(wildcard, 0.0) for wildcard in _WILDCARDS) else None
