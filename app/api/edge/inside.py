"""What is behind the memory: the routes, asked for an answer that nobody has any of yet."""

import time
from dataclasses import dataclass
from typing import Any

from app.access.caller import ANYBODY, Caller
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
    """Asks routes for answers: through the rings before them, or, where it may, without."""

    def __init__(self, app: App, direct: DirectRoutes, metrics: Metrics) -> None:
        """Know both ways."""
        self._app = app
        self._direct = direct
        self._metrics = metrics

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
        """Ask the route itself: the rings before it have nothing to say to an anonymous reader.

        Whatever is wrong is left to them. They word it, and it is rare.
        """
        started = time.perf_counter()
        scope = {**inner, "state": known}
        try:
            response = await self._direct.respond(scope)
        # They answer what nobody foresaw, too, and tell whoever runs this.
        except Exception:  # noqa: BLE001
            return None
        status, body = response.status_code, bytes(response.body)
        note(self._metrics, scope, status, time.perf_counter() - started)
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
