"""HEAD is GET without the body (RFC 9110, section 9.3.2), for every path at once."""

from app.api.http.asgi import App, Message, Receive, Scope, Send, state


class HeadMiddleware:
    """Lets the inside answer GET and drops the body."""

    def __init__(self, app: App) -> None:
        """Stand in front of an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Turn HEAD into GET; everything else passes."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def bare(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        state(scope)["bare"] = True
        await self._app({**scope, "method": "GET"}, receive, bare)
