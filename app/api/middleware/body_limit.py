"""Refuse request bodies with a content coding (such as gzip), and bodies that are too large.

The size is checked by `Content-Length` first, and again while the body is received.
"""

from collections.abc import Collection

from app.api.http.asgi import App, Message, Receive, Scope, Send, header
from app.api.http.errors import BadHeader, BodyTooLarge, UnsupportedCoding

# Request bodies of these methods are not read.
_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS"})


class BodyLimitMiddleware:
    """Limits the size of request bodies; streamed paths have their own limits."""

    def __init__(self, app: App, limit: int, streamed: Collection[str]) -> None:
        """Allow `limit` bytes, except on the paths in `streamed`."""
        self._app = app
        self._limit = limit
        self._streamed = frozenset(streamed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a body by its `Content-Length`, or at the first byte above the limit."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        coding = header(scope, b"content-encoding")
        if coding is not None and scope["method"] not in _WITHOUT_BODY:
            _refuse_codings(coding)
        if scope["path"] in self._streamed:
            await self._app(scope, receive, send)
            return
        announced, received = header(scope, b"content-length"), 0
        if announced is not None and _parse_length(announced) > self._limit:
            raise self._build_too_large()

        async def receive_limited() -> Message:
            nonlocal received
            message = await receive()
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                if received > self._limit:
                    raise self._build_too_large()
            return message

        await self._app(scope, receive_limited, send)

    def _build_too_large(self) -> BodyTooLarge:
        return BodyTooLarge(f"The body may have {self._limit} bytes at the most.")


def _refuse_codings(listed: str) -> None:
    """Refuse every content coding except `identity` (RFC 9110, section 8.4)."""
    codings = (coding.strip() for coding in listed.split(","))
    unknown = [coding for coding in codings if coding.lower() not in {"", "identity"}]
    if unknown:
        raise UnsupportedCoding(f"Send the body without the content coding {unknown[0][:50]!r}.")


def _parse_length(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise BadHeader("Content-Length is a number of bytes.")
    return int(text[:20])
