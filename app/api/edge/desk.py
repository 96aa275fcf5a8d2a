"""The ring that hands on to the desk what is not for readers."""

from app.api.desk.relay import Relay
from app.api.edge.asgi import App, Receive, Scope, Send

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_NEWSROOM = "/v1/manage"


class DeskRing:
    """Lets readers in, and hands everybody else on: who may change something, or edits."""

    def __init__(self, app: App, desk: Relay) -> None:
        """Stand in front of an application."""
        self._app = app
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request; other kinds of scope pass through."""
        app = self._desk if _is_for_desk(scope) else self._app
        await app(scope, receive, send)


def _is_for_desk(scope: Scope) -> bool:
    if scope["type"] != "http":
        return False
    return scope["method"] not in _READING or scope["path"].startswith(_NEWSROOM)
