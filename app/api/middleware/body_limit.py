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
        if announced is not None and _length(announced) > self._limit:
            raise self._too_large()

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            if message["type"] == "http.request":
                received += len(message.get("body", b""))
                if received > self._limit:
                    raise self._too_large()
            return message

        await self._app(scope, counted, send)

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(f"The body may have {self._limit} bytes at the most.")


def _refuse_codings(listed: str) -> None:
    """Refuse every content coding but `identity`, which is none (RFC 9110, section 8.4)."""
    unknown = [
        one.strip() for one in listed.split(",") if one.strip().lower() not in {"", "identity"}
    ]
    if unknown:
        raise UnsupportedCoding(f"Send the body without the content coding {unknown[0][:50]!r}.")


def _length(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise BadHeader("Content-Length is a number of bytes.")
    return int(text[:20])
