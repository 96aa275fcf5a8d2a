"""Requests for public resources, which the cache parses once from their scope.

`Accept-Language` becomes part of the query of the few lists that depend on it. So clients that
prefer the same languages in the same order share an entry, and the links of a page include these
languages.
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from app.access.caller import Caller
from app.access.limits.rate_limits import Admission
from app.api.cache.negotiation import find_negotiated_path
from app.api.delivery.registry import find
from app.api.delivery.resource import Match
from app.api.http.asgi import Scope
from app.api.http.feed_tokens import FEED_TOKEN
from app.api.http.parameters import MOST_PREFERRED
from app.api.middleware.access_log import id_for
from app.api.middleware.addresses import is_plain
from app.partners.sent_story import SentStory

# The raw path, the raw query, and the headers that an answer depends on. Requests with the same
# fingerprint get the same prepared response.
Fingerprint = bytes
# The canonical path and query of an entry, whether the client has no key (0), a key (1) or a key or
# token of a partner (2), which gets receipts, and the digest of its entitlement.
CacheKey = tuple[str, bytes, int, str]
REQUEST_ID = b"x-request-id"
# With these conditions a client gets the answer only for a certain version, and otherwise a 412.
PRECONDITIONS = (b"if-match", b"if-unmodified-since")
_CONDITIONAL = frozenset({*PRECONDITIONS, b"if-none-match", b"if-modified-since"})
# A request with one of these gets no answer that others get, too.
_PERSONAL = frozenset({b"authorization", b"x-api-key", *PRECONDITIONS})
# The headers that a response depends on.
_DECIDING = (
    _PERSONAL
    | _CONDITIONAL
    | {
        REQUEST_ID,
        b"host",
        b"accept",
        b"accept-encoding",
        b"origin",
    }
)
_MARK = b"one_per_story=true"
# With one of these parameters, `Accept-Language` has no effect.
_EXPLICIT = (b"language=", b"prefer=")
_TAG = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_WEIGHT = re.compile(r"q=([01](\.\d{0,3})?)")


@dataclass(slots=True)
class PublicRequest:
    """A client's request for a public resource.

    `path` and `query` are those of the answer: `Accept` may select the path of another format,
    which is then sent as `Content-Location` (`location`). `by_language` says that `Accept-Language`
    has become part of the query. A request that `is_repeatable` gets the same response as others
    with the same fingerprint; one that `is_shareable` is also anonymous. One that `is_conditional`
    has `If-None-Match` or another condition. `is_long` says that the answer takes long to compute.
    `computed_for` is the caller it was computed for, or None on a cache hit. `token` is the feed
    token that was removed from the address. `caller` is the holder of a key or token, once it is
    known, and `sent` are the stories of the answer to it.
    `admission` is None before the request is counted.
    """

    scope: Scope
    fingerprint: Fingerprint
    id: str
    headers: Mapping[bytes, bytes]
    match: Match
    path: str
    query: bytes
    location: bytes | None
    by_language: bool
    is_repeatable: bool
    is_shareable: bool
    is_conditional: bool
    started: float
    is_long: bool = False
    computed_for: Caller | None = None
    token: str | None = None
    caller: Caller | None = None
    sent: tuple[SentStory, ...] = ()
    admission: Admission | None = None

    @property
    def is_long_poll(self) -> bool:
        """Tell whether the request waits for a change, and counts as a listener."""
        waits = self.match.resource.waits
        return waits is not None and f"{waits}=".encode() in self.query


def build_cache_key(request: PublicRequest, caller: Caller) -> CacheKey:
    """Return the cache key of a request by a caller."""
    kind = 2 if caller.partner_id is not None else 0 if caller.key_id is None else 1
    return request.path, request.query, kind, caller.entitlement.digest


def compute_fingerprint(scope: Scope) -> tuple[Fingerprint, str | None]:
    """Return the fingerprint of a GET request, and the request id that a proxy sent, if any.

    It runs before every cache hit, so it parses nothing. The separator is a line break, which no
    header can contain.
    """
    path = scope.get("raw_path") or quote(scope["path"]).encode()
    deciding, given = [path, scope["query_string"]], None
    for field in scope["headers"]:
        if field[0] in _DECIDING:
            if field[0] == REQUEST_ID:
                given = field[1].decode("latin-1")
            else:
                deciding += field
    return b"\n".join(deciding), given


def read_request(
    scope: Scope,
    fingerprint: Fingerprint,
    given: str | None,
    allows: Callable[[Scope, str | None], bool],
) -> PublicRequest | None:
    """Parse a request for a public resource; return None for any other request.

    `allows` tells whether its host is allowed; `given` is the request id that a proxy sent.
    """
    match = find(scope["path"])
    if match is None or not is_plain(scope):
        return None
    token = scope.get(FEED_TOKEN)
    headers = _by_name(scope["headers"])
    host = headers.get(b"host")
    if not allows(scope, None if host is None else host.decode("latin-1")):
        return None
    path, location = scope["path"], None
    accepted = headers.get(b"accept")
    other = None if accepted is None else find_negotiated_path(path, accepted.decode("latin-1"))
    if other is not None:
        path, match = other, find(other)
        assert match is not None
        location = quote(path).encode()
        if scope["query_string"]:
            location += b"?" + scope["query_string"]
    query = match.resource.parameters.canonical(scope["query_string"])
    by_language = _MARK in query and depends_on_language(query)
    if by_language:
        query = add_languages(query, headers.get(b"accept-language"))
    # HTTP/1.0 allows a request without a host, HTTP/1.1 does not.
    is_storable = host is not None and token is None
    return PublicRequest(
        scope=scope,
        fingerprint=fingerprint,
        id=id_for(given),
        headers=headers,
        match=match,
        path=path,
        query=query,
        location=location,
        by_language=by_language,
        is_repeatable=is_storable and headers.keys().isdisjoint(PRECONDITIONS),
        is_shareable=is_storable and _PERSONAL.isdisjoint(headers),
        is_conditional=not _CONDITIONAL.isdisjoint(headers),
        started=time.perf_counter(),
        token=token,
    )


def _by_name(headers: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Return headers by name; several values of a name are joined by commas."""
    found = dict(headers)
    if len(found) != len(headers):
        found.clear()
        for name, value in headers:
            found[name] = found[name] + b", " + value if name in found else value
    return found


def depends_on_language(query: bytes) -> bool:
    """Tell whether the answer to a canonical query depends on `Accept-Language`."""
    parts = query.split(b"&")
    return _MARK in parts and not any(part.startswith(_EXPLICIT) for part in parts)


def add_languages(query: bytes, header: bytes | None) -> bytes:
    """Add the languages of `Accept-Language` to a canonical query."""
    languages = parse_languages(header.decode("latin-1")) if header else []
    if not languages:
        return query
    parts = [*query.split(b"&"), f"prefer={quote(','.join(languages), safe='')}".encode()]
    return b"&".join(sorted(parts))


def parse_languages(header: str) -> list[str]:
    """Return the languages of `Accept-Language` by weight (RFC 9110, section 12.5.4)."""
    weighed: dict[str, float] = {}
    for part in header.split(","):
        tag, _, more = part.strip().partition(";")
        said = _WEIGHT.fullmatch(more.strip()) if more else None
        weight = float(said.group(1)) if said else 0.0 if more else 1.0
        if weight > 0 and _TAG.fullmatch(tag.strip()):
            weighed.setdefault(tag.strip().lower(), weight)
    ordered = sorted(weighed, key=lambda tag: -weighed[tag])
    return ordered[:MOST_PREFERRED]
