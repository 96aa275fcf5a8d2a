"""Sending a kept answer: lifetimes, validators, conditions, CORS."""

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.api.cache.encoding import chosen_coding
from app.api.cache.entry import Absent, Entry, Name, Variant
from app.api.cache.freshness import Freshness
from app.api.cache.prepared_responses import PRECONDITIONS, PreparedResponse
from app.api.cache.store import Key
from app.api.delivery.resource import Match
from app.api.http.answer import Facts, Headers
from app.api.http.asgi import Message, Scope, raw
from app.api.http.conditional import is_unchanged, not_modified
from app.api.http.problems import Problem, problem_for
from app.api.http.security_headers import NOSNIFF
from app.api.middleware.cors import EXPOSED
from app.api.ops.metrics import Metrics, Tally
from app.api.ops.redaction import path_for_log
from app.content.errors import VersionMismatch
from app.server.interface import WHOLE
from app.server.writing import header_lines
from app.settings import Settings

Asked = dict[bytes, bytes]
Messages = tuple[Message, ...]

_log = logging.getLogger("dateline.access")
_SHARED_SECONDS = 15
_LONGEST = timedelta(seconds=2 * _SHARED_SECONDS)
# A change may still come within the second that Last-Modified can express.
_TOO_YOUNG = timedelta(seconds=2)
_USUAL = (b"cache-control", b"public, max-age=0, s-maxage=15, stale-while-revalidate=15")
# Said in the last second before a change. With a 304, some shared caches (nginx is one) would
# not believe it, and keep what they have for as long as that once said.
_OVER = (b"cache-control", b"public, max-age=0, s-maxage=0, stale-while-revalidate=0")
_PRIVATE = (b"cache-control", b"private, max-age=0, must-revalidate")
# In one line: some shared caches (nginx is one) read no second.
_VARY = (b"vary", b"Accept-Encoding, Authorization, X-Api-Key, Origin")
_VARY_IN_FORMAT = (b"vary", b"Accept-Encoding, Authorization, X-Api-Key, Origin, Accept")
# Of a refusal, which says nothing of what would be answered otherwise.
VARY_BY_ORIGIN = (b"vary", b"Origin")
_WHOLE_ONLY = (b"accept-ranges", b"none")
_EXPOSE = (b"access-control-expose-headers", ", ".join(EXPOSED).encode())


@dataclass(slots=True)
class CacheRequest:
    """A reader's request for a public resource.

    `noted` says that it is counted and logged already, `by_language` that `Accept-Language` tells
    it from others.
    """

    scope: Scope
    match: Match
    name: Name
    asked: Asked
    id: str
    noted: bool = False
    by_language: bool = False
    started: float = field(default_factory=time.perf_counter)


