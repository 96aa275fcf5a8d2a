"""Response headers: their descriptions, and which answers have them."""

from collections.abc import Iterable
from typing import Any

_STRING = {"type": "string"}
_INTEGER = {"type": "integer"}
# By name: description, schema and example.
_HEADERS: dict[str, tuple[str, dict[str, str], Any]] = {
    "Accept-Encoding": (
        "The codings that a request body may have.",
        _STRING,
        "identity",
    ),
    "Accept-Ranges": ("Ranges are not served.", _STRING, "none"),
    "Access-Control-Allow-Origin": (
        "The origin whose scripts may read the answer. Present where `Origin` was sent and is "
        "allowed.",
        _STRING,
        "*",
    ),
    "Access-Control-Expose-Headers": (
        "The headers that scripts may read. Present where `Origin` was sent.",
        _STRING,
        "ETag, Link, Retry-After",
    ),
    "Age": (
        "How many seconds ago the answer was known to be current. Present while the database is "
        "away.",
        _INTEGER,
        12,
    ),
    "Cache-Control": (
        "How long the answer may be kept, and by whom.",
        _STRING,
        "public, max-age=0, s-maxage=15, stale-while-revalidate=15, stale-if-error=15",
    ),
    "Cache-Status": (
        "Why the answer may be stale (RFC 9211). Present while the database is away.",
        _STRING,
        'Dateline; hit; ttl=-12; detail="database away"',
    ),
    "Cache-Tag": (
        "The same as `Surrogate-Key`, separated by commas, for caches that use this header.",
        _STRING,
        "stories,all",
    ),
    "Content-Encoding": (
        "The coding of the body, chosen by `Accept-Encoding`: `zstd`, `br` or `gzip`. Absent "
        "where there is none.",
        _STRING,
        "br",
    ),
    "Content-Location": (
        "The address of exactly this answer. If `Accept` selected another format, the operation at "
        "this address describes the answer.",
        _STRING,
        "/v1/manage/articles/01a2027b-d71f-7000-bfcb-32dae908f4d5",
    ),
    "Content-Security-Policy": (
        "What the page may load and do.",
        _STRING,
        "default-src 'none'",
    ),
    "Dateline-Serial": (
        "The position in the change log that the answer is at least as new as.",
        _INTEGER,
        81,
    ),
    "ETag": (
        "The version of the answer. Of a public answer: a hash of its bytes, for `If-None-Match`. "
        'In the newsroom: the version, such as `"v3"`, for `If-Match`.',
        _STRING,
        '"3cdca728067f72db7a444def"',
    ),
    "Idempotency-Replayed": (
        "Present and `true` where the first answer to this `Idempotency-Key` is repeated.",
        _STRING,
        "true",
    ),
    "Last-Modified": (
        "When the answer last could have changed. Absent while that is less than two seconds ago.",
        _STRING,
        "Sun, 22 Nov 2026 09:20:00 GMT",
    ),
    "Link": (
        "Related addresses (RFC 8288): `self`, `next` and `prev` of a list, the same in other "
        "formats as `alternate`, the `hub` of a feed. Links are left out where the head would be "
        "too large.",
        _STRING,
        '</v1/headlines?cursor=qItu5IoHyXE>; rel="next"',
    ),
    "Location": (
        "The address of what was created, or of where it is now.",
        _STRING,
        "/v1/manage/articles/01a2027b-d71f-7000-bfcb-32dae908f4d5",
    ),
    "RateLimit": (
        "What is left of each limit of `RateLimit-Policy`: `r` is the number of requests, or their "
        "cost, and `t` the seconds until the whole limit is available again. Present where a valid "
        "key, feed token or session was sent, and with `429`.",
        _STRING,
        '"requests";r=599;t=1, "cost";r=1199;t=1',
    ),
    "RateLimit-Policy": (
        "The limits of the key and its partner, or of the person: up to `q` requests, or requests "
        "of this cost, in `w` seconds (draft-ietf-httpapi-ratelimit-headers).",
        _STRING,
        '"requests";q=600;w=60, "cost";q=1200;w=60',
    ),
    "Referrer-Policy": (
        "What links on the page disclose. Present in pages, and where the address has a `token`.",
        _STRING,
        "no-referrer",
    ),
    "Retry-After": (
        "After how many seconds to try again. Present with `429` and most `503`.",
        _INTEGER,
        5,
    ),
    "Set-Cookie": (
        "The cookie of a sign-in or a session; or its removal.",
        _STRING,
        "__Host-dateline-session=dls_…; Max-Age=43200; Path=/; Secure; HttpOnly; SameSite=Lax",
    ),
    "Surrogate-Key": (
        "What the answer shows, for purging caches: the stories, sources and lists.",
        _STRING,
        "stories all",
    ),
    "Vary": (
        "The request headers that the answer depends on.",
        _STRING,
        "Accept-Encoding, Authorization, X-Api-Key, Origin, Accept",
    ),
    "WWW-Authenticate": ("How to send a key.", _STRING, 'Bearer realm="dateline"'),
    "X-Content-Type-Options": (
        "Tells browsers to believe `Content-Type`.",
        _STRING,
        "nosniff",
    ),
    "X-Request-Id": (
        "The id of the request, as in logs, problems and the audit.",
        _STRING,
        "01a2027b-d72a-7000-9cd3-41d6736d3834",
    ),
    "X-Robots-Tag": (
        "Tells search engines not to list the answer. Absent where the host is refused.",
        _STRING,
        "noindex",
    ),
}
_ALWAYS = ("Cache-Control", "Vary", "X-Content-Type-Options", "X-Request-Id")
_FOR_SCRIPTS = ("Access-Control-Allow-Origin", "Access-Control-Expose-Headers")
_OF_LIMITS = ("RateLimit", "RateLimit-Policy")
_OF_CACHES = ("Surrogate-Key", "Cache-Tag", "Dateline-Serial")
_CACHED = (*_OF_CACHES, "ETag", "Last-Modified", "Accept-Ranges", "Age", "Cache-Status")
# Present in every answer in which they are described.
_REQUIRED = {*_ALWAYS, "Location", "WWW-Authenticate"}
_REFERRER_POLICY = "Referrer-Policy"
_PAGE = ("Content-Security-Policy", _REFERRER_POLICY)
_CREATED, _UNAUTHENTICATED, _NOT_MODIFIED, _NO_TYPE = 201, 401, 304, 415
_REDIRECTS, _NOT_FOUND_OR_GONE, _RETRYABLE = {301, 303, 308}, {404, 410}, {429, 503}
_SET_COOKIE = "Set-Cookie"


