"""Responses from cached answers: Cache-Control, validators, conditional requests, CORS."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from app.api.cache.encoding import choose_coding
from app.api.cache.entries import (
    CachedAbsence,
    CacheEntry,
    Messages,
    PreparedResponse,
    Variant,
    split_message,
)
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
from app.api.http.private_answers import PRIVATE, add_private_headers
from app.api.http.problems import ProblemResponse, problem_for
from app.api.http.security_headers import NOSNIFF
from app.api.middleware.cors import EXPOSED
from app.api.monitoring.metrics import Metrics
from app.content.errors import VersionMismatch
from app.server.interface import WHOLE
from app.server.response_head import encode_headers
from app.settings import Settings

_log = logging.getLogger("dateline.access")
_SHARED_SECONDS = 15


def _build_cache_control(fresh: int, stale: int) -> tuple[bytes, bytes]:
    """Return `Cache-Control` for shared caches, with the seconds fresh and then stale.

    They may send a stale answer while they revalidate it, and instead of an error.
    """
    text = (
        f"public, max-age=0, s-maxage={fresh}, stale-while-revalidate={stale}, "
        f"stale-if-error={stale}"
    )
    return b"cache-control", text.encode()


_LONGEST = timedelta(seconds=2 * _SHARED_SECONDS)
# Last-Modified has a precision of one second, and a second change may come within it.
_LAST_MODIFIED_DELAY = timedelta(seconds=2)
_DEFAULT_LIFETIME = _build_cache_control(_SHARED_SECONDS, _SHARED_SECONDS)
# Sent in the last second before a change, without a 304: some shared caches (nginx) would ignore
# it there, and keep the lifetime of the response that they have.
_EXPIRED = _build_cache_control(0, 0)
_NO_STORE = (b"cache-control", b"no-store")
# One header line: some shared caches (nginx) ignore a second one.
_VARY = b"Accept-Encoding, Authorization, X-Api-Key, Origin"
_VARY_BY_FORMAT = _VARY + b", Accept"
# A problem document depends on CORS alone.
VARY_BY_ORIGIN = b"Origin"
_WHOLE_ONLY = (b"accept-ranges", b"none")
_EXPOSE = (b"access-control-expose-headers", ", ".join(EXPOSED).encode())
_LOCATION = b"content-location"


class ResponseBuilder:
    """Builds responses from cached answers, and problem documents."""

    def __init__(self, settings: Settings, metrics: Metrics, freshness: Freshness) -> None:
        """Read the allowed origins; `freshness` has the current time."""
        origins = {origin.strip() for origin in settings.cors_origins.split(",") if origin.strip()}
        self._any_origin = "*" in origins
        self._origins = {origin.encode() for origin in origins}
        self._metrics = metrics
        self._freshness = freshness

    def prepare(
        self, request: PublicRequest, entry: CacheEntry, *, has_key: bool
    ) -> PreparedResponse | None:
        """Build the response in the accepted coding, or a 304 if `If-None-Match` matches.

        Return None if `If-Match` or `If-Unmodified-Since` fails: the response is then a 412.
        """
        asked, metadata, status = request.headers, entry.metadata, entry.status
        accepted = asked.get(b"accept-encoding")
        variant = entry.variant(
            choose_coding(accepted.decode("latin-1")) if accepted else "identity"
        )
        changed, ripe = self._find_last_modified(metadata)
        lifetime, until = (
            (PRIVATE, None)
            if has_key or not metadata.is_public
            else self._choose_lifetime(metadata)
        )
        headers = [
            _build_vary(request, metadata),
            *self._build_cors_headers(request),
            _WHOLE_ONLY,
            NOSNIFF,
            lifetime,
        ]
        if changed is not None:
            headers.append((b"last-modified", entry.modified))
        more, body = variant.headers, variant.body
        if status == 200 and request.is_conditional:
            if not _precondition_holds(request, variant, changed):
                return None
            if lifetime is not _EXPIRED and _is_not_modified(request, variant, changed):
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

    def prepare_stale(self, request: PublicRequest, entry: CacheEntry) -> PreparedResponse | None:
        """Build a response that may be outdated, with `Age` and `no-store`.

        The age counts from the last time that the entry was known to be current.
        """
        response = self.prepare(request, entry, has_key=False)
        if response is not None:
            age = int(self._freshness.age)
            others = [field for field in response.headers if field[0] != b"cache-control"]
            status = b'Dateline; hit; ttl=%d; detail="database away"' % -age
            own = ((b"age", b"%d" % age), (b"cache-status", status), _NO_STORE)
            response.headers = [*others, *own]
        return response

    def build_absence(self, request: PublicRequest, absent: CachedAbsence) -> Messages:
        """Build a 404 or 410."""
        problem, metadata = problem_for(absent.failure, request.id), absent.metadata
        vary = _VARY_BY_FORMAT if metadata.varies_by_format else _VARY
        return self.build_problem(
            request,
            problem,
            vary,
            build_surrogate_headers(metadata.surrogate_keys, metadata.serial),
        )

    def build_precondition_failed(self, request: PublicRequest, entry: CacheEntry) -> Messages:
        """Build a 412: `If-Match` or `If-Unmodified-Since` has failed."""
        detail = "What is here now is not what If-Match or If-Unmodified-Since speaks of."
        problem = problem_for(VersionMismatch(detail), request.id)
        vary = _VARY_BY_FORMAT if entry.metadata.varies_by_format else _VARY
        return self.build_problem(request, problem, vary)

    def build_problem(
        self,
        request: PublicRequest,
        problem: ProblemResponse,
        vary: bytes,
        more: Iterable[tuple[bytes, bytes]] = (),
    ) -> Messages:
        """Build the messages of a problem document, which has the request id."""
        status, fields, body = problem
        fields |= {"content-length": str(len(body)), "x-request-id": request.id}
        if request.location is not None:
            vary += b", Accept"
        cors = self._build_cors_headers(request)
        headers: Headers = [(b"vary", vary), *more, *cors, NOSNIFF, *raw(fields.items())]
        if request.caller is not None and not request.caller.is_anonymous:
            headers = add_private_headers(headers, request.admission)
        scope = request.scope
        body = b"" if scope["method"] == "HEAD" else body
        if WHOLE not in scope.get("extensions", ()):
            return split_message(status, headers, body)
        return ({"type": WHOLE, "status": status, "head": encode_headers(headers), "body": body},)

    def _find_last_modified(
        self, metadata: AnswerMetadata
    ) -> tuple[datetime | None, datetime | None]:
        """Return `Last-Modified`, or None and the time from which it can be sent."""
        changed = metadata.changed_at
        if changed is not None and self._freshness.now - changed < _LAST_MODIFIED_DELAY:
            return None, changed + _LAST_MODIFIED_DELAY
        return changed, None

    def _choose_lifetime(
        self, metadata: AnswerMetadata
    ) -> tuple[tuple[bytes, bytes], datetime | None]:
        """Return `Cache-Control` for shared caches, and until when this value is valid.

        The lifetime is short, and ends at the next boundary at the latest.
        """
        ends = (self._freshness.boundary, metadata.valid_until)
        boundary = min(filter(None, ends), default=None)
        if boundary is None:
            return _DEFAULT_LIFETIME, None
        left = boundary - self._freshness.now
        if left >= _LONGEST:
            return _DEFAULT_LIFETIME, boundary - _LONGEST
        seconds = int(left.total_seconds())
        if seconds <= 0:
            return _EXPIRED, boundary
        fresh = min(_SHARED_SECONDS, seconds)
        return _build_cache_control(fresh, seconds - fresh), boundary - timedelta(seconds=seconds)

    def _build_cors_headers(self, request: PublicRequest) -> Headers:
        origin = request.headers.get(b"origin")
        if origin is None:
            return []
        if self._any_origin:
            return [(b"access-control-allow-origin", b"*"), _EXPOSE]
        if origin in self._origins:
            return [(b"access-control-allow-origin", origin), _EXPOSE]
        return []


def _build_vary(request: PublicRequest, metadata: AnswerMetadata) -> tuple[bytes, bytes]:
    vary = _VARY_BY_FORMAT if metadata.varies_by_format else _VARY
    if request.by_language:
        vary += b", Accept-Language"
    return b"vary", vary if request.location is None else vary + b", Accept"


def _add_location(headers: Headers, request: PublicRequest) -> None:
    """Add `Content-Location` after negotiation, unless a feed has set its own."""
    location, all_headers = request.location, [*headers, (REQUEST_ID, request.id.encode())]
    is_set = any(name == _LOCATION for name, _ in headers)
    if location is not None and not is_set and fits_in_head(location, all_headers):
        headers.append((_LOCATION, location))


def _is_not_modified(request: PublicRequest, variant: Variant, changed: datetime | None) -> bool:
    """Evaluate `If-None-Match` and `If-Modified-Since`."""
    headers = request.headers
    match, since = headers.get(b"if-none-match"), headers.get(b"if-modified-since")
    return not_modified(_decode(match), _decode(since), variant.tag, changed)


def _precondition_holds(request: PublicRequest, variant: Variant, changed: datetime | None) -> bool:
    """Evaluate `If-Match` and `If-Unmodified-Since`; True without them."""
    match, since = (request.headers.get(name) for name in PRECONDITIONS)
    return is_unchanged(_decode(match), _decode(since), variant.tag, changed)


def _decode(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")
