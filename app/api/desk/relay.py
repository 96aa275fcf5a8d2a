"""Handing on to the desk what is not for readers.

Python runs one thread of a process at a time, and a writer gives its turn away with each step of
a statement. In a process of its own it waits for nobody, and takes nothing from readers.
"""

import asyncio
from contextlib import suppress
from typing import Any

from app.api.desk.line import Kind, Line
from app.api.edge.asgi import Message, Receive, Scope, Send, answer, header
from app.api.edge.request import NOTED, id_for
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


class DeskLost(Exception):
    """The desk ended before its answer was complete."""


class Relay:
    """Asks the desk for what editors want, on lines that are kept for the next request."""

    def __init__(self, path: str) -> None:
        """Know the socket of the desk; a line is opened when it is needed."""
        self._path = path
        self._free: list[Line] = []

    def close(self) -> None:
        """Hang up, as the server stops."""
        while self._free:
            self._free.pop().close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with what the desk answers, or say as a problem that it does not."""
        begun = False

        async def pass_on(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            line = await self._taken(_known(scope))
        except DeskLost:
            await _tell(scope, send, _NOT_TAKEN)
            return
        try:
            await self._answered(line, receive, pass_on)
        except DeskLost:
            # An answer that had begun is not completed, so the server cuts it off.
            if not begun:
                await _tell(scope, send, _CUT_OFF)

    async def ask(self, scope: Scope) -> bytes | None:
        """Return the body if the desk soon answers with one a request without one, or none.

        Who asked us is answered, counted and logged here, so the desk does not do so again.
        """
        status, parts = 0, [b""]

        async def collect(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            parts.append(message.get("body", b""))

        with suppress(DeskLost, TimeoutError):
            async with asyncio.timeout(_GLANCE_SECONDS):
                line = await self._taken({**_known(scope), "state": {NOTED: True}})
                await self._answered(line, _nothing_more, collect)
        return b"".join(parts) if status == 200 else None

    async def _taken(self, known: dict[str, Any]) -> Line:
        """Return a line on which the desk has a request, and waits for a word to begin.

        A line that was kept may have been lost with an earlier desk. What that one did not take
        is asked for anew. What no desk took in time none will begin.
        """
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                while self._free:
                    line = self._free.pop()
                    if await _takes(line, known):
                        return line
                line = Line(*await asyncio.open_unix_connection(self._path))
                if await _takes(line, known):
                    return line
        except (OSError, TimeoutError) as wrong:
            raise DeskLost from wrong
        raise DeskLost

    async def _answered(self, line: Line, receive: Receive, send: Send) -> None:
        giving: asyncio.Task[None] | None = None
        reusable = False
        try:
            await _tell_to_begin(line)
            while True:
                kind, what = await line.read()
                if kind is Kind.WANTED:
                    giving = asyncio.ensure_future(_give(line, receive))
                elif kind is Kind.SENT:
                    await send(what)
                else:
                    reusable = what and (giving is None or giving.done())
                    return
        except EOFError as wrong:
            raise DeskLost from wrong
        finally:
            if giving is not None:
                giving.cancel()
            self._leave(line, reusable)

    def _leave(self, line: Line, reusable: bool) -> None:
        if reusable and len(self._free) < _MOST_FREE:
            self._free.append(line)
        else:
            line.close()


def _known(scope: Scope) -> dict[str, Any]:
    return {name: scope[name] for name in _HANDED_ON if name in scope}


async def _takes(line: Line, scope: dict[str, Any]) -> bool:
    """Ask on a line; tell whether somebody is there who takes it."""
    taken = False
    try:
        with suppress(OSError, EOFError):
            await line.write(scope)
            taken = (await line.read())[0] is Kind.TAKEN
    finally:
        if not taken:
            line.close()
    return taken


async def _tell_to_begin(line: Line) -> None:
    """Let the desk go on; where nobody is there any longer, the answer says so."""
    with suppress(OSError):
        await line.write(None)


async def _give(line: Line, receive: Receive) -> None:
    """Hand on the next part of a request; where nobody takes it, the answer says so."""
    with suppress(OSError):
        await line.write(await receive())


async def _nothing_more() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _tell(scope: Scope, send: Send, detail: str) -> None:
    id_ = id_for(header(scope, b"x-request-id"))
    status, headers, body = problem("desk_unavailable", detail, id_)
    await answer(send, status, {**headers, "x-request-id": id_}, body)
