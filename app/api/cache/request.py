"""Requests for public resources, as the cache reads them: once, from their scope.

`Accept-Language` becomes part of the query of the few lists that go by it. So there is one entry
for all who prefer the same languages in the same order, a page's links say which they were, and
no other request is looked at.
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from starlette.routing import compile_path

from app.access.caller import Caller
from app.api.cache.negotiation import negotiated_path
from app.api.delivery.registry import RESOURCES
from app.api.delivery.resource import Match
from app.api.http.asgi import Scope
from app.api.http.parameters import MOST_PREFERRED
from app.api.middleware.access_log import id_for
from app.api.middleware.addresses import is_plain

# What tells one kind of request from another: the raw path and query, and the headers that matter.
Name = bytes
# Path, canonical query, and whether the reader has a key.
Key = tuple[str, bytes, bool]
REQUEST_ID = b"x-request-id"
# A client that sends these wants an answer only if it is (still) a certain one.
PRECONDITIONS = (b"if-match", b"if-unmodified-since")
_CONDITIONAL = frozenset({*PRECONDITIONS, b"if-none-match", b"if-modified-since"})
# A request with one of these is never answered with what was prepared for others.
_PERSONAL = frozenset({b"authorization", b"x-api-key", *PRECONDITIONS})
# Headers that decide what is answered, or whether.
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
_FIXED = {one.path: Match(one, {}) for one in RESOURCES if "{" not in one.path}
_PATTERNS = [(compile_path(one.path)[0], one) for one in RESOURCES if "{" in one.path]
_MARK = b"one_per_story=true"
# Who says either has said what is preferred.
_SAID = (b"language=", b"prefer=")
_TAG = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_WEIGHT = re.compile(r"q=([01](\.\d{0,3})?)")


@dataclass(slots=True)
class PublicRequest:
    """A reader's request for a public resource.

    `path` and `query` are those of the answer: `Accept` may lead to the path of another format,
    which is then the `location` of the answer, and `by_language` says that `Accept-Language` has
    become part of the query. One that is `shareable` gets the same answer as others that send the
    same headers, and a `conditional` one wants it only in some state. `is_long` says that the
    answer takes long to compute, and `computed_for` whom it was computed for, if it is not from
    memory.
    """

    scope: Scope
    name: Name
    id: str
    headers: Mapping[bytes, bytes]
    match: Match
    path: str
    query: bytes
    location: bytes | None
    by_language: bool
    is_shareable: bool
    is_conditional: bool
    started: float
    is_long: bool = False
    computed_for: Caller | None = None

    @property
    def is_long_poll(self) -> bool:
        """Tell whether the request waits, and counts as a listener."""
        waits = self.match.resource.waits
        return waits is not None and f"{waits}=".encode() in self.query


def request_name(scope: Scope) -> tuple[Name, str | None]:
    """Return what tells a GET from others, and the id that a proxy gave it.

    It does little, because every cached answer waits for it. The separator is a line break, which
    no header can hold.
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
    scope: Scope, name: Name, given: str | None, allows: Callable[[Scope, str | None], bool]
) -> PublicRequest | None:
    """Return a request for a public resource, or None if it is for anything else.

    `allows` tells whether its host is served here; `given` is the id that a proxy gave it.
    """
    match = find(scope["path"])
    if match is None or not is_plain(scope):
        return None
    headers = _by_name(scope["headers"])
    host = headers.get(b"host")
    if not allows(scope, None if host is None else host.decode("latin-1")):
        return None
    path, location = scope["path"], None
    accepted = headers.get(b"accept")
    other = None if accepted is None else negotiated_path(path, accepted.decode("latin-1"))
    if other is not None:
        path, match = other, find(other)
        assert match is not None
        location = quote(path).encode()
        if scope["query_string"]:
            location += b"?" + scope["query_string"]
    query = match.resource.parameters.canonical(scope["query_string"])
    by_language = _MARK in query and goes_by_header(query)
    if by_language:
        query = with_preferences(query, headers.get(b"accept-language"))
    return PublicRequest(
        scope=scope,
        name=name,
        id=id_for(given),
        headers=headers,
        match=match,
        path=path,
        query=query,
        location=location,
        by_language=by_language,
        # Whether a host may be left out depends on the version of HTTP.
        is_shareable=host is not None and _PERSONAL.isdisjoint(headers),
        is_conditional=not _CONDITIONAL.isdisjoint(headers),
        started=time.perf_counter(),
    )


def _by_name(headers: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Return headers by name; several of a name are one, joined by commas."""
    found = dict(headers)
    if len(found) != len(headers):
        found.clear()
        for name, value in headers:
            found[name] = found[name] + b", " + value if name in found else value
    return found


def find(path: str) -> Match | None:
    """Return the public resource at a decoded path, with the parts of the path."""
    fixed = _FIXED.get(path)
    if fixed is not None:
        return fixed
    for pattern, resource in _PATTERNS:
        found = pattern.match(path)
        if found is not None:
            return Match(resource, found.groupdict())
    return None


def goes_by_header(query: bytes) -> bool:
    """Tell whether a canonical query leaves it to `Accept-Language` what is preferred."""
    parts = query.split(b"&")
    return _MARK in parts and not any(one.startswith(_SAID) for one in parts)


def with_preferences(query: bytes, header: bytes | None) -> bytes:
    """Return a canonical query with the languages that a header prefers."""
    languages = preferred(header.decode("latin-1")) if header else []
    if not languages:
        return query
    parts = [*query.split(b"&"), f"prefer={quote(','.join(languages), safe='')}".encode()]
    return b"&".join(sorted(parts))


def preferred(header: str) -> list[str]:
    """Return the languages of a header (RFC 9110, section 12.5.4), the most wanted first."""
    weighed: dict[str, float] = {}
    for part in header.split(","):
        tag, _, more = part.strip().partition(";")
        said = _WEIGHT.fullmatch(more.strip()) if more else None
        weight = float(said.group(1)) if said else 0.0 if more else 1.0
        if weight > 0 and _TAG.fullmatch(tag.strip()):
            weighed.setdefault(tag.strip().lower(), weight)
    ordered = sorted(weighed, key=lambda tag: -weighed[tag])
    return ordered[:MOST_PREFERRED]
