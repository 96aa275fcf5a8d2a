"""A feed as an anonymous reader would be answered now, for those who are sent it."""

import asyncio
from typing import Any
from urllib.parse import unquote, urlsplit

from fastapi import FastAPI

from app.access.caller import ANYBODY
from app.api.edge.asgi import Message, Scope
from app.api.edge.canonical import canonical_query
from app.syndication.push.couriers import FeedContent


class FeedSource:
    """Asks the application itself, in whatever thread; nobody's key, and no cache."""

    def __init__(self, app: FastAPI) -> None:
        """Ask the framework inside the edge, which knows nothing of event loops."""
        self._app = app

    def __call__(self, topic: str) -> FeedContent:
        """Return what a feed's address is answered with."""
        return asyncio.run(self._read(topic))

    async def _read(self, topic: str) -> FeedContent:
        told: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            told.append(message)

        await self._app(_scope(topic), receive, send)
        headers = dict(told[0]["headers"])
        body = b"".join(one.get("body", b"") for one in told[1:])
        media_type = headers.get(b"content-type", b"").decode("latin-1")
        return FeedContent(told[0]["status"], media_type, body)


def _scope(topic: str) -> Scope:
    parts = urlsplit(topic)
    path = unquote(parts.path)
    known: dict[str, Any] = {"caller": ANYBODY, "request_id": None}
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": parts.scheme,
        "path": path,
        "raw_path": parts.path.encode(),
        "query_string": canonical_query(path, parts.query.encode()),
        "root_path": "",
        "headers": [],
        "server": None,
        "client": None,
        "state": known,
    }
