"""The delivery ring: finished answers, fresh, in the reader's coding, or not sent at all.

The inside answers a reading request with the bytes of a 200 (or a 404, or a redirect) and its
facts. Here that is kept, coded, compared with what the reader has, and sent.
"""

from collections.abc import Sequence

from app.access.caller import ANYBODY, Caller
from app.api.at_once import AtOnce
from app.api.direct import DirectRoutes
from app.api.edge.asgi import App, Message, Receive, Scope, Send, answer, fields
from app.api.edge.canonical import canonical_query
from app.api.edge.entry import Absent, Entry
from app.api.edge.freshness import Freshness
from app.api.edge.hand import Hand
from app.api.edge.host import HostRing
from app.api.edge.inside import Inside, Raw
from app.api.edge.negotiation import NegotiationRing, negotiated
from app.api.edge.paths import is_plain
from app.api.edge.preferences import goes_by_header, with_preferences
from app.api.edge.readers import Readers
from app.api.edge.ready import apart, is_anybodys
from app.api.edge.replies import Messages, Replies, Request
from app.api.edge.request import id_for, told
from app.api.edge.safety import SAFE
from app.api.edge.serving import take_seat
from app.api.edge.shared import Shared
from app.api.edge.store import EntryStore, Kept, Key
from app.api.edge.stream import let_in
from app.api.metrics import Metrics
from app.bootstrap import Services
from app.kit.errors import Failure
from app.kit.watch import Version
from app.server.interface import Hooks

_DELIVERED = ("/v1/", "/feeds/", "/sitemap")
_OWN = ("/v1/manage", "/v1/me", "/v1/stream")
# Where a scope says that its answer cannot be made at once.
_TRIED = "dateline.tried"


