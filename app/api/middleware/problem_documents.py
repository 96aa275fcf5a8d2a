"""Failures of inner middleware and routes, answered inside CORS so that scripts may read them."""

import logging

from app.api.http import problems
from app.api.http.asgi import App, Message, Receive, Scope, Send, answer
from app.kit.errors import Failure

_log = logging.getLogger("dateline")


class ProblemMiddleware:
    """Turns a failure into its problem document, or ends the answer where it has begun."""

    def __init__(self, app: App) -> None:
        """Stand in front of an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what the inside refuses."""
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Failure as failure:
            if failure.code not in problems.PROBLEMS:
                raise
            if begun:
                # An answer that is not completed is cut off by the server, so that no client takes
                # a part of it for the whole.
                known = {"request_id": scope["state"]["request_id"]}
                _log.warning("answer cut off: %s", failure.detail, extra=known)
                return
            await answer(send, *problems.problem_for(failure, scope["state"]["request_id"]))
