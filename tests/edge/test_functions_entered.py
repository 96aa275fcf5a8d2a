"""How many functions of the project a request enters: what a newcomer would have to read."""

import asyncio
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import app
from app.api.app import create_app
from app.api.http.asgi import App, Message
from app.bootstrap import Services
from app.kit import json
from tests.clock import HandClock
from tests.conftest import key_for
from tests.edge.driver import HOST, request
from tests.newsroom import Newsroom

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])
OURS = str(Path(app.__file__).parent)
# Different functions, and the files that they are in.
_MOST = {
    "a list from the cache": (7, 5),
    "a list": (108, 26),
    "a list with a key": (135, 37),
    "a story": (77, 21),
    "a refusal": (59, 23),
    "publishing a story": (206, 75),
}


@dataclass(frozen=True, slots=True)
class Asking:
    """An application as its server asks it: for what is cached first, then in a task."""

    app: App

    def ask(self, scope: dict[str, Any], body: bytes = b"") -> int:
        """Send a request; return the status of its answer."""
        cached = self.app.lookup(scope)  # type: ignore[attr-defined]
        return cached["status"] if cached is not None else asyncio.run(self._ask(scope, body))

    async def _ask(self, scope: dict[str, Any], body: bytes) -> int:
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        return int(sent[0]["status"])


def _entered(act: Callable[[], int], status: int) -> tuple[int, int]:
    """Return how many functions and files of the project were entered, in every thread."""
    entered: set[tuple[str, str]] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(OURS):
            entered.add((code.co_filename, code.co_qualname))

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        assert act() == status
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return len(entered), len({file for file, _ in entered})


@pytest.fixture
def asking(services: Services, newsroom: Newsroom, clock: HandClock) -> Asking:
    """An application that has answered each kind of request before."""
    newsroom.source("The Post")
    newsroom.category("World")
    for number in range(12):
        newsroom.story(
            f"Story {number}", source="the-post", categories=["world"], tags=["t"], body="<p>B.</p>"
        )
    clock.advance(minutes=1)
    return Asking(create_app(services))


def test_a_request_enters_few_functions(asking: Asking, services: Services) -> None:
    key = (b"x-api-key", key_for(services, "read").encode())
    writer = (b"x-api-key", key_for(services, "publish").encode())
    body = json.dumps(
        {"title": "New", "language": "en", "status": "published", "body": "<p>Hello.</p>"}
        | {"source": "the-post", "categories": ["world"], "tags": ["a", "b"]}
    )
    fields = [HOST, writer, (b"content-type", b"application/json")]

    def read(path: str, *more: tuple[bytes, bytes]) -> int:
        return asking.ask(request(path, [HOST, *more]))

    def publish() -> int:
        return asking.ask({**request("/v1/manage/articles", fields), "method": "POST"}, body)

    # Statements are compiled, keys recognised, and connections opened by now.
    for _ in range(3):
        read("/v1/headlines")
        read("/v1/headlines?category=world&limit=3", key)
        read("/v1/articles/story-1")
        publish()
    read("/v1/headlines")
    found = {
        "a list from the cache": _entered(lambda: read("/v1/headlines"), 200),
        "a list": _entered(lambda: read("/v1/headlines?category=world&limit=4"), 200),
        "a list with a key": _entered(
            lambda: read("/v1/headlines?category=world&limit=5", key), 200
        ),
        "a story": _entered(lambda: read("/v1/articles/story-2"), 200),
        "a refusal": _entered(lambda: read("/v1/headlines?limit=0"), 400),
        "publishing a story": _entered(publish, 201),
    }
    more = {
        name: found[name]
        for name, most in _MOST.items()
        if any(now > bound for now, bound in zip(found[name], most, strict=True))
    }
    assert not more, found
