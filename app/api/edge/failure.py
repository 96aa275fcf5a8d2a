"""Failures of the inner rings, answered inside CORS so that scripts may read them."""

from app.api import problems
from app.api.edge.asgi import App, Message, Receive, Scope, Send, answer, request_id
from app.kit.errors import Failure


class FailureRing:
    """Turns a failure into its problem document, unless the answer has begun."""

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
            if begun or failure.code not in problems.PROBLEMS:
                raise
            told = problems.problem_of(failure, request_id(scope))
            await answer(send, *told)
