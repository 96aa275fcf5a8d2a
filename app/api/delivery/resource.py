"""Public resources: their paths, who may read them, and the functions that compute answers.

An answer is a 200 or a redirect; 404 and 410 are raised. All of them carry `AnswerMetadata`, so
the cache can store them.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from re import Pattern
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

from starlette.routing import compile_path

from app.access.caller import Caller
from app.access.entitlement import PUBLIC
from app.api.delivery.story_parameters import FEED, SEARCH_FEED
from app.api.http.access import ReadPolicy
from app.api.http.answer import (
    JSON,
    AnswerMetadata,
    Headers,
    PublicAnswer,
    build_link_header,
    build_surrogate_headers,
    fits_in_head,
)
from app.api.http.errors import Gone, Killed, PathNotFound, QueryTooLong
from app.api.http.feed_tokens import PARAMETER
from app.api.http.paging import CURSOR, Links
from app.api.http.parameters import ParameterSet
from app.bootstrap import Services
from app.delivery.invalidation import NOT_FOUND_KEY, LogState
from app.delivery.results import WithdrawalNotice
from app.partners.sent_story import REMOVED, SentStory
from app.syndication.formats import FEEDS

# The query parameters that a feed of the same selection accepts, by its path.
_FEED_PARAMETERS = {
    "/feeds/latest": FEED.without(CURSOR).names,
    "/feeds/search": SEARCH_FEED.without(CURSOR).names,
}
# The formats that feed readers look for.
_ANNOUNCED = tuple((ext, FEEDS[ext].media_type) for ext in ("rss", "atom", "json"))


class NeedsWorkerThread(Exception):
    """The rest of an answer would block the event loop for too long: use a worker thread."""


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """A request for a resource: the path, the canonical query string, and the caller.

    `on_loop` is true while the answer is computed on the event loop. `valid_until` is when time
    next changes what the caller's grants include. `token` is the valid feed token that was removed
    from the query.
    """

    path: str
    query: bytes
    reader: Caller
    on_loop: bool = False
    valid_until: datetime | None = None
    token: str | None = None

    def with_token(self) -> "ReadRequest":
        """Return the request with the token in its query, for links to the same feed."""
        if self.token is None:
            return self
        token = f"{PARAMETER.name}={self.token}".encode()
        return replace(self, query=b"&".join(filter(None, (self.query, token))))

    def with_boundary(self, services: Services) -> "ReadRequest":
        """Return the request with the time from which its answer may be outdated."""
        boundary = services.delivery.find_grant_boundary(self.reader.entitlement)
        return replace(self, valid_until=boundary)

    def require_worker_thread(self) -> None:
        """Raise `NeedsWorkerThread` if this is the event loop; call it before slow work."""
        if self.on_loop:
            raise NeedsWorkerThread


@dataclass(frozen=True, slots=True)
class Resource:
    """One public resource.

    `path` is the template of its path. `answer` is called with the services, the request and the
    path parameters by name, and returns a `PublicAnswer`. `parameters` are its query parameters.

    With `inline`, it is computed on the event loop on SQLite. If it finds out that it is slow
    (`ReadRequest.require_worker_thread`), it is called again in a worker thread. With `thread`, it
    always runs in a worker thread. With `async`, it is a coroutine function that takes the
    `ChangeNotifier` as well; if it has the query parameter `waits`, it is a long poll.

    `awaited` computes the same answer on PostgreSQL with one awaited statement. It raises
    `NeedsWorkerThread` if one statement is not enough.
    """

    path: str
    read_policy: ReadPolicy
    answer: Callable[..., Any]
    parameters: ParameterSet
    runs: Literal["inline", "thread", "async"] = "inline"
    waits: str | None = None
    awaited: Callable[..., Awaitable[PublicAnswer]] | None = None


class Match(NamedTuple):
    """A resource with the path parameters of a request."""

    resource: Resource
    parts: Mapping[str, str]

    def compute(self, services: Services, request: ReadRequest) -> PublicAnswer:
        """Compute the answer in this thread; errors are raised."""
        resource, parts = self
        resource.read_policy.allow(services, request.reader)
        if request.reader.entitlement.is_timed:
            request = request.with_boundary(services)
        answer: PublicAnswer = resource.answer(services, request, **parts)
        return answer


class PathTable:
    """Finds resources by path, in their order."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        """Compile the templates of the paths."""
        self._fixed: dict[str, Match] = {}
        self._patterns: list[tuple[Pattern[str], Resource]] = []
        for resource in resources:
            if "{" in resource.path:
                self._patterns.append((compile_path(resource.path)[0], resource))
            else:
                self._fixed[resource.path] = Match(resource, {})

    def find(self, path: str) -> Match | None:
        """Return the resource at a decoded path, with the parts of the path."""
        fixed = self._fixed.get(path)
        if fixed is not None:
            return fixed
        for pattern, resource in self._patterns:
            found = pattern.match(path)
            if found is not None:
                return Match(resource, found.groupdict())
        return None


def build_answer(  # noqa: PLR0913 - each is a fact about the answer, given by its name
    request: ReadRequest,
    body: bytes,
    head: LogState,
    *,
    surrogate_keys: tuple[str, ...],
    links: Mapping[str, str] | None = None,
    alternates: Mapping[str, str] | None = None,
    media_type: str = JSON,
    location: str | None = None,
    is_cacheable: bool = True,
    valid_until: datetime | None = None,
    cache_dependencies: tuple[str, ...] = (),
    is_public: bool = True,
    sent: tuple[SentStory, ...] = (),
) -> PublicAnswer:
    """Build a 200 answer from a body.

    `head` is the log state at which the body was read. `links` are links by relation, and
    `alternates` the addresses of other formats by media type; `Accept` selects among these, too.
    `location` is the value of `Content-Location`, which is left out if the head would become too
    long. For the others see `AnswerMetadata`.
    """
    metadata = AnswerMetadata(
        head.serial,
        surrogate_keys,
        _find_change_time(request, head),
        min(filter(None, (valid_until, request.valid_until)), default=None),
        is_cacheable,
        bool(alternates),
        cache_dependencies,
        is_public,
        sent,
    )
    fields = _headers(request, metadata)
    charset = "; charset=utf-8" if media_type.startswith("text/") else ""
    headers = [(b"content-type", f"{media_type}{charset}".encode())]
    link = build_link_header(links or {}, alternates or {}, fields)
    if link:
        headers.append((b"link", link.encode()))
    if location is not None:
        length = (b"content-length", b"%d" % len(body))
        if fits_in_head(location, [*headers, *fields, length]):
            headers.append((b"content-location", location.encode()))
    return PublicAnswer(200, [*headers, *fields], body, metadata)


def build_redirect(
    services: Services, request: ReadRequest, path: str, head: LogState, *, varies: bool = False
) -> PublicAnswer:
    """Build a redirect to the current path with the same query.

    Raise `QueryTooLong` if the head would become too long. Here as below, `varies` says that
    `Accept` would have decided the format of the answer.
    """
    metadata = _build_not_found_metadata(request, head, varies=varies)
    plain = quote(path)
    # Long queries have many commas, which need no encoding.
    query = request.query.replace(b"%2C", b",")
    own = services.settings.public_url or ""
    location = f"{own}{plain}".encode() + (b"?" + query if query else b"")
    fields = _headers(request, metadata)
    if not fits_in_head(location, fields):
        raise QueryTooLong(plain)
    return PublicAnswer(301, [*fields, (b"location", location)], b"", metadata)


def build_not_found(
    request: ReadRequest, head: LogState, detail: str, *, varies: bool = False
) -> PathNotFound:
    """Build a 404 as of a log position."""
    return PathNotFound(detail, _build_not_found_metadata(request, head, varies=varies))


def build_gone(
    request: ReadRequest, head: LogState, gone: WithdrawalNotice, *, varies: bool = False
) -> Gone | Killed:
    """Build a 410 for a story that was withdrawn, with the notice for its readers."""
    kind = Killed if gone.answer == "killed" else Gone
    detail = gone.notice or "This story was withdrawn."
    metadata = _build_not_found_metadata(request, head, varies=varies)
    return kind(detail, metadata._replace(sent=(SentStory(gone.id, 0, REMOVED),)))


def list_links(
    services: Services, request: ReadRequest, cursors: Mapping[str, str | None]
) -> dict[str, str]:
    """Return the links of a page: `self`, `next` and `prev`."""
    own = services.settings.public_url or ""
    return Links.of(request.path, request.query, own).by_relation(cursors)


def feed_alternates(services: Services, query_string: bytes, path: str) -> dict[str, str]:
    """Return the feeds of the same selection below a path, by media type."""
    query = ""
    for part in query_string.decode("latin-1").split("&"):
        # Feeds are not ordered by relevance.
        if part.partition("=")[0] in _FEED_PARAMETERS[path] and part != "sort=relevance":
            query += f"&{part}" if query else f"?{part}"
    base = f"{services.settings.public_url or ''}{path}"
    return {media_type: f"{base}.{ext}{query}" for ext, media_type in _ANNOUNCED}


def _build_not_found_metadata(
    request: ReadRequest, head: LogState, *, varies: bool
) -> AnswerMetadata:
    return AnswerMetadata(
        head.serial,
        (NOT_FOUND_KEY,),
        _find_change_time(request, head),
        request.valid_until,
        varies_by_format=varies,
    )


def _headers(request: ReadRequest, metadata: AnswerMetadata) -> Headers:
    """Return the headers with the surrogate keys and the log position.

    Readers with an entitlement of their own get no surrogate keys: their answers may show what is
    not public, and no shared cache stores them.
    """
    reader = request.reader
    has_key = reader.key_id is not None or reader.feed_token_id is not None
    is_private = has_key and reader.entitlement is not PUBLIC
    return build_surrogate_headers(() if is_private else metadata.surrogate_keys, metadata.serial)


def _find_change_time(request: ReadRequest, head: LogState) -> datetime | None:
    """Return the latest time at which an answer can have changed.

    It is unknown for readers with an entitlement of their own, because the log has no rows about
    stories under embargo, nor about changes of an agreement.
    """
    return head.last_change_at if request.reader.entitlement is PUBLIC else None
