"""What the newsroom is told, no cache may keep: not even that something is not there yet."""

from app.api.edge.asgi import App, Message, Receive, Scope, Send

_MANAGED = "/v1/manage/"


class UnstoredRing:
    """Gives every answer of the management side `Cache-Control: no-store`, 404s included."""

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
                kept = [one for one in message["headers"] if one[0].lower() != b"cache-control"]
                message = {**message, "headers": [*kept, (b"cache-control", b"no-store")]}
            await send(message)

        await self._app(scope, receive, marked)
