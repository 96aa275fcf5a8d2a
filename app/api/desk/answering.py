"""Answering at the desk: requests that come over a Unix socket, by the same application."""

import asyncio
import socket
from typing import Any

from app.api.desk.line import Kind, Line
from app.api.edge.asgi import App, Message, Scope

# So many requests may wait for a desk that starts anew.
BACKLOG = 1024
# As long as those who serve readers give to the requests that still run.
_ENDING_SECONDS = 10.0
_LEFT = {"type": "http.disconnect"}


class Answering:
    """Takes requests on a listening socket, each line one after the other."""

    def __init__(self, app: App) -> None:
        """Answer with an application."""
        self._app = app
        self._busy: set[asyncio.Task[None]] = set()
        self._idle: set[asyncio.Task[None]] = set()
        self._ends = False

    async def serve(self, listening: socket.socket, stopped: asyncio.Event) -> None:
        """Answer until stopped, and then what still runs, for ten seconds."""
        # Not `start_unix_server`: from Python 3.13 on that removes the path when it ends, but who
        # comes next listens at it, and so do the others at the desk.
        server = await asyncio.start_server(self._meet, sock=listening, backlog=BACKLOG)
        await stopped.wait()
        server.close()
        self._ends = True
        if self._busy:
            await asyncio.wait(self._busy, timeout=_ENDING_SECONDS)
        for task in self._busy | self._idle:
            task.cancel()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = Line(reader, writer)
        task = asyncio.current_task()
        assert task is not None
        self._idle.add(task)
        try:
            await self._talk(line, task)
        except (EOFError, OSError, asyncio.CancelledError):
            # Whoever asks has left, or we do.
            pass
        finally:
            self._idle.discard(task)
            self._busy.discard(task)
            line.close()

    async def _talk(self, line: Line, task: asyncio.Task[None]) -> None:
        # Nothing is asked before: who has given up by now was told that nothing was done.
        await line.write((Kind.HERE, None))
        reusable = True
        while reusable and not self._ends:
            scope, first = await line.read()
            self._idle.discard(task)
            self._busy.add(task)
            reusable = await self._answer(line, scope, first)
            self._busy.discard(task)
            self._idle.add(task)
        if not reusable:
            # Hanging up on something unread would cost who asks the end of what it was sent.
            await line.ended()

    async def _answer(self, line: Line, scope: Scope, first: Message | None) -> bool:
        """Answer a request; tell whether the line can take another."""
        asked = _Asked(line, first)
        try:
            # What fails here had begun to answer: the line is closed, so who asked is cut off.
            await self._app(scope, asked.receive, asked.send)
        finally:
            await asked.leave()
        return await asked.done()


class _Asked:
    """A request at the desk: what its application receives and sends."""

    def __init__(self, line: Line, first: Message | None) -> None:
        self._line = line
        self._first = first
        self._coming: asyncio.Task[Any] | None = None
        self._held: list[Message] = []
        self._over = False
        self._reusable = False

    async def leave(self) -> None:
        """Wait no longer for what was asked for."""
        if self._coming is not None:
            self._coming.cancel()
            await asyncio.wait((self._coming,))

    async def done(self) -> bool:
        """Say that there is no more, if that is not said; tell whether the line can be used again.

        It can if nothing is on its way that was asked for.
        """
        if not self._over:
            await self._line.write((Kind.DONE, (self._taken(), False)))
        return self._reusable

    async def receive(self) -> Message:
        """Return the next part of the request, or that nobody waits for the answer."""
        first, self._first = self._first, None
        if first is not None:
            return first
        if self._over:
            return _LEFT
        try:
            if self._coming is None:
                self._coming = asyncio.ensure_future(self._fetched())
            # An application that no longer waits for it must not lose half of it.
            message: Message = await asyncio.shield(self._coming)
        except (EOFError, OSError):
            return _LEFT
        self._coming = None
        return message

    async def _fetched(self) -> Any:
        await self._line.write((Kind.WANTED, None))
        return await self._line.read()

    async def send(self, message: Message) -> None:
        """Send a part of the answer: its head with what follows at once, as most do whole."""
        self._held.append(dict(message))
        if message["type"] == "http.response.start":
            asyncio.get_running_loop().call_soon(self._send_head)
        elif message.get("more_body"):
            await self._line.write((Kind.SENT, self._taken()))
        else:
            self._over, self._reusable = True, self._coming is None
            await self._line.write((Kind.DONE, (self._taken(), self._reusable)))

    def _send_head(self) -> None:
        if self._held:
            self._line.post((Kind.SENT, self._taken()))

    def _taken(self) -> list[Message]:
        held, self._held = self._held, []
        return held
