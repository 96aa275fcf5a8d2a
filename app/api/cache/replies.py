"""From a kept answer to a response: lifetimes, validators, conditions, CORS."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from app.api.cache.encoding import chosen_coding
from app.api.cache.entries import Absent, Entry, Messages, PreparedResponse, Variant, parted
from app.api.cache.freshness import Freshness
from app.api.cache.request import PRECONDITIONS, REQUEST_ID, PublicRequest
from app.api.http.answer import (
    AnswerMetadata,
    Headers,
    build_surrogate_headers,
    fits_in_head,
    is_unchanged,
    not_modified,
)
from app.api.http.asgi import raw
from app.api.http.problems import ProblemResponse, problem_for
from app.api.http.security_headers import NOSNIFF
from app.api.middleware.cors import EXPOSED
from app.api.ops.metrics import Metrics
from app.content.errors import VersionMismatch
from app.server.interface import WHOLE
from app.server.response_head import encode_headers
from app.settings import Settings

_log = logging.getLogger("dateline.access")
_SHARED_SECONDS = 15


def _lifetime_of(fresh: int, stale: int) -> tuple[bytes, bytes]:
    """Return for how long shared caches keep an answer, and give it out after that.

    That is while they ask again, or cannot, so that an error is not shown to readers.
    """
    text = (
        f"public, max-age=0, s-maxage={fresh}, stale-while-revalidate={stale}, "
        f"stale-if-error={stale}"
    )
    return b"cache-control", text.encode()


_LONGEST = timedelta(seconds=2 * _SHARED_SECONDS)
# A change may still come within the second that Last-Modified can express.
_TOO_YOUNG = timedelta(seconds=2)
_USUAL = _lifetime_of(_SHARED_SECONDS, _SHARED_SECONDS)
# Said in the last second before a change. With a 304, some shared caches (nginx is one) would
# not believe it, and keep what they have for as long as that once said.
_OVER = _lifetime_of(0, 0)
_PRIVATE = (b"cache-control", b"private, max-age=0, must-revalidate")
_NO_STORE = (b"cache-control", b"no-store")
# In one line: some shared caches (nginx is one) read no second.
_VARY = b"Accept-Encoding, Authorization, X-Api-Key, Origin"
_VARY_IN_FORMAT = _VARY + b", Accept"
# Of a refusal, which says nothing of what would be answered otherwise.
VARY_BY_ORIGIN = b"Origin"
_WHOLE_ONLY = (b"accept-ranges", b"none")
_EXPOSE = (b"access-control-expose-headers", ", ".join(EXPOSED).encode())
_LOCATION = b"content-location"


class Replies:
    """Prepares kept answers for readers, and makes the messages of what is not kept."""

    def __init__(self, settings: Settings, metrics: Metrics, freshness: Freshness) -> None:
        """Know the origins, where to count, and what time it is."""
        origins = {one.strip() for one in settings.cors_origins.split(",") if one.strip()}
        self._any_origin = "*" in origins
        self._origins = {one.encode() for one in origins}
        self._metrics = metrics
        self._freshness = freshness

    def prepare(
        self, request: PublicRequest, entry: Entry, *, has_key: bool
    ) -> PreparedResponse | None:
        """Return an answer as a reader wants it: coded, whole, or not at all if it is known.

        Return None if it is not the one that the reader insists on having.
        """
        asked, metadata, status = request.headers, entry.metadata, entry.status
        accepted = asked.get(b"accept-encoding")
        variant = entry.variant(
            chosen_coding(accepted.decode("latin-1")) if accepted else "identity"
        )
        changed, ripe = self._modified(metadata)
        lifetime, until = (
            (_PRIVATE, None) if has_key or not metadata.is_public else self._lifetime()
        )
        headers = [_vary(request, metadata), *self._cors(request), _WHOLE_ONLY, NOSNIFF, lifetime]
        if changed is not None:
            headers.append((b"last-modified", entry.modified))
        more, body = variant.headers, variant.body
        if status == 200 and request.is_conditional:
            if not _is_wanted(request, variant, changed):
                return None
            if lifetime is not _OVER and _is_known(request, variant, changed):
                status, body = 304, b""
                more = [field for field in variant.shared if field[0] != b"content-type"]
        headers += more
        if request.location is not None and status in {200, 304}:
            _add_location(headers, request)
        ends = (until, ripe, metadata.valid_until, self._freshness.boundary)
        first = min(filter(None, ends), default=None)
        method = request.scope["method"]
        tally = self._metrics.tally(method, entry.route, status)
        body = b"" if method == "HEAD" else body
        return PreparedResponse(status, headers, body, first, entry, tally)

    def prepare_stale(self, request: PublicRequest, entry: Entry) -> PreparedResponse | None:
        """Return the same while nothing says whether it is outdated: for this reader, and no cache.

        Its age is that of the last proof that it was not.
        """
        response = self.prepare(request, entry, has_key=False)
        if response is not None:
            age = int(self._freshness.age)
            others = [one for one in response.headers if one[0] != b"cache-control"]
            status = b'Dateline; hit; ttl=%d; detail="database away"' % -age
            own = ((b"age", b"%d" % age), (b"cache-status", status), _NO_STORE)
            response.headers = [*others, *own]
        return response

    def absent(self, request: PublicRequest, absent: Absent) -> Messages:
        """Say that nothing is here."""
        said, metadata = problem_for(absent.failure, request.id), absent.metadata
        vary = _VARY_IN_FORMAT if metadata.varies_by_format else _VARY
        return self.problem(
            request, said, vary, build_surrogate_headers(metadata.surrogate_keys, metadata.serial)
        )

    def unwanted(self, request: PublicRequest, entry: Entry) -> Messages:
        """Say that the answer is not the one that the reader insists on having."""
        detail = "What is here now is not what If-Match or If-Unmodified-Since speaks of."
        said = problem_for(VersionMismatch(detail), request.id)
        vary = _VARY_IN_FORMAT if entry.metadata.varies_by_format else _VARY
        return self.problem(request, said, vary)

    def problem(
        self,
        request: PublicRequest,
        said: ProblemResponse,
        vary: bytes,
        more: Iterable[tuple[bytes, bytes]] = (),
    ) -> Messages:
        """Return the messages of a problem, built for each request, whose id it has."""
        status, fields, body = said
        fields |= {"content-length": str(len(body)), "x-request-id": request.id}
        if request.location is not None:
            vary += b", Accept"
        cors = self._cors(request)
        headers: Headers = [(b"vary", vary), *more, *cors, NOSNIFF, *raw(fields.items())]
        scope = request.scope
        body = b"" if scope["method"] == "HEAD" else body
        if WHOLE not in scope.get("extensions", ()):
            return parted(status, headers, body)
        return ({"type": WHOLE, "status": status, "head": encode_headers(headers), "body": body},)

    def _modified(self, metadata: AnswerMetadata) -> tuple[datetime | None, datetime | None]:
        """Return when it last changed, unless that is too young to say, and when it will not be."""
        changed = metadata.changed_at
        if changed is not None and self._freshness.now - changed < _TOO_YOUNG:
            return None, changed + _TOO_YOUNG
        return changed, None

    def _lifetime(self) -> tuple[tuple[bytes, bytes], datetime | None]:
        """Return how long shared caches may keep it, and until when that is so.

        It is short and fixed, and cut at the next boundary.
        """
        boundary = self._freshness.boundary
        if boundary is None:
            return _USUAL, None
        left = boundary - self._freshness.now
        if left >= _LONGEST:
            return _USUAL, boundary - _LONGEST
        seconds = int(left.total_seconds())
        if seconds <= 0:
            return _OVER, boundary
        fresh = min(_SHARED_SECONDS, seconds)
        return _lifetime_of(fresh, seconds - fresh), boundary - timedelta(seconds=seconds)

    def _cors(self, request: PublicRequest) -> Headers:
        origin = request.headers.get(b"origin")
        if origin is None:
            return []
        if self._any_origin:
            return [(b"access-control-allow-origin", b"*"), _EXPOSE]
        if origin in self._origins:
            return [(b"access-control-allow-origin", origin), _EXPOSE]
        return []


def _vary(request: PublicRequest, metadata: AnswerMetadata) -> tuple[bytes, bytes]:
    vary = _VARY_IN_FORMAT if metadata.varies_by_format else _VARY
    if request.by_language:
        vary += b", Accept-Language"
    return b"vary", vary if request.location is None else vary + b", Accept"


def _add_location(headers: Headers, request: PublicRequest) -> None:
    """Say at which address the same is without negotiation; a feed has said its own."""
    location, all_headers = request.location, [*headers, (REQUEST_ID, request.id.encode())]
    is_said = any(name == _LOCATION for name, _ in headers)
    if location is not None and not is_said and fits_in_head(location, all_headers):
        headers.append((_LOCATION, location))


def _is_known(request: PublicRequest, variant: Variant, changed: datetime | None) -> bool:
    asked = request.headers
    match, since = asked.get(b"if-none-match"), asked.get(b"if-modified-since")
    return not_modified(_text(match), _text(since), variant.tag, changed)


def _is_wanted(request: PublicRequest, variant: Variant, changed: datetime | None) -> bool:
    """Tell whether an answer is what the reader insists on having, if it does."""
    match, since = (request.headers.get(name) for name in PRECONDITIONS)
    return is_unchanged(_text(match), _text(since), variant.tag, changed)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")
