"""The response cache as middleware: current answers, in the coding that the client accepts.

A request for a public resource is looked up in the cache. On a miss, the function of its resource
computes the answer; it is stored, encoded, checked against the request's conditions, and sent.
"""

from collections.abc import Sequence
from contextlib import suppress

from app.access.caller import ANYBODY, Caller
from app.api.cache.accept_language import goes_by_header, with_preferences
from app.api.cache.entry import Absent
from app.api.cache.fast_path import FastPath
from app.api.cache.freshness import Freshness
from app.api.cache.misses import MissHandler
from app.api.cache.prepared_responses import is_shareable, known_name
from app.api.cache.readers import Readers
from app.api.cache.replies import VARY_BY_ORIGIN, CacheRequest, Messages, Replies
from app.api.cache.single_flight import SingleFlight
from app.api.cache.store import EntryStore, Kept, Key
from app.api.delivery.registry import find
from app.api.delivery.resource import Deferred
from app.api.http.asgi import App, Message, Receive, Scope, Send, fields
from app.api.http.problems import problem_for
from app.api.http.server import take_seat
from app.api.live.change_notifier import ChangeNotifier
from app.api.live.stream import let_in
from app.api.middleware.access_log import id_for
from app.api.middleware.host import HostMiddleware
from app.api.middleware.negotiation import NegotiationMiddleware, negotiated
from app.api.middleware.paths import is_plain
from app.api.ops.metrics import Metrics
from app.bootstrap import Services
from app.kit.errors import Failure
from app.kit.watch import Version
from app.server.interface import Hooks


