"""Tokens in the addresses of feeds and of the stream.

A token gives access to anyone who has it. So it is removed from the query of a request before
anything else reads it, and answers are not stored by any cache and not sent on as a referrer.
"""

from urllib.parse import quote, unquote_to_bytes

from app.api.http.asgi import Message, Scope, Send
from app.api.http.parameters import declare_text
from app.server.interface import WHOLE

PARAMETER = declare_text(
    "token",
    "A token of a partner for feeds and the stream, for clients that cannot send headers. It "
    "selects what one product of the partner grants. Do not send it together with a key.",
)
# The key of a scope for the token of its request.
FEED_TOKEN = "dateline.feed_token"  # noqa: S105 - the name of a key, not a token
_FEEDS, _STREAM = "/feeds/", "/v1/stream"
# What the paths begin with that accept a token.
PREFIXES = (_FEEDS, _STREAM)
_NAME = PARAMETER.name.encode()
_CACHE_CONTROL = b"cache-control"
_REFERRER_POLICY = b"referrer-policy"
_HEADERS = [(_CACHE_CONTROL, b"private, no-store"), (_REFERRER_POLICY, b"no-referrer")]
_REPLACED = frozenset(name for name, _ in _HEADERS)


def accepts_token(path: str) -> bool:
    """Tell whether a path accepts a token."""
    return path.startswith(_FEEDS) or path == _STREAM


def remove_token(scope: Scope) -> None:
    """Move the token of a request from its query to its scope, if its path accepts one.

    A repeated token is not valid, as any other text that is none.
    """
    if not accepts_token(scope["path"]):
        return
    kept: list[bytes] = []
    tokens: list[bytes] = []
    for part in scope["query_string"].split(b"&"):
        if _is_token(part):
            tokens.append(unquote_to_bytes(part.partition(b"=")[2]))
        else:
            kept.append(part)
    if tokens:
        scope["query_string"] = b"&".join(kept)
        scope[FEED_TOKEN] = b"&".join(tokens).decode("latin-1")


def with_token(scope: Scope) -> str:
    """Return the query of a request with its token, for a redirect to the same feed."""
    query: str = scope["query_string"].decode("latin-1")
    if FEED_TOKEN not in scope:
        return query
    token = f"{PARAMETER.name}={quote(scope[FEED_TOKEN], safe='', encoding='latin-1')}"
    return f"{query}&{token}" if query else token


def protect(scope: Scope, send: Send) -> Send:
    """Return a `send` that adds the headers of answers to requests with a token."""
    # A complete response has encoded headers, to which nothing can be added. The server sets its
    # extensions after `lookup`.
    extensions = scope.get("extensions") or {}
    scope["extensions"] = {name: extensions[name] for name in extensions if name != WHOLE}

    async def send_protected(message: Message) -> None:
        if message["type"] == "http.response.start":
            others = [field for field in message["headers"] if field[0].lower() not in _REPLACED]
            message = {**message, "headers": [*others, *_HEADERS]}
        await send(message)

    return send_protected


def _is_token(part: bytes) -> bool:
    """Tell whether a part of a query is a token."""
    return unquote_to_bytes(part.partition(b"=")[0]) == _NAME
