"""A desk and who asks it, in one loop, over a real socket."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from app.api.desk.answering import Answering
from app.api.desk.relay import Relay
from app.api.edge.asgi import App, Message, Receive, Scope, Send

Answer = list[dict[str, Any]]


def scope(**more: Any) -> Scope:
    """Return a request as the server hands it over, with what only the server understands."""
    plain = {"type": "http", "method": "POST", "path": "/v1/manage/articles", "headers": []}
    return {**plain, "query_string": b"", "state": {"only": object()}, **more}


def parts(*bodies: bytes) -> Receive:
    """Return what gives a request's body in parts, and then that nobody waits any longer."""
    last = len(bodies) - 1
    messages = [
        {"type": "http.request", "body": body, "more_body": number < last}
        for number, body in enumerate(bodies)
    ]

    async def receive() -> Message:
        return messages.pop(0) if messages else {"type": "http.disconnect"}

    return receive


def never() -> tuple[Receive, Callable[[], int]]:
    """Return what never gives anything, and what tells how often it was asked."""
    asked = 0

    async def receive() -> Message:
        nonlocal asked
        asked += 1
        await asyncio.Event().wait()
        raise AssertionError

    return receive, lambda: asked


async def body_of(receive: Receive) -> bytes:
    """Read a whole body."""
    read, more = b"", True
    while more:
        message = await receive()
        assert message["type"] == "http.request"
        read += message["body"]
        more = message["more_body"]
    return read


async def respond(send: Send, *bodies: bytes, status: int = 200) -> None:
    """Answer in parts."""
    await send({"type": "http.response.start", "status": status, "headers": [(b"a", b"b")]})
    for body in bodies:
        await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def asked(relay: App, receive: Receive, of: Scope | None = None) -> Answer:
    """Ask, and return the messages of the answer."""
    answer: Answer = []

    async def send(message: Message) -> None:
        answer.append(dict(message))

    await relay(of or scope(), receive, send)
    return answer


def body(answer: Answer) -> bytes:
    """Return the body of an answer."""
    return b"".join(part.get("body", b"") for part in answer)


@asynccontextmanager
async def desk(app: App, path: Path) -> AsyncIterator[Relay]:
    """Answer with an application at a path, and give who asks it."""
    stopped = asyncio.Event()
    with listening(path) as socket_, closing(Relay(str(path))) as relay:
        serving = asyncio.ensure_future(Answering(app).serve(socket_, stopped))
        yield relay
        stopped.set()
        await serving


def listening(path: Path) -> socket.socket:
    """Return a socket on which a desk can answer."""
    made = socket.socket(socket.AF_UNIX)
    made.bind(str(path))
    made.listen()
    return made


def run(test: Awaitable[None]) -> None:
    """Run a test in a loop, and not for ever."""

    async def bounded() -> None:
        async with asyncio.timeout(30):
            await test
            # What was hung up is closed in the next turn of the loop.
            await asyncio.sleep(0)

    asyncio.run(bounded())


def counted(app: App) -> tuple[App, Callable[[], Iterable[Scope]]]:
    """Return an application, and what tells which requests it had."""
    had: list[Scope] = []

    async def counting(scope: Scope, receive: Receive, send: Send) -> None:
        had.append(scope)
        await app(scope, receive, send)

    return counting, lambda: had