def header_components() -> dict[str, dict[str, Any]]:
    """Return the components of all headers."""
    return {
        name: {
            "description": text,
            "required": name in _REQUIRED,
            "schema": schema,
            "example": example,
        }
        for name, (text, schema, example) in _HEADERS.items()
    }


def response_headers(
    status: int,
    sends: Iterable[str],
    *,
    is_managed: bool,
    is_cached: bool,
    is_page: bool,
    accepts_token: bool,
) -> dict[str, Any]:
    """Return references to the headers of an answer.

    `sends` are those that the operation sends with success. `is_cached` says that the response
    cache sends the answer, `accepts_token` that its address may have a token.
    """
    names = {*_ALWAYS, *_FOR_SCRIPTS, *_OF_LIMITS, *_list_headers_of_status(status, sends)}
    if _SET_COOKIE in sends:
        names.add(_SET_COOKIE)
    if is_managed:
        names.add("X-Robots-Tag")
    if is_cached:
        names |= _list_cache_headers(status)
    if is_page:
        names |= {*_PAGE}
    if accepts_token:
        names.add(_REFERRER_POLICY)
    return {name: {"$ref": f"#/components/headers/{name}"} for name in sorted(names)}


def _list_headers_of_status(status: int, sends: Iterable[str]) -> set[str]:
    if status < 300:
        return {*sends, "Location"} if status == _CREATED else {*sends}
    if status in _REDIRECTS:
        return {"Location"}
    if status == _NOT_MODIFIED:
        return {*sends}
    if status == _UNAUTHENTICATED:
        return {"WWW-Authenticate"}
    if status == _NO_TYPE:
        return {"Accept-Encoding"}
    return {"Retry-After"} if status in _RETRYABLE else set()


def _list_cache_headers(status: int) -> set[str]:
    if status == 200:
        return {*_CACHED, "Content-Encoding"}
    if status in {_NOT_MODIFIED, *_REDIRECTS}:
        return {*_CACHED}
    return {*_OF_CACHES} if status in _NOT_FOUND_OR_GONE else set()
