"""The delivery ring: finished answers, fresh, in the reader's coding, or not sent at all.

The inside answers a reading request with the bytes of a 200 (or a 404, or a redirect) and its
facts. Here that is kept, coded, compared with what the reader has, and sent.
"""

import asyncio
from dataclasses import dataclass

from app.api.edge.asgi import App, Message, Receive, Scope, Send, state
from app.api.edge.canonical import canonical_query
from app.api.edge.entry import Absent, Entry, Facts
from app.api.edge.freshness import Freshness
from app.api.edge.host import HostRing
from app.api.edge.readers import Readers
from app.api.edge.replies import Replies
from app.api.edge.store import EntryStore, Key
from app.api.metrics import Metrics
from app.bootstrap import Services
from app.kit import json
from app.kit.errors import Failure

_OWN = ("/v1/manage", "/v1/me")


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer of the inside that is nobody else's: a refusal, a fault."""

    messages: list[Message]


class DeliveryRing:
    """Answers readers from memory where it can, and remembers what the inside answers."""

    def __init__(self, app: App, services: Services, metrics: Metrics) -> None:
        """Stand in front of an application."""
        self._app = app
        self._entries = EntryStore(services.settings.cache_bytes)
        self._freshness = Freshness(services, self._entries)
        self._readers = Readers(services, self._freshness)
        self._replies = Replies(services.settings, metrics, self._freshness)
        self._running: dict[tuple[Key, int], asyncio.Future[Entry | Absent | Raw]] = {}
        self._allows = HostRing(app, services.settings.allowed_hosts).allows
        metrics.watch_cache(self._entries)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a reader; everything else passes, refused readers too."""
        if not _is_delivery(scope) or not self._allows(scope):
            await self._app(scope, receive, send)
            return
        asked = dict(scope["headers"])
        try:
            await self._freshness.check()
            caller = await self._readers.caller(scope, asked)
        except Failure:
            # The inner rings find the same, and say it as a problem document.
            await self._app(scope, receive, send)
            return
        query = canonical_query(scope["path"], scope["query_string"])
        key = (scope["path"], query, caller.key_id is not None)
        kept = self._entries.get(key)
        if kept is None or self._freshness.is_over(kept.facts):
            found = await self._computed(scope, query, key)
        else:
            found = kept
        if isinstance(found, Raw):
            for message in found.messages:
                await send(message)
            return
        weight = found.weight
        await self._replies.send(scope, asked, send, found, key)
        if found.weight != weight:
            self._entries.weigh(key)

    async def _computed(self, scope: Scope, query: bytes, key: Key) -> Entry | Absent | Raw:
        """Compute an answer, or join whoever computes it already on the same version."""
        name = (key, self._freshness.version)
        running = self._running.get(name)
        if running is not None:
            joined = await asyncio.shield(running)
            # What was refused to one is computed for the next: it carries a request id.
            return await self._ask(scope, query) if isinstance(joined, Raw) else joined
        running = self._running[name] = asyncio.ensure_future(self._ask(scope, query))
        try:
            made = await asyncio.shield(running)
        finally:
            self._running.pop(name, None)
        # Begun before something that is known by now, it serves who asked, and nobody later.
        if not isinstance(made, Raw) and made.facts.serial >= self._freshness.serial:
            self._entries.put(key, made)
        return made

    async def _ask(self, scope: Scope, query: bytes) -> Entry | Absent | Raw:
        """Let the inside answer, as if nobody had anything of it yet."""
        messages: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def collect(message: Message) -> None:
            messages.append(message)

        inner = {**scope, "method": "GET", "query_string": query, "state": {}}
        await self._app(inner, receive, collect)
        known = state(inner)
        facts: Facts | None = known.get("facts")
        start, body = messages[0], b"".join(one.get("body", b"") for one in messages[1:])
        if facts is None:
            return Raw(messages)
        route = known.get("route", "unmatched")
        if start["status"] == 404:
            return Absent(facts, route, json.loads(body)["detail"])
        return Entry.of(start["status"], start["headers"], body, facts, route)


def _is_delivery(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
        return False
    path: str = scope["path"]
    return path.startswith("/v1/") and not path.startswith(_OWN)
