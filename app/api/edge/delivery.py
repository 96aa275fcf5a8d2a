"""The delivery ring: finished answers, fresh, in the reader's coding, or not sent at all.

The inside answers a reading request with the bytes of a 200 (or a 404, or a redirect) and its
facts. Here that is kept, coded, compared with what the reader has, and sent.
"""

import asyncio
from collections.abc import Callable

from app.access.caller import Caller
from app.api.at_once import AtOnce
from app.api.direct import DirectRoutes
from app.api.edge.asgi import App, Receive, Scope, Send, answer, fields
from app.api.edge.canonical import canonical_query
from app.api.edge.entry import Absent, Entry
from app.api.edge.freshness import Freshness
from app.api.edge.host import HostRing
from app.api.edge.inside import Inside, Raw
from app.api.edge.negotiation import NegotiationRing
from app.api.edge.preferences import goes_by_header, with_preferences
from app.api.edge.readers import Readers
from app.api.edge.ready import Ready, is_anybodys, told_apart
from app.api.edge.replies import Replies, Request
from app.api.edge.request import id_for, told
from app.api.edge.store import EntryStore, Kept, Key
from app.api.edge.stream import let_in
from app.api.metrics import Metrics
from app.bootstrap import Services
from app.kit.errors import Failure
from app.kit.ids import new_id
from app.kit.watch import Version

_DELIVERED = ("/v1/", "/feeds/", "/sitemap")
_OWN = ("/v1/manage", "/v1/me", "/v1/stream")


class DeliveryRing:
    """Answers readers from memory where it can, and remembers what the inside answers."""

    def __init__(
        self, app: App, direct: DirectRoutes, services: Services, metrics: Metrics
    ) -> None:
        """Stand in front of an application, and know the short way to some of its routes."""
        self._app = app
        self._inside = Inside(app, AtOnce(services), direct, metrics)
        self._entries = EntryStore(services.settings.cache_bytes)
        self._ready = self._entries.ready.get
        self._freshness = Freshness(services, self._entries)
        self._version = services.watch.version
        self._readers = Readers(services, self._freshness)
        self._replies = Replies(services.settings, metrics, self._freshness)
        self._now = services.clock.now
        self._running: dict[tuple[Key, Version, int], asyncio.Future[Entry | Absent | Raw]] = {}
        # Whoever is answered at once need not be asked again what format was meant.
        self._negotiated = NegotiationRing(self._at_length)
        self._allows = HostRing(app, services.settings.allowed_hosts).allows
        metrics.watch_cache(self._entries)
        # The outermost ring is what the server's protocol knows of the application.
        self.end: Callable[[], None] = lambda: None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with what is ready, or at length."""
        if scope.get("method") != "GET":
            await self._negotiated(scope, receive, send)
            return
        name, given = told_apart(scope)
        ready = self._ready(name)
        if ready is None or not self._holds(ready):
            await self._negotiated(scope, receive, send)
            listener = let_in(scope)
            if listener is not None:
                del name, given
                await listener.stay(receive, send)
            return
        await send(ready.start(new_id() if given is None else id_for(given)))
        await send(ready.body)
        ready.entry.used = True
        self._replies.note(scope, ready.tally, ready.status)

    def _holds(self, ready: Ready) -> bool:
        """Tell whether neither a write nor time has changed an answer."""
        if self._version() != self._freshness.version:
            return False
        return ready.until is None or self._now() < ready.until

    async def _at_length(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a reader; everything else passes, refused readers too."""
        if not _is_delivery(scope) or not self._allows(scope):
            await self._app(scope, receive, send)
            return
        name, given = told_apart(scope)
        request = Request(scope, name, fields(scope), send, id_for(given))
        try:
            await self._answer(request, receive)
        # The outermost ring for readers: whatever it is, it leaves as a problem document.
        except Exception as wrong:
            if request.begun:
                raise
            await answer(send, *told(wrong, request.id))

    async def _answer(self, request: Request, receive: Receive) -> None:
        try:
            await self._freshness.check()
            caller = await self._readers.caller(request.scope, request.asked)
        except Failure:
            # The inner rings find the same, and say it as a problem document.
            request.begun = True
            await self._app(request.scope, receive, request.send)
            return
        await self._look_up(request, caller)

    async def _look_up(self, request: Request, caller: Caller) -> None:
        scope = request.scope
        query = _query_of(request)
        key = (scope["path"], query, caller.key_id is not None)
        if caller.embargoed:
            # The log is silent about embargoes, so nothing says when to forget such an answer.
            found = await self._inside.ask(request, query, caller)
        else:
            found = self._standing(key) or await self._computed(request, query, key, caller)
        if isinstance(found, Raw):
            request.begun = True
            for message in found.messages:
                await request.send(message)
        elif isinstance(found, Absent):
            await self._replies.send_absent(request, found)
        else:
            weight = found.weight
            ready = self._replies.ready(scope["method"], request, found, key)
            if found.weight != weight:
                self._entries.weigh(key)
            if not self._replies.is_wanted(request, found):
                await self._replies.send_unwanted(request, found)
                return
            told = not request.by_language and is_anybodys(request.asked)
            if scope["method"] == "GET" and told:
                self._entries.make_ready(request.name, key, ready)
            await self._replies.send(request, ready)

    def _standing(self, key: Key) -> Kept | None:
        """Return what is kept, unless time has changed it."""
        kept = self._entries.get(key)
        return None if kept is None or kept.facts.is_over(self._freshness.now) else kept

    async def _computed(
        self, request: Request, query: bytes, key: Key, caller: Caller
    ) -> Entry | Absent | Raw:
        """Compute an answer, or join whoever computes it already on the same version.

        One that is made at once is there before anybody else can ask for it.
        """
        epoch = self._freshness.epoch
        made = self._inside.at_once(request, query, caller)
        if made is None:
            return await self._joined(request, query, key, caller)
        self._keep(key, made, epoch)
        return made

    async def _joined(
        self, request: Request, query: bytes, key: Key, caller: Caller
    ) -> Entry | Absent | Raw:
        epoch = self._freshness.epoch
        name = (key, self._freshness.version, epoch)
        running = self._running.get(name)
        if running is not None:
            joined = await asyncio.shield(running)
            # What was refused to one is computed for the next: it carries a request id.
            if not isinstance(joined, Raw):
                return joined
            return await self._inside.ask(request, query, caller)
        running = self._running[name] = asyncio.ensure_future(
            self._inside.ask(request, query, caller)
        )
        try:
            made = await asyncio.shield(running)
        finally:
            self._running.pop(name, None)
        if not isinstance(made, Raw):
            self._keep(key, made, epoch)
        return made

    def _keep(self, key: Key, made: Kept, epoch: int) -> None:
        """Keep an answer; one that was begun before something that is known by now is not kept.

        It serves who asked, and nobody later.
        """
        known, facts = self._freshness, made.facts
        if facts.kept and facts.serial >= known.serial and epoch == known.epoch:
            self._entries.put(key, made)


def _query_of(request: Request) -> bytes:
    """Return the canonical query, with the languages that the reader prefers where it asks so."""
    query = canonical_query(request.scope["path"], request.scope["query_string"])
    request.by_language = goes_by_header(query)
    if not request.by_language:
        return query
    return with_preferences(query, request.asked.get(b"accept-language"))


def _is_delivery(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
        return False
    path: str = scope["path"]
    return path.startswith(_DELIVERED) and not path.startswith(_OWN)
