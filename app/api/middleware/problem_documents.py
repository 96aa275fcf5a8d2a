"""Answer failures of inner middleware and routes with problem documents, and complete headers.

This is inside the CORS middleware, so that scripts can read them. No cache may store answers of
the management side, 404s included: an object may exist a moment later. No shared cache may store
an answer to a key, a feed token or a session, and such an answer says what is left of its limits.
"""

import logging

from app.api.http import problems
from app.api.http.access import MANAGED
from app.api.http.answer import Headers
from app.api.http.asgi import App, Message, Receive, Scope, Send, send_response
from app.api.http.private_answers import add_private_headers
from app.kit.errors import Failure

_log = logging.getLogger("dateline")
# Search engines may find preview links that were posted elsewhere.
_MANAGEMENT_HEADERS = [(b"cache-control", b"no-store"), (b"x-robots-tag", b"noindex")]


class ProblemMiddleware:
    """Answers a failure with a problem document, or aborts an answer that has begun.

    Adds headers to every answer of the management side, 404s included: no caching, no indexing.
    Adds headers to every answer to a caller that is not anonymous.
    """

    def __init__(self, app: App, own: str) -> None:
        """Wrap an application; `own` is the public URL of this API, if it is known."""
        self._app = app
        self._own = own.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer failures of the wrapped application."""
        begun = False
        managed = scope["type"] == "http" and scope["path"].startswith(MANAGED)

        async def send_marked(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers, known = message["headers"], scope["state"]
                if managed:
                    headers = _add_management_headers(headers, self._own)
                caller = known.get("caller")
                if caller is not None and not caller.is_anonymous:
                    headers = add_private_headers(headers, known.get("admission"))
                message = {**message, "headers": headers}
            await send(message)

        try:
            await self._app(scope, receive, send_marked)
        except Failure as failure:
            if failure.code not in problems.PROBLEMS:
                raise
            known = scope["state"]
            if begun:
                # The server closes the connection of an incomplete answer, so that no client
                # takes a part for the whole.
                extra = {"request_id": known["request_id"]}
                _log.warning("answer cut off: %s", failure.detail, extra=extra)
                return
            await send_response(send_marked, *problems.problem_for(failure, known["request_id"]))


def _add_management_headers(headers: Headers, own: bytes) -> Headers:
    """Add the headers against caching and indexing.

    A path in `Location` becomes an absolute URL if the public URL is known.
    """
    kept: Headers = []
    for name, value in headers:
        if name.lower() == b"location" and value.startswith(b"/"):
            kept.append((name, own + value))
        elif name.lower() != b"cache-control":
            kept.append((name, value))
    return kept + _MANAGEMENT_HEADERS
