"""The number of functions of the project that a request enters, and that a reader has to know."""

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
# The number of different functions, and of their files.
_MOST = {
    "a list from the cache": (7, 5),
    "a list": (106, 26),
    "a list with a key": (125, 37),
    "a story": (75, 21),
    "a refusal": (57, 23),
    "publishing a story": (200, 77),
}


@dataclass(frozen=True, slots=True)
class ServerLikeClient:
    """Calls an application like its server: the cache first, then a task."""

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


def _count_entered(act: Callable[[], int], status: int) -> tuple[int, int]:
    """Return how many functions and files of the project were entered, in every thread."""
    entered: set[tuple[str, str]] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        # Up to Python 3.11, a comprehension is a function, too (PEP 709).
        is_comprehension = code.co_name in {"<listcomp>", "<setcomp>", "<dictcomp>"}
        if event == "call" and code.co_filename.startswith(OURS) and not is_comprehension:
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
def asking(services: Services, newsroom: Newsroom, clock: HandClock) -> ServerLikeClient:
    """An application that has answered each kind of request before."""
    newsroom.source("The Post")
    newsroom.category("World")
    for number in range(12):
        newsroom.story(
            f"Story {number}", source="the-post", categories=["world"], tags=["t"], body="<p>B.</p>"
        )
    clock.advance(minutes=1)
    return ServerLikeClient(create_app(services))


def test_a_request_enters_few_functions(asking: ServerLikeClient, services: Services) -> None:
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

    # Statements are compiled, keys cached and connections open by now.
    for _ in range(3):
        read("/v1/headlines")
        read("/v1/headlines?category=world&limit=3", key)
        read("/v1/articles/story-1")
        publish()
    # The worker writes the uses of keys.
    services.key_uses.write()
    read("/v1/headlines")
    entered = {
        "a list from the cache": _count_entered(lambda: read("/v1/headlines"), 200),
        "a list": _count_entered(lambda: read("/v1/headlines?category=world&limit=4"), 200),
        "a list with a key": _count_entered(
            lambda: read("/v1/headlines?category=world&limit=5", key), 200
        ),
        "a story": _count_entered(lambda: read("/v1/articles/story-2"), 200),
        "a refusal": _count_entered(lambda: read("/v1/headlines?limit=0"), 400),
        "publishing a story": _count_entered(publish, 201),
    }
    more = {
        name: entered[name]
        for name, most in _MOST.items()
        if any(now > bound for now, bound in zip(entered[name], most, strict=True))
    }
    assert not more, entered
