"""Refuse requests before they reach the CORS middleware, which completes other answers."""

from app.api.http.asgi import Scope, Send, request_id, send_response
from app.api.http.problems import problem_for
from app.kit.errors import Failure


async def refuse(scope: Scope, send: Send, failure: Failure) -> None:
    """Answer a request with a problem document."""
    status, headers, body = problem_for(failure, request_id(scope))
    await send_response(send, status, {"vary": "Origin", **headers}, body)
