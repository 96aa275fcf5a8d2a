"""The response cache as middleware: current answers, in the coding that the client accepts.

A request for a public resource is read once, and looked up in the cache. On a miss, the function
of its resource computes the answer; it is kept, encoded, checked against the request's conditions,
and sent.
"""

import time
from asyncio import CancelledError
from contextlib import suppress
from functools import partial

from app.access.caller import ANONYMOUS, Caller
from app.api.cache.entries import Absent, Entry, EntryStore, Kept, Messages
from app.api.cache.freshness import Freshness
from app.api.cache.readers import Readers
from app.api.cache.replies import VARY_BY_ORIGIN, Replies
from app.api.cache.request import Key, PublicRequest, read_request, request_name
from app.api.cache.single_flight import SingleFlight
from app.api.delivery.resource import NeedsWorkerThread, ReadRequest
from app.api.delivery.respond import fetch, is_expensive
from app.api.http.asgi import App, Message, Receive, Scope, Send
from app.api.http.errors import NotFoundOrGone
from app.api.http.problems import problem_for
from app.api.http.server import acquire_listener_slot, cancel_on_disconnect
from app.api.live.change_notifier import ChangeNotifier
from app.api.live.stream import let_in
from app.api.middleware.access_log import CLIENT_LEFT, RequestLog, id_for
from app.api.middleware.addresses import AddressMiddleware
from app.api.ops.metrics import Metrics
from app.bootstrap import Services
from app.kit.errors import DatabaseUnavailable, Failure
from app.kit.ids import new_id
from app.kit.sql.change_watch import Version
from app.kit.sql.sqlite_readers import ReadLimit
from app.server.interface import Hooks

# Where a scope has the `PublicRequest` that was read from it, or None if it is for nothing public.
_REQUEST = "dateline.public_request"


class Misses:
    """Computes the answers of public resources; refusals are raised."""

    def __init__(self, services: Services, notifier: ChangeNotifier) -> None:
        """Compute with services; `notifier` wakes requests that wait for a write."""
        self._services = services
        self._notifier = notifier
        # Without waiting for a network, what is short is computed on the event loop.
        self._is_embedded = services.database.dialect == "sqlite"

    def compute(self, request: PublicRequest, caller: Caller) -> Kept | None:
        """Compute an answer on the event loop, unless that takes long."""
        if not self._is_embedded or request.is_long or request.match.resource.runs != "inline":
            return None
        asked = ReadRequest(request.path, request.query, caller, on_loop=True)
        try:
            limit = ReadLimit(self._services.settings.read_seconds)
            answer = limit.run(partial(request.match.compute, self._services, asked))
        except NeedsWorkerThread:
            request.is_long = True
            return None
        except NotFoundOrGone as absence:
            return self._absent(request, caller, absence)
        request.computed_for = caller
        return Entry.of(answer, request.match.resource.path)

    async def wait(self, request: PublicRequest, caller: Caller) -> Kept:
        """Compute an answer in a worker thread, or wait for what it waits for."""
        asked = ReadRequest(request.path, request.query, caller)
        try:
            answer = await fetch(self._services, self._notifier, request.match, asked)
        except NotFoundOrGone as absence:
            return self._absent(request, caller, absence)
        request.computed_for = caller
        return Entry.of(answer, request.match.resource.path)

    def _absent(self, request: PublicRequest, caller: Caller, absence: NotFoundOrGone) -> Absent:
        """Return a 404 or 410 that may be kept; raise it if nothing says what it depends on."""
        if absence.metadata is None:
            raise absence
        # Of a new one, which no traceback keeps with all that was in reach of it.
        failure = type(absence)(absence.detail)
        absent = Absent(absence.metadata, request.match.resource.path, failure)
        request.computed_for = caller
        return absent