class DeliveryRing:
    """Answers readers from memory where it can, and remembers what the inside answers."""

    def __init__(
        self, app: App, direct: DirectRoutes, services: Services, metrics: Metrics
    ) -> None:
        """Stand in front of an application, and know the short way to some of its routes."""
        self._app = app
        self._inside = Inside(app, AtOnce(services), direct, metrics)
        self._entries = EntryStore(services.settings.cache_bytes)
        self._freshness = Freshness(services, self._entries)
        self._readers = Readers(services)
        self._replies = Replies(services.settings, metrics, self._freshness)
        self._running: dict[tuple[Key, Version, int], Shared[Entry | Absent | Raw]] = {}
        # Whoever is answered at once need not be asked again what format was meant.
        self._negotiated = NegotiationRing(self._at_length)
        self._allows = HostRing(app, services.settings.allowed_hosts).allows
        metrics.watch_cache(self._entries)
        self._hand = Hand(services, self._entries, self._freshness, self._replies, self._at_once)
        self.at_hand = self._hand.whole
        # The outermost ring is what the server knows of the application.
        self.hooks = Hooks(lookup=self.at_hand)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with what is ready, or at length."""
        if scope["type"] == "http" and not is_plain(scope):
            await self._app(scope, receive, send)
            return
        if scope.get("method") != "GET":
            await self._negotiated(scope, receive, send)
            return
        messages = self._hand.messages(scope)
        for message in messages:
            await send(message)
        if messages:
            return
        if negotiated(scope) is None:
            await self._at_length(scope, receive, send)
        else:
            await self._negotiated(scope, receive, send)
        listener = let_in(scope)
        if listener is not None:
            del messages
            await listener.stay(receive, send)

    async def _at_length(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a reader; everything else passes, refused readers too."""
        if not self._is_for_readers(scope):
            await self._app(scope, receive, send)
            return
        name, given = apart(scope)
        request = Request(scope, name, fields(scope), id_for(given))
        try:
            await self._answer(request, receive, send)
        # The outermost ring for readers: whatever it is, it leaves as a problem document.
        except Exception as wrong:
            if request.begun:
                raise
            status, headers, body = told(wrong, request.id)
            named = {"x-request-id": request.id, **SAFE}
            await answer(send, status, {**headers, **named}, body)

    def _is_for_readers(self, scope: Scope) -> bool:
        return _is_delivery(scope) and is_plain(scope) and self._allows(scope)

    async def _answer(self, request: Request, receive: Receive, send: Send) -> None:
        if _waits(request.scope):
            take_seat(request.scope)
        try:
            await self._freshness.check()
            caller = await self._readers.caller(request.scope, request.asked)
        except Failure:
            await self._refused(request, receive, send)
            return
        messages = await self._looked_up(request, caller)
        try:
            await self._readers.check_again(request.scope, request.asked, caller)
        except Failure:
            await self._refused(request, receive, send)
            return
        request.begun = True
        for message in messages:
            await send(message)

    async def _refused(self, request: Request, receive: Receive, send: Send) -> None:
        """Let the inner rings find what is wrong, and say it as a problem document."""
        request.begun = True
        await self._app(request.scope, receive, send)

    async def _looked_up(self, request: Request, caller: Caller) -> Sequence[Message]:
        """Return the messages of an answer, whatever it takes."""
        query = _query_of(request)
        key = (request.scope["path"], query, caller.key_id is not None)
        if caller.embargoed:
            # The log is silent about embargoes, so nothing says when to forget such an answer.
            found = await self._inside.ask(request, query, caller)
        else:
            found = self._standing(key) or await self._computed(request, query, key, caller)
        return found.messages if isinstance(found, Raw) else self._told(request, key, found)

    def _at_once(self, scope: Scope) -> Message | None:
        """Return an answer to anybody that is kept, or made without waiting for anything."""
        if not self._is_for_readers(scope) or negotiated(scope) is not None:
            return None
        asked = fields(scope)
        if not is_anybodys(asked) or not self._freshness.is_sure():
            return None
        name, given = apart(scope)
        request = Request(scope, name, asked, id_for(given))
        query = _query_of(request)
        key = (scope["path"], query, False)
        found = self._standing(key) or self._made(request, query, key, ANYBODY)
        scope[_TRIED] = True
        return None if found is None else self._told(request, key, found)[0]

    def _told(self, request: Request, key: Key, found: Kept) -> Messages:
        """Return the messages in which a reader is told what was found."""
        if isinstance(found, Absent):
            return self._replies.absent(request, found)
        method, weight = request.scope["method"], found.weight
        ready = self._replies.ready(method, request, found, key)
        if found.weight != weight:
            self._entries.weigh(key)
        if not self._replies.is_wanted(request, found):
            return self._replies.unwanted(request, found)
        told = not request.by_language and is_anybodys(request.asked)
        if method == "GET" and told:
            self._entries.make_ready(request.name, key, ready)
        return self._replies.of(request, ready)

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
        made = None if _TRIED in request.scope else self._made(request, query, key, caller)
        return made or await self._joined(request, query, key, caller)

    def _made(self, request: Request, query: bytes, key: Key, caller: Caller) -> Kept | None:
        """Return an answer that is made at once, if that is possible, and keep it."""
        epoch = self._freshness.epoch
        made = self._inside.at_once(request, query, caller)
        if made is not None:
            self._keep(key, made, epoch)
        return made

    async def _joined(
        self, request: Request, query: bytes, key: Key, caller: Caller
    ) -> Entry | Absent | Raw:
        epoch = self._freshness.epoch
        name = (key, self._freshness.version, epoch)
        running = self._running.get(name)
        if running is not None:
            joined = await running.result()
            # What was refused to one is computed for the next: it carries a request id.
            if not isinstance(joined, Raw):
                return joined
            return await self._inside.ask(request, query, caller)
        running = self._running[name] = Shared(self._inside.ask(request, query, caller))
        try:
            made = await running.result()
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


def _waits(scope: Scope) -> bool:
    """Tell whether a request is a long poll, which counts as a listener."""
    return scope["path"] == "/v1/changes" and b"wait=" in scope["query_string"]
