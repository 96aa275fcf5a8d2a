"""Calls the whole application like a server, without a network: requests in, messages out."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from app.api.http.asgi import App, Message

Fields = Iterable[tuple[bytes, bytes]]
HOST = (b"host", b"testserver")


def request(path: str, headers: Fields = (HOST,)) -> dict[str, Any]:
    """Return the scope of a GET; the query follows a question mark in the path."""
    path, _, query = path.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "root_path": "",
        "server": ("testserver", 80),
        "client": None,
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": list(headers),
    }


@dataclass(slots=True)
class Sent:
    """The last message of the application; earlier messages are not stored."""

    status: int = 0

    async def __call__(self, message: Message) -> None:
        """Record a message."""
        if message["type"] == "http.response.start":
            self.status = message["status"]


async def nothing() -> Message:
    """Return the end of a request without a body."""
    return {"type": "http.request", "body": b"", "more_body": False}


class Driver:
    """Sends requests to an application on its own event loop."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._runner = asyncio.Runner()

    def ask(self, scope: dict[str, Any], times: int = 1) -> int:
        """Send a request a number of times, each with a new scope; return the status."""
        sent = Sent()

        async def run() -> None:
            for _ in range(times):
                await self._app(scope.copy(), nothing, sent)

        self._runner.run(run())
        return sent.status

    def close(self) -> None:
        """Close the loop."""
        self._runner.close()
