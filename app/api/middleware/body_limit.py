"""No request body that is coded, nor larger than allowed, whether it announces that or not."""

from collections.abc import Collection

from app.api.http.asgi import App, Message, Receive, Scope, Send, header
from app.api.http.errors import BadHeader, BodyTooLarge, UnsupportedCoding

# Methods whose bodies, if there are any, are not read.
_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS"})


class BodyLimitMiddleware:
    """Counts what comes in; streamed paths count for themselves."""

    def __init__(self, app: App, limit: int, streamed: Collection[str]) -> None:
        """Allow `limit` bytes but on the paths in `streamed`."""
        self._app = app
        self._limit = limit
        self._streamed = frozenset(streamed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a body at its announcement, or at the first byte too many."""
        if scope["type"] == "http" and scope["method"] not in _WITHOUT_BODY:
            _refuse_codings(header(scope, b"content-encoding"))
        if scope["type"] != "http" or scope["path"] in self._streamed:
            await self._app(scope, receive, send)
            return
        announced = header(scope, b"content-length")
        if announced is not None:
            self._check(_length(announced))
        received = 0

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                self._check(received)
            return message

        await self._app(scope, counted, send)

    def _check(self, length: int) -> None:
        if length > self._limit:
            raise BodyTooLarge(f"The body may have {self._limit} bytes at the most.")


def _refuse_codings(listed: str | None) -> None:
    """Refuse every content coding but `identity`, which is none (RFC 9110, section 8.4)."""
    named = (listed or "").split(",")
    unknown = [one.strip() for one in named if one.strip().lower() not in {"", "identity"}]
    if unknown:
        raise UnsupportedCoding(f"Send the body without the content coding {unknown[0][:50]!r}.")


def _length(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise BadHeader("Content-Length is a number of bytes.")
    return int(text[:20])
