"""Failures of inner middleware and routes, answered inside CORS so that scripts may read them.

What the newsroom is told, no cache may keep: not even that something is not there yet.
"""

import logging

from app.api.http import problems
from app.api.http.answer import Headers
from app.api.http.asgi import App, Message, Receive, Scope, Send, answer
from app.kit.errors import Failure

_log = logging.getLogger("dateline")
_MANAGED = "/v1/manage/"
# A preview link may be found by whoever indexes what is posted elsewhere.
_MARKS = [(b"cache-control", b"no-store"), (b"x-robots-tag", b"noindex")]


class ProblemMiddleware:
    """Turns a failure into its problem document, or ends the answer where it has begun.

    Marks every answer of the management side, 404s included: not to store, not to index.
    """

    def __init__(self, app: App, own: str) -> None:
        """Stand in front of an application; `own` is this API's own address, if it is known."""
        self._app = app
        self._own = own.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what the inside refuses."""
        begun = False
        managed = scope["type"] == "http" and scope["path"].startswith(_MANAGED)

        async def marked(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                if managed:
                    message = {**message, "headers": _marked(message["headers"], self._own)}
            await send(message)

        try:
            await self._app(scope, receive, marked)
        except Failure as failure:
            if failure.code not in problems.PROBLEMS:
                raise
            known = scope["state"]
            if begun:
                # An answer that is not completed is cut off by the server, so that no client takes
                # a part of it for the whole.
                extra = {"request_id": known["request_id"]}
                _log.warning("answer cut off: %s", failure.detail, extra=extra)
                return
            await answer(marked, *problems.problem_for(failure, known["request_id"]))


def _marked(headers: Headers, own: bytes) -> Headers:
    """Return the headers of an answer that is neither to be stored nor to be indexed.

    Its `Location` is a whole address where this API knows its own.
    """
    kept: Headers = []
    for name, value in headers:
        if name.lower() == b"location":
            kept.append((name, own + value))
        elif name.lower() != b"cache-control":
            kept.append((name, value))
    return kept + _MARKS