class CacheMiddleware:
    """Answers readers from memory where it can, and keeps what it computes."""

    def __init__(
        self,
        app: App,
        services: Services,
        metrics: Metrics,
        notifier: ChangeNotifier,
        log: RequestLog | None = None,
    ) -> None:
        """Stand in front of an application, which answers everything else."""
        self._app = app
        self._settings = services.settings
        self._entries = EntryStore(services.settings.cache_bytes)
        self._freshness = Freshness(services, self._entries)
        self._misses = Misses(services, notifier)
        self._readers = Readers(services)
        self._log, self._metrics = log or RequestLog(metrics, services.settings), metrics
        self._replies = Replies(services.settings, metrics, self._freshness)
        self._running: dict[tuple[Key, Version, int], SingleFlight[Kept]] = {}
        self._allows = AddressMiddleware(app, services.settings.allowed_hosts, "").allows
        self._prepared = self._entries.prepared.get
        self._version = services.watch.version
        self._now = services.clock.now
        metrics.cache.watch(self._entries)
        # The outermost middleware is what the server knows of the application.
        self.hooks = Hooks(lookup=self.lookup)

    def lookup(self, scope: Scope) -> Message | None:
        """Return the answer to a request in one message, if nothing has to be waited for.

        A task, its coroutines and a second turn of the event loop take longer than looking up a
        prepared response. So the server asks here first, and starts a task if there is no answer.
        """
        messages = self._cached(scope) if scope["method"] == "GET" else ()
        return messages[0] if messages else None

    def _cached(self, scope: Scope) -> Messages:
        """Return the messages of an answer that is prepared, or computed without waiting."""
        started = time.perf_counter()
        name, given = request_name(scope)
        is_fresh = self._version() == self._freshness.version or self._freshness.is_sure()
        response = self._prepared(name) if is_fresh else None
        if response is not None and (response.until is None or response.until > self._now()):
            response.entry.used = True
            id_ = new_id() if given is None else id_for(given)
            self._log.add_cached(scope, response.tally, len(response.body), id_, started)
            return response.messages(scope, id_)
        request = read_request(scope, name, given, self._allows)
        messages = () if request is None else self._inline(request)
        if not messages:
            # A request refers to its scope: the middleware takes it out again.
            scope[_REQUEST] = request
        return messages

    def _inline(self, request: PublicRequest) -> Messages:
        """Return the messages of an answer to anybody that is computed without waiting."""
        if not request.is_shareable or not self._freshness.is_sure():
            return ()
        key = (request.path, request.query, False)
        try:
            kept = self._found(request, key, ANONYMOUS)
            return () if kept is None else self._logged(request, self._reply(request, key, kept))
        # The outermost middleware: every exception is answered with a problem document.
        except Exception as wrong:  # noqa: BLE001
            return self._failed(request, wrong)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a reader of a public resource; everything else passes."""
        messages: Messages = ()
        if scope.get("method") in {"GET", "HEAD"}:
            messages = await self._messages(scope)
        if messages:
            for message in messages:
                await send(message)
            return
        await self._app(scope, receive, send)
        listener = let_in(scope) if scope.get("method") == "GET" else None
        if listener is not None:
            await listener.stay(receive, send)

    async def _messages(self, scope: Scope) -> Messages:
        """Return the messages of an answer, whatever it takes; none if it is for others."""
        if scope["method"] == "HEAD":
            request = read_request(scope, *request_name(scope), self._allows)
        else:
            # Another server does not look up, and ours does not while the client is slow to read.
            messages = () if _REQUEST in scope else self._cached(scope)
            request = scope.pop(_REQUEST, None)
            if messages:
                return messages
        if request is None:
            return ()
        try:
            return self._logged(request, await self._answer(request))
        except CancelledError:
            request.computed_for = request.computed_for or ANONYMOUS
            self._logged(request, ())
            raise
        # As in `_inline`.
        except Exception as wrong:  # noqa: BLE001
            return self._failed(request, wrong)

    async def _answer(self, request: PublicRequest) -> Messages:
        if request.is_long_poll:
            acquire_listener_slot(request.scope, self._settings)
        try:
            await self._freshness.check()
        except DatabaseUnavailable:
            messages = self._stale(request)
            if messages:
                return messages
            raise
        caller = await self._readers.caller(request.scope, request.headers)
        key = (request.path, request.query, caller.key_id is not None)
        if is_expensive(request.query):
            cancel_on_disconnect(request.scope)
        if caller.embargoed:
            # The log is silent about embargoes, so nothing says when to forget such an answer.
            kept = self._misses.compute(request, caller) or await self._misses.wait(request, caller)
        else:
            kept = self._found(request, key, caller) or await self._computed(request, key, caller)
        messages = self._reply(request, key, kept)
        await self._readers.check_again(request.scope, request.headers, caller)
        return messages

    def serves_stale(self) -> bool:
        """Tell whether readers are answered from memory while the database is away."""
        return len(self._entries) > 0 and self._freshness.may_be_stale

    def _stale(self, request: PublicRequest) -> Messages:
        """Return the messages of an answer as it was before the database went away, if it may be.

        Time is told from it as ever: what it changes is not sent once it has.
        """
        if not request.is_shareable or not self._freshness.may_be_stale:
            return ()
        kept = self._entries.get((request.path, request.query, False), self._freshness.now)
        if not isinstance(kept, Entry) or kept.status != 200:
            return ()
        response = self._replies.prepare_stale(request, kept)
        if response is None:
            return ()
        request.computed_for = ANONYMOUS
        return response.messages(request.scope, request.id)

    def _found(self, request: PublicRequest, key: Key, caller: Caller) -> Kept | None:
        """Return an answer that is kept, or computed without waiting.

        The latter is there before anybody else can ask for it.
        """
        kept = self._entries.get(key, self._freshness.now)
        if kept is None:
            epoch = self._freshness.epoch
            kept = self._misses.compute(request, caller)
            if kept is not None:
                self._keep(key, kept, epoch)
        return kept

    async def _computed(self, request: PublicRequest, key: Key, caller: Caller) -> Kept:
        """Compute what takes long, once for all who ask on the same version."""
        epoch = self._freshness.epoch
        name = (key, self._freshness.version, epoch)
        running = self._running.get(name)
        if running is not None:
            # What was refused to one is computed for the next, who may have another key.
            with suppress(Failure):
                return await running.result()
            return await self._misses.wait(request, caller)
        running = self._running[name] = SingleFlight(self._misses.wait(request, caller))
        try:
            kept = await running.result()
        finally:
            self._running.pop(name, None)
        self._keep(key, kept, epoch)
        return kept

    def _keep(self, key: Key, kept: Kept, epoch: int) -> None:
        """Keep an answer; one that was begun before something that is known by now is not kept.

        It serves the client that asked, and nobody later.
        """
        known, metadata = self._freshness, kept.metadata
        if metadata.is_cacheable and metadata.serial >= known.serial and epoch == known.epoch:
            self._entries.put(key, kept)

    def _reply(self, request: PublicRequest, key: Key, kept: Kept) -> Messages:
        """Return the messages in which a reader is sent what was found."""
        if isinstance(kept, Absent):
            return self._replies.absent(request, kept)
        weight = kept.weight
        response = self._replies.prepare(request, kept, has_key=key[2])
        if kept.weight != weight:
            self._entries.weigh(key)
        if response is None:
            return self._replies.unwanted(request, kept)
        is_get = request.scope["method"] == "GET"
        if is_get and not request.by_language and request.is_shareable:
            self._entries.prepare(request.name, key, response)
        return response.messages(request.scope, request.id)

    def _failed(self, request: PublicRequest, wrong: Exception) -> Messages:
        """Return the messages of a refusal or a fault, which is never stored."""
        request.computed_for = request.computed_for or ANONYMOUS
        problem = problem_for(wrong, request.id)
        return self._logged(request, self._replies.problem(request, problem, VARY_BY_ORIGIN))

    def _logged(self, request: PublicRequest, messages: Messages) -> Messages:
        """Count and log a request by the messages that answer it, if any, and return them."""
        status, size = CLIENT_LEFT, 0
        if messages:
            status, size = messages[0]["status"], len(messages[-1]["body"])
        method, route = request.scope["method"], request.match.resource.path
        caller = request.computed_for
        if caller is None:
            tally = self._metrics.tally(method, route, status)
            self._log.add_cached(request.scope, tally, size, request.id, request.started)
        else:
            known = {
                "request_id": request.id,
                "method": method,
                "route": route,
                "key_prefix": caller.prefix,
            }
            seconds = time.perf_counter() - request.started
            self._log.add(request.scope, known, status, size, seconds)
        return messages
