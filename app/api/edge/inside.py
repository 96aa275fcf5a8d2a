"""What is behind the memory: the routes, asked for an answer that nobody has any of yet.

There are three ways, and a test holds that they answer alike: at once, where nothing has to be
waited for; to the route itself, where the rings before it have nothing to say; and through them.
"""

import time
from dataclasses import dataclass
from typing import Any

from app.access.caller import ANYBODY, Caller
from app.api.at_once import Answer, AtOnce, Missing
from app.api.direct import DirectRoutes
from app.api.edge.asgi import App, Message, Scope, state
from app.api.edge.entry import Absent, Entry, Facts
from app.api.edge.replies import Request
from app.api.edge.request import note
from app.api.metrics import Metrics
from app.kit import json


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer of the inside that is nobody else's: a refusal, a fault."""

    messages: list[Message]


class Inside:
    """Asks for answers: at once, of the route, or through the rings before it."""

    def __init__(self, app: App, at_once: AtOnce, direct: DirectRoutes, metrics: Metrics) -> None:
        """Know all ways."""
        self._app = app
        self._at_once = at_once
        self._direct = direct
        self._metrics = metrics

    def at_once(self, request: Request, query: bytes, caller: Caller) -> Entry | Absent | None:
        """Answer without waiting for anything, if that is possible.

        Whatever is wrong is left to the other ways. They word it, and it is rare.
        """
        if caller is not ANYBODY:
            return None
        started, scope = time.perf_counter(), request.scope
        try:
            made = self._at_once.answer(scope["path"], query)
        # They answer what nobody foresaw, too, and tell whoever runs this.
        except Exception:  # noqa: BLE001
            return None
        if made is None:
            return None
        request.noted = True
        known = {"request_id": request.id, "method": scope["method"], "route": made.route}
        finished = _finished(made)
        seconds = time.perf_counter() - started
        note(self._metrics, known, scope["path"], finished.status, seconds)
        return finished

    async def ask(self, request: Request, query: bytes, caller: Caller) -> Entry | Absent | Raw:
        """Let the inside answer, as if nobody had anything of it yet."""
        # It is counted and logged inside, under the id and the method that came.
        known = {"request_id": request.id, "method": request.scope["method"]}
        request.noted = True
        inner = {**request.scope, "method": "GET", "query_string": query, "state": known}
        made = None
        if caller is ANYBODY and self._direct.has(inner["path"]):
            made = await self._shortly(inner, {**known, "caller": caller})
        return made or await self._through_rings(inner)

    async def _shortly(self, inner: Scope, known: dict[str, Any]) -> Entry | None:
        """Ask the route itself: the rings before it have nothing to say to an anonymous reader."""
        started = time.perf_counter()
        scope = {**inner, "state": known}
        try:
            response = await self._direct.respond(scope)
        # As above: the rings answer it.
        except Exception:  # noqa: BLE001
            return None
        status, body = response.status_code, bytes(response.body)
        note(self._metrics, known, scope["path"], status, time.perf_counter() - started)
        return Entry.of(status, response.raw_headers, body, known["facts"], known["route"])

    async def _through_rings(self, inner: Scope) -> Entry | Absent | Raw:
        messages: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def collect(message: Message) -> None:
            messages.append(message)

        await self._app(inner, receive, collect)
        known = state(inner)
        facts: Facts | None = known.get("facts")
        start, body = messages[0], b"".join(one.get("body", b"") for one in messages[1:])
        if facts is None:
            return Raw(messages)
        route = known.get("route", "unmatched")
        if start["status"] in {404, 410}:
            told = json.loads(body)
            return Absent(facts, route, told["code"], told["detail"])
        return Entry.of(start["status"], start["headers"], body, facts, route)


def _finished(made: Answer | Missing) -> Entry | Absent:
    """Return what was made at once as it is kept."""
    if isinstance(made, Missing):
        return Absent(made.facts, made.route, made.failure.code, made.failure.detail)
    return Entry.made(made.status, made.headers, made.body, made.facts, made.route)
