"""What the newsroom is told, no cache may keep: not even that something is not there yet."""

from app.api.http.asgi import App, Message, Receive, Scope, Send

_MANAGED = "/v1/manage/"
# A preview link may be found by whoever indexes what is posted elsewhere.
_MARKS = [(b"cache-control", b"no-store"), (b"x-robots-tag", b"noindex")]


class NoStoreMiddleware:
    """Marks every answer of the management side, 404s included: not to store, not to index."""

    def __init__(self, app: App) -> None:
        """Stand in front of an application."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Mark what comes back; delivery passes as it is."""
        if scope["type"] != "http" or not scope["path"].startswith(_MANAGED):
            await self._app(scope, receive, send)
            return

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = []
                for name, value in message["headers"]:
                    if name.lower() != b"cache-control":
                        headers.append((name, value))
                message = {**message, "headers": headers + _MARKS}
            await send(message)

        await self._app(scope, receive, marked)
