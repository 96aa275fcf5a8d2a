"""`Accept`: lists and stories in another format than JSON, as if its path had been asked for."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from urllib.parse import quote

from app.api.http.accept import weights
from app.api.http.asgi import REQUEST_NAME, App, Message, Receive, Scope, Send, header
from app.api.http.links import fits_in_head
from app.kit.bounded import entries_within
from app.syndication.formats import FEEDS, STORIES

_LISTS = {
    "/v1/headlines": "/feeds/latest",
    "/v1/articles": "/feeds/latest",
    "/v1/search": "/feeds/search",
}
_STORY = "/v1/articles/"
_LONGEST = 1_000
_AS_LISTS = {one.media_type: ext for ext, one in FEEDS.items()}
_AS_STORIES = {one.media_type: ext for ext, one in STORIES.items()}
_THERE = {200, 304}
_LOCATION = b"content-location"
_ANYTHING = ("application/*", "*/*")


class NegotiationMiddleware:
    """Leads to the path of the format that a reader likes best, if that is not JSON."""

    def __init__(self, app: App) -> None:
        """Stand in front of an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Change the path of a request; the answer says that it depends on `Accept`."""
        path = negotiated(scope) if scope["type"] == "http" else None
        if path is None:
            await self._app(scope, receive, send)
            return
        location = _with_query(path, scope["query_string"])

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(_varying(message["headers"]))
                # What leads elsewhere or tells of a problem is not what is at that address; a
                # feed names its own.
                is_there = message["status"] in _THERE
                is_named = any(name == _LOCATION for name, _ in headers)
                if is_there and not is_named and fits_in_head(location, headers):
                    headers.append((_LOCATION, location))
                message = {**message, "headers": headers}
            await send(message)

        there = {"path": path, "raw_path": quote(path).encode(), REQUEST_NAME: None}
        # An answer in one message could not be told more.
        await self._app({**scope, **there, "extensions": {}}, receive, tell)


def _with_query(path: str, query: bytes) -> bytes:
    return quote(path).encode() + (b"?" + query if query else b"")


def _varying(headers: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    """Say in the line that says what an answer depends on that it is `Accept`, too."""
    dependent = [b"Accept"]
    for name, value in headers:
        if name == b"vary":
            dependent.insert(0, value)
        else:
            yield name, value
    yield b"vary", b", ".join(dependent)


def negotiated(scope: Scope) -> str | None:
    """Return the path of another format than JSON, if the reader wants one more."""
    path: str = scope["path"]
    is_list = path in _LISTS
    if not is_list and not _is_story(path):
        return None
    accepted = header(scope, b"accept")
    if accepted is None or len(accepted) > _LONGEST or scope["method"] not in {"GET", "HEAD"}:
        return None
    ext = _best(accepted, is_list)
    if ext is None:
        return None
    return f"{_LISTS.get(path, path)}.{ext}"


def _is_story(path: str) -> bool:
    if not path.startswith(_STORY):
        return False
    ref = path[len(_STORY) :]
    return "/" not in ref and "." not in ref


@lru_cache(entries_within(2**20, _LONGEST))
def _best(accepted: str, is_list: bool) -> str | None:
    """Return the format that is named and liked more than JSON, or as much as anything."""
    wanted = weights(accepted)
    offered = _AS_LISTS if is_list else _AS_STORIES
    best, most = None, 0.0
    for media_type, ext in offered.items():
        weight = wanted.get(media_type, 0.0)
        if weight > most:
            best, most = ext, weight
    if wanted.get("application/json", 0.0) >= most:
        return None
    return best if most >= max(wanted.get(one, 0.0) for one in _ANYTHING) else None