class Replies:
    """Makes kept answers ready for readers, and the messages that they are sent in."""

    def __init__(self, settings: Settings, metrics: Metrics, freshness: Freshness) -> None:
        """Know the origins, where to count, and what time it is."""
        origins = {one.strip() for one in settings.cors_origins.split(",") if one.strip()}
        self._any_origin = "*" in origins
        self._origins = {one.encode() for one in origins}
        self._logs = settings.access_log == "all"
        self._metrics = metrics
        self._freshness = freshness

    def ready(self, method: str, request: CacheRequest, entry: Entry, key: Key) -> PreparedResponse:
        """Return an answer as a reader wants it: coded, whole, or not at all if it is known."""
        asked, facts = request.asked, entry.facts
        variant = _variant(asked, entry)
        vary = _vary(facts)
        if request.by_language:
            vary = (vary[0], vary[1] + b", Accept-Language")
        headers: Headers = [vary, *self._cors(asked), _WHOLE_ONLY, NOSNIFF]
        lifetime, until = (_PRIVATE, None) if key[2] or not facts.shared else self._lifetime()
        headers.append(lifetime)
        changed, ripe = self._modified(facts)
        if changed is not None:
            headers.append((b"last-modified", entry.modified))
        status, more, body = entry.status, variant.headers, variant.body
        if status == 200 and lifetime is not _OVER and _is_known(asked, variant.tag, changed):
            status, more, body = 304, variant.unchanged, b""
        end = {"type": "http.response.body", "body": b"" if method == "HEAD" else body}
        ends = (until, ripe, facts.until, self._freshness.boundary)
        moments = [one for one in ends if one is not None]
        tally = self._metrics.tally(method, entry.route, status)
        return PreparedResponse(
            status, headers + more, end, min(moments, default=None), entry, tally
        )

    def of(self, request: CacheRequest, ready: PreparedResponse) -> Messages:
        """Return an answer that is ready, under the request's id, and count it."""
        if not request.noted:
            self.note(request.scope, ready.tally, ready.status)
        return ready.messages(request.scope, request.id)

    def absent(self, request: CacheRequest, absent: Absent) -> Messages:
        """Say that nothing is here."""
        fields = [_vary(absent.facts), *absent.facts.fields()]
        said = problem_for(absent.failure, request.id)
        return self._counted(request, absent.route, said, fields)

    def is_wanted(self, request: CacheRequest, entry: Entry) -> bool:
        """Tell whether an answer is what the reader insists on having, if it does."""
        asked = request.asked
        if entry.status != 200 or all(name not in asked for name in PRECONDITIONS):
            return True
        changed, _ = self._modified(entry.facts)
        match, since = (_text(asked.get(name)) for name in PRECONDITIONS)
        return is_unchanged(match, since, _variant(asked, entry).tag, changed)

    def unwanted(self, request: CacheRequest, entry: Entry) -> Messages:
        """Say that the answer is not the one that the reader insists on having."""
        detail = "What is here now is not what If-Match or If-Unmodified-Since speaks of."
        said = problem_for(VersionMismatch(detail), request.id)
        return self._counted(request, entry.route, said, [_vary(entry.facts)])

    def _counted(self, request: CacheRequest, route: str, said: Problem, more: Headers) -> Messages:
        if not request.noted:
            method = request.scope["method"]
            tally = self._metrics.tally(method, route, said.status)
            self.note(request.scope, tally, said.status)
        return self.problem(request, said, more)

    def problem(
        self, request: CacheRequest, said: Problem, more: Iterable[tuple[bytes, bytes]] = ()
    ) -> Messages:
        """Return the messages of a problem, built for each request, whose id it has."""
        status, fields, body = said
        fields |= {"content-length": str(len(body)), "x-request-id": request.id}
        headers: Headers = [*more, *self._cors(request.asked), NOSNIFF, *raw(fields.items())]
        is_head = request.scope["method"] == "HEAD"
        return messages_of(request.scope, status, headers, b"" if is_head else body)

    def note(self, scope: Scope, tally: Tally, status: int) -> None:
        """Count an answer from memory, and log it where everything is logged."""
        tally.count += 1
        if self._logs:
            path = path_for_log(scope["path"])
            _log.info("%s %s %d from memory", scope["method"], path, status)

    def _modified(self, facts: Facts) -> tuple[datetime | None, datetime | None]:
        """Return when it last changed, unless that is too young to say, and when it will not be."""
        changed = facts.changed_at
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
        text = f"public, max-age=0, s-maxage={fresh}, stale-while-revalidate={seconds - fresh}"
        return (b"cache-control", text.encode()), boundary - timedelta(seconds=seconds)

    def _cors(self, asked: Asked) -> Headers:
        origin = asked.get(b"origin")
        if origin is None:
            return []
        if self._any_origin:
            return [(b"access-control-allow-origin", b"*"), _EXPOSE]
        if origin in self._origins:
            return [(b"access-control-allow-origin", origin), _EXPOSE]
        return []


def _vary(facts: Facts) -> tuple[bytes, bytes]:
    return _VARY_IN_FORMAT if facts.varies else _VARY


def _variant(asked: Asked, entry: Entry) -> Variant:
    accepted = asked.get(b"accept-encoding")
    return entry.variant(chosen_coding(accepted.decode("latin-1")) if accepted else "identity")


def _is_known(asked: Asked, tag: str, changed: datetime | None) -> bool:
    match, since = asked.get(b"if-none-match"), asked.get(b"if-modified-since")
    if match is None and since is None:
        return False
    return not_modified(_text(match), _text(since), tag, changed)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")


def messages_of(scope: Scope, status: int, headers: Headers, body: bytes) -> Messages:
    """Return the messages of an answer: one, if the server takes it."""
    if WHOLE in scope.get("extensions", ()):
        return ({"type": WHOLE, "status": status, "head": header_lines(headers), "body": body},)
    start = {"type": "http.response.start", "status": status, "headers": headers}
    return start, {"type": "http.response.body", "body": body}
