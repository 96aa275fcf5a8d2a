"""Public resources: their paths, who may read them, the functions that compute their answers.

An answer says that something was found, was moved, or is not there, and what it depends on.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

from app.access.caller import Caller
from app.api.delivery.story_parameters import FEED, SEARCH_FEED
from app.api.http.access import Reads
from app.api.http.answer import (
    JSON,
    Answer,
    Facts,
    Headers,
    fits_in_head,
    link_header,
    shown_headers,
)
from app.api.http.errors import Gone, Killed, NothingHere, QueryTooLong
from app.api.http.paging import CURSOR, Links
from app.api.http.parameters import ParameterSet
from app.bootstrap import Services
from app.delivery.invalidation import ABSENT, LogState
from app.delivery.results import WithdrawalNotice as StoryGone
from app.syndication.formats import FEEDS

# The parameters that a feed of the same selection has as well, by its path.
_KEPT = {
    "/feeds/latest": FEED.without(CURSOR).names,
    "/feeds/search": SEARCH_FEED.without(CURSOR).names,
}
# Feed readers look for these formats.
_ANNOUNCED = tuple((ext, FEEDS[ext].media_type) for ext in ("rss", "atom", "json"))


class TakesLong(Exception):
    """The rest of the work on an answer takes long, and does not belong on the event loop."""


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """What a reader asks for: a path, a canonical query string, and who asks.

    `on_loop` says that the answer is computed on the event loop.
    """

    path: str
    query: bytes
    reader: Caller
    on_loop: bool = False

    def leave_loop(self) -> None:
        """Raise `TakesLong` on the event loop: what comes next is work for a worker thread."""
        if self.on_loop:
            raise TakesLong


@dataclass(frozen=True, slots=True)
class Resource:
    """One public resource.

    `path` is the template of its path. `answer` is called with the services, the request and the
    parts of the path by name, and returns an `Answer`. `parameters` are those of its query.

    One that runs `inline` is computed on the event loop on SQLite, unless it finds out that it
    takes long (`ReadRequest.leave_loop`): then it is called again in a worker thread. One that
    runs in a `thread` always takes long. One that is `async` is a coroutine function that takes
    the `ChangeNotifier` as well; with the parameter `waits` it is a long poll.

    `awaited` does the same as `answer` on PostgreSQL, with one statement that is awaited; where
    that is not enough it leaves the loop, too.
    """

    path: str
    reads: Reads
    answer: Callable[..., Any]
    parameters: ParameterSet
    runs: Literal["inline", "thread", "async"] = "inline"
    waits: str | None = None
    awaited: Callable[..., Awaitable[Answer]] | None = None


class Match(NamedTuple):
    """A resource and the parts of the path by which it was found."""

    resource: Resource
    parts: Mapping[str, str]

    def compute(self, services: Services, request: ReadRequest) -> Answer:
        """Compute an answer in this thread; refusals are raised."""
        resource, parts = self
        resource.reads.allow(services, request.reader)
        answer: Answer = resource.answer(services, request, **parts)
        return answer


def delivered(  # noqa: PLR0913 - each is a fact about the answer, given by its name
    request: ReadRequest,
    body: bytes,
    head: LogState,
    *,
    keys: tuple[str, ...],
    links: Mapping[str, str] | None = None,
    alternates: Mapping[str, str] | None = None,
    media_type: str = JSON,
    location: str | None = None,
    kept: bool = True,
    until: datetime | None = None,
    narrow: tuple[str, ...] = (),
    shared: bool = True,
) -> Answer:
    """Return an answer with finished bytes.

    `links` are its links by relation, and `alternates` the addresses of the same in other formats
    by media type, which can be had by `Accept`, too. `location` is that of `Content-Location`,
    where it fits in; `head` is the log position it was read at. For the others see `Facts`.
    """
    changed_at, varies = _changed_at(request, head), bool(alternates)
    facts = Facts(head.serial, keys, changed_at, until, kept, varies, narrow, shared)
    fields = _headers(request, facts)
    charset = "; charset=utf-8" if media_type.startswith("text/") else ""
    headers = [(b"content-type", f"{media_type}{charset}".encode())]
    link = link_header(links or {}, alternates or {}, fields)
    if link:
        headers.append((b"link", link.encode()))
    if location is not None:
        length = (b"content-length", b"%d" % len(body))
        if fits_in_head(location, [*headers, *fields, length]):
            headers.append((b"content-location", location.encode()))
    return Answer(200, [*headers, *fields], body, facts)


def redirected(
    services: Services, request: ReadRequest, path: str, head: LogState, *, varies: bool = False
) -> Answer:
    """Redirect to where the thing is now, with the query as it was, if it fits in.

    Here as below, `varies` says that `Accept` would have decided the format of the thing.
    """
    facts = _absent(request, head, varies=varies)
    plain = quote(path)
    # Commas are what makes queries long, and need no encoding.
    query = request.query.replace(b"%2C", b",")
    own = services.settings.public_url or ""
    location = f"{own}{plain}".encode() + (b"?" + query if query else b"")
    fields = _headers(request, facts)
    if not fits_in_head(location, fields):
        raise QueryTooLong(plain)
    return Answer(301, [*fields, (b"location", location)], b"", facts)


def nothing_here(
    request: ReadRequest, head: LogState, detail: str, *, varies: bool = False
) -> NothingHere:
    """Return the failure that says that nothing visible is here, as of a position of the log."""
    return NothingHere(detail, _absent(request, head, varies=varies))


def withdrawn(
    request: ReadRequest, head: LogState, gone: StoryGone, *, varies: bool = False
) -> Gone | Killed:
    """Return the failure that tells the readers of a story why it is not here any more."""
    kind = Killed if gone.answer == "killed" else Gone
    detail = gone.notice or "This story was withdrawn."
    return kind(detail, _absent(request, head, varies=varies))


def list_links(
    services: Services, request: ReadRequest, cursors: Mapping[str, str | None]
) -> dict[str, str]:
    """Return the links of a page: itself, the next and the previous one."""
    own = services.settings.public_url or ""
    return Links.of(request.path, request.query, own).by_relation(cursors)


def feed_alternates(services: Services, query_string: bytes, path: str) -> dict[str, str]:
    """Return the feeds of the same selection below a path, by media type."""
    query = ""
    for part in query_string.decode("latin-1").split("&"):
        # What the best come first in is no order of a feed.
        if part.partition("=")[0] in _KEPT[path] and part != "sort=relevance":
            query += f"&{part}" if query else f"?{part}"
    base = f"{services.settings.public_url or ''}{path}"
    return {media_type: f"{base}.{ext}{query}" for ext, media_type in _ANNOUNCED}


def _absent(request: ReadRequest, head: LogState, *, varies: bool) -> Facts:
    return Facts(head.serial, (ABSENT,), _changed_at(request, head), varies=varies)


def _headers(request: ReadRequest, facts: Facts) -> Headers:
    """Return the headers that say what an answer shows.

    What readers under embargo are shown may not be public, and no cache on the way keeps it.
    """
    return shown_headers(() if request.reader.embargoed else facts.keys, facts.serial)


def _changed_at(request: ReadRequest, head: LogState) -> datetime | None:
    """Return when an answer last could have changed.

    The log of what everybody sees says nothing of embargoes, so it cannot tell when the answers
    of those who read under embargo changed.
    """
    return None if request.reader.embargoed else head.last_change_at
