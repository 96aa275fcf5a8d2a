"""HEAD is GET without the body (RFC 9110, section 9.3.2), on every path."""

from app.api.http.asgi import App, Message, Receive, Scope, Send, state


class HeadMiddleware:
    """Handles HEAD as GET, and drops the body of the answer."""

    def __init__(self, app: App) -> None:
        """Wrap an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request; other methods pass through."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        state(scope)["bare"] = True
        await self._app({**scope, "method": "GET"}, receive, send_without_body)
