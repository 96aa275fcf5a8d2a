"""Handing on to the desk what is not for readers.

Python runs one thread of a process at a time, and a writer gives its turn away with each step of
a statement. In a process of its own it waits for nobody, and takes nothing from readers.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from app.api.desk.line import Kind, Line
from app.api.edge.asgi import Message, Receive, Scope, Send, answer, header
from app.api.edge.cycle import joined
from app.api.edge.request import NOTED, id_for, note
from app.api.metrics import Metrics
from app.api.problems import problem

_HANDED_ON = (
    "type",
    "asgi",
    "http_version",
    "method",
    "scheme",
    "path",
    "raw_path",
    "query_string",
    "root_path",
    "headers",
    "client",
    "server",
)
# A desk that starts anew takes what waits for it within seconds.
_PATIENCE_SECONDS = 15.0
_GLANCE_SECONDS = 3.0
# So many lines are kept. More at once are opened and closed: each is an open file here and there.
_MOST_FREE = 32
_NOT_TAKEN = "The process that takes changes does not answer. Nothing was done."
_CUT_OFF = (
    "The process that takes changes ended meanwhile. Look whether it was done, or send it again "
    "with the same Idempotency-Key."
)


# Takes parts of an answer as they come.
_Gives = Callable[[Sequence[Message]], Awaitable[None]]


class DeskLost(Exception):
    """The desk ended before its answer was complete."""


class Relay:
    """Asks the desk for what editors want, on lines that are kept for the next request."""

    def __init__(self, path: str) -> None:
        """Know the socket of the desk; a line is opened when it is needed."""
        # What the desk answers it counts and logs itself.
        self.metrics = Metrics()
        self._path = path
        self._free: list[Line] = []

    def close(self) -> None:
        """Hang up, as the server stops."""
        while self._free:
            self._free.pop().close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with what the desk answers, or say as a problem that it does not."""
        begun = False

        async def pass_on(messages: Sequence[Message]) -> None:
            nonlocal begun
            for message in joined(scope, messages):
                begun = True
                await send(message)

        try:
            line = await self._line()
        except DeskLost:
            await self._tell(scope, send, _NOT_TAKEN)
            return
        try:
            await self._answered(line, _known(scope), receive, pass_on)
        except DeskLost:
            # An answer that had begun is not completed, so the server cuts it off.
            if not begun:
                await self._tell(scope, send, _CUT_OFF)

    async def ask(self, scope: Scope) -> bytes | None:
        """Return the body if the desk soon answers with one a request without one, or none.

        Who asked us is answered, counted and logged here, so the desk does not do so again.
        """
        status, parts = 0, [b""]

        async def collect(messages: Sequence[Message]) -> None:
            nonlocal status
            for message in messages:
                status = message.get("status", status)
                parts.append(message.get("body", b""))

        with suppress(DeskLost, TimeoutError):
            async with asyncio.timeout(_GLANCE_SECONDS):
                known = {**_known(scope), "state": {NOTED: True}}
                await self._answered(await self._line(), known, _nothing_more, collect)
        return b"".join(parts) if status == 200 else None

    async def _line(self) -> Line:
        """Return a line to a desk that is there, one that was kept or a new one."""
        while self._free:
            line = self._free.pop()
            if line.is_open:
                return line
            line.close()
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                line = Line(*await asyncio.open_unix_connection(self._path))
                await _greeted(line)
        except (OSError, EOFError, TimeoutError) as wrong:
            raise DeskLost from wrong
        return line

    async def _answered(
        self, line: Line, known: dict[str, Any], receive: Receive, give: _Gives
    ) -> None:
        body, reusable = _Body(receive), False
        try:
            await _hand(line, (known, await body.at_hand(known)))
            while True:
                kind, what = await line.read()
                if kind is Kind.WANTED:
                    body.give(line)
                    continue
                messages, reusable = what if kind is Kind.DONE else (what, False)
                await give(messages)
                if kind is Kind.DONE:
                    return
        except EOFError as wrong:
            raise DeskLost from wrong
        finally:
            body.leave()
            self._leave(line, reusable)

    async def _tell(self, scope: Scope, send: Send, detail: str) -> None:
        id_ = id_for(header(scope, b"x-request-id"))
        status, headers, body = problem("desk_unavailable", detail, id_)
        await answer(send, status, {**headers, "x-request-id": id_}, body)
        known = {"request_id": id_, "method": scope["method"]}
        note(self.metrics, known, scope["path"], status, 0.0)

    def _leave(self, line: Line, reusable: bool) -> None:
        if reusable and len(self._free) < _MOST_FREE:
            self._free.append(line)
        else:
            line.close()


def _known(scope: Scope) -> dict[str, Any]:
    return {name: scope[name] for name in _HANDED_ON if name in scope}


async def _greeted(line: Line) -> None:
    """Wait until somebody says to be at the desk: what was not sent yet is surely not done."""
    greeted = False
    try:
        await line.read()
        greeted = True
    finally:
        if not greeted:
            line.close()


async def _hand(line: Line, message: object) -> None:
    """Hand something on; where nobody takes it, the answer says so."""
    with suppress(OSError):
        await line.write(message)


class _Body:
    """The body of a request, of which the next part is asked for when the desk wants it."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._coming: asyncio.Task[Message] | None = None
        self._giving: asyncio.Task[None] | None = None

    async def at_hand(self, scope: dict[str, Any]) -> Message | None:
        """Return the first part if it is here, so that the desk need not ask for it.

        Who waits for a word before sending a body is not given it by us.
        """
        if any(name == b"expect" for name, _ in scope["headers"]):
            return None
        self._coming = asyncio.ensure_future(self._receive())
        await asyncio.sleep(0)
        return await self._next() if self._coming.done() else None

    def give(self, line: Line) -> None:
        """Hand on the next part, once it comes."""
        self._giving = asyncio.ensure_future(self._give(line))

    def leave(self) -> None:
        """Wait for no more of it."""
        for task in (self._coming, self._giving):
            if task is not None:
                task.cancel()

    async def _give(self, line: Line) -> None:
        await _hand(line, await self._next())

    async def _next(self) -> Message:
        coming, self._coming = self._coming or asyncio.ensure_future(self._receive()), None
        return await coming


async def _nothing_more() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}