class CacheMiddleware:
    """Answers readers from memory where it can, and stores what it computes."""

    def __init__(
        self, app: App, services: Services, metrics: Metrics, notifier: ChangeNotifier
    ) -> None:
        """Stand in front of an application, which answers everything else."""
        self._app = app
        self._misses = MissHandler(services, metrics, notifier)
        self._entries = EntryStore(services.settings.cache_bytes)
        self._freshness = Freshness(services, self._entries)
        self._readers = Readers(services)
        self._replies = Replies(services.settings, metrics, self._freshness)
        self._running: dict[tuple[Key, Version, int], SingleFlight[Kept]] = {}
        # The fast path has negotiated the format already.
        self._negotiated = NegotiationMiddleware(self._respond)
        self._allows = HostMiddleware(app, services.settings.allowed_hosts).allows
        metrics.watch_cache(self._entries)
        self._fast_path = FastPath(
            services, self._entries, self._freshness, self._replies, self._inline
        )
        # The outermost middleware is what the server knows of the application.
        self.lookup = self._fast_path.whole
        self.hooks = Hooks(lookup=self.lookup)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from memory, or compute the answer."""
        if scope["type"] == "http" and not is_plain(scope):
            await self._app(scope, receive, send)
            return
        if scope.get("method") != "GET":
            await self._negotiated(scope, receive, send)
            return
        messages = self._fast_path.messages(scope)
        for message in messages:
            await send(message)
        if messages:
            return
        if negotiated(scope) is None:
            await self._respond(scope, receive, send)
        else:
            await self._negotiated(scope, receive, send)
        listener = let_in(scope)
        if listener is not None:
            del messages
            await listener.stay(receive, send)

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a reader of a public resource; everything else passes."""
        request = self._request(scope)
        if request is None:
            await self._app(scope, receive, send)
            return
        try:
            messages = await self._messages(request)
        # The outermost middleware: every exception is answered with a problem document.
        except Exception as wrong:  # noqa: BLE001
            messages = self._failed(request, wrong)
        for message in messages:
            await send(message)

    def _request(self, scope: Scope) -> CacheRequest | None:
        """Return a request for a public resource at a host that is served here."""
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
            return None
        match = find(scope["path"])
        if match is None or not is_plain(scope) or not self._allows(scope):
            return None
        name, given = known_name(scope)
        return CacheRequest(scope, match, name, fields(scope), id_for(given))

    async def _messages(self, request: CacheRequest) -> Sequence[Message]:
        """Return the messages of an answer, whatever it takes."""
        if _waits(request.scope):
            take_seat(request.scope)
        await self._freshness.check()
        caller = await self._readers.caller(request.scope, request.asked)
        query = _query_of(request)
        key = (request.scope["path"], query, caller.key_id is not None)
        if caller.embargoed:
            # The log is silent about embargoes, so nothing says when to forget such an answer.
            found = await self._misses.finish(request, query, caller, None)
        else:
            found = self._cached(key) or await self._computed(request, query, key, caller)
        messages = self._told(request, key, found)
        await self._readers.check_again(request.scope, request.asked, caller)
        return messages

    def _inline(self, scope: Scope) -> Message | None:
        """Return an answer to anybody that is stored, or computed without waiting for anything."""
        request = self._request(scope) if negotiated(scope) is None else None
        if request is None or not is_shareable(request.asked) or not self._freshness.is_sure():
            return None
        query = _query_of(request)
        key = (scope["path"], query, False)
        try:
            found = self._cached(key) or self._begun(request, query, key, ANYBODY)
        except Failure as failure:
            return self._failed(request, failure)[0]
        if found is None or isinstance(found, Deferred):
            return None
        return self._told(request, key, found)[0]

    def _told(self, request: CacheRequest, key: Key, found: Kept) -> Messages:
        """Return the messages in which a reader is told what was found."""
        if isinstance(found, Absent):
            return self._replies.absent(request, found)
        method, weight = request.scope["method"], found.weight
        ready = self._replies.ready(method, request, found, key)
        if found.weight != weight:
            self._entries.weigh(key)
        if not self._replies.is_wanted(request, found):
            return self._replies.unwanted(request, found)
        told = not request.by_language and is_shareable(request.asked)
        if method == "GET" and told:
            self._entries.make_ready(request.name, key, ready)
        return self._replies.of(request, ready)

    def _failed(self, request: CacheRequest, wrong: Exception) -> Messages:
        """Return the messages of a refusal or a fault, which is never stored."""
        problem = problem_for(wrong, request.id)
        if not request.noted:
            self._misses.note(request, problem.status)
        return self._replies.problem(request, problem, [VARY_BY_ORIGIN])

    def _cached(self, key: Key) -> Kept | None:
        """Return what is kept, unless time has changed it."""
        kept = self._entries.get(key)
        return None if kept is None or kept.facts.is_over(self._freshness.now) else kept

    async def _computed(
        self, request: CacheRequest, query: bytes, key: Key, caller: Caller
    ) -> Kept:
        """Compute an answer; what takes long once for all who ask on the same version.

        One that is computed inline is there before anybody else can ask for it.
        """
        begun = self._begun(request, query, key, caller)
        if begun is not None and not isinstance(begun, Deferred):
            return begun
        epoch = self._freshness.epoch
        name = (key, self._freshness.version, epoch)
        running = self._running.get(name)
        if running is not None:
            # What was refused to one is computed for the next, who may have another key.
            with suppress(Failure):
                return await running.result()
            return await self._misses.finish(request, query, caller, begun)
        running = self._running[name] = SingleFlight(
            self._misses.finish(request, query, caller, begun)
        )
        try:
            made = await running.result()
        finally:
            self._running.pop(name, None)
        self._keep(key, made, epoch)
        return made

    def _begun(
        self, request: CacheRequest, query: bytes, key: Key, caller: Caller
    ) -> Kept | Deferred | None:
        """Return an answer that is computed inline, and keep it; or what is left to do for it."""
        epoch = self._freshness.epoch
        begun = self._misses.start(request, query, caller)
        if begun is not None and not isinstance(begun, Deferred):
            self._keep(key, begun, epoch)
        return begun

    def _keep(self, key: Key, made: Kept, epoch: int) -> None:
        """Keep an answer; one that was begun before something that is known by now is not kept.

        It serves who asked, and nobody later.
        """
        known, facts = self._freshness, made.facts
        if facts.kept and facts.serial >= known.serial and epoch == known.epoch:
            self._entries.put(key, made)


def _query_of(request: CacheRequest) -> bytes:
    """Return the canonical query, with the languages that the reader prefers where it asks so."""
    query = request.match.resource.parameters.canonical(request.scope["query_string"])
    request.by_language = goes_by_header(query)
    if not request.by_language:
        return query
    return with_preferences(query, request.asked.get(b"accept-language"))


def _waits(scope: Scope) -> bool:
    """Tell whether a request is a long poll, which counts as a listener."""
    return scope["path"] == "/v1/changes" and b"wait=" in scope["query_string"]
