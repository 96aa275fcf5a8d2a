"""The response cache as middleware: current answers, in the coding that the client accepts.

A request for a public resource is read once, and looked up in the cache. On a miss, the function
of its resource computes the answer; it is cached, encoded, checked against the conditions of the
request, and sent.
"""

import time
from asyncio import CancelledError
from contextlib import suppress
from functools import partial

from starlette.concurrency import run_in_threadpool

from app.access.caller import ANONYMOUS, Caller
from app.access.limits.meter import LimitReached
from app.api.cache.caller_cache import CallerCache
from app.api.cache.entries import (
    CachedAbsence,
    CachedAnswer,
    CacheEntry,
    EntryStore,
    Messages,
)
from app.api.cache.freshness import Freshness
from app.api.cache.request import (
    CacheKey,
    PublicRequest,
    build_cache_key,
    compute_fingerprint,
    read_request,
)
from app.api.cache.response_builder import VARY_BY_ORIGIN, ResponseBuilder
from app.api.cache.single_flight import SingleFlight
from app.api.delivery.resource import NeedsWorkerThread, ReadRequest
from app.api.delivery.respond import fetch, is_expensive
from app.api.http.asgi import App, Message, Receive, Scope, Send
from app.api.http.costs import find_cost
from app.api.http.errors import NotFoundOrGone
from app.api.http.feed_tokens import FEED_TOKEN, PREFIXES, protect, remove_token
from app.api.http.problems import problem_for
from app.api.http.rate_limit_headers import NO_FIELDS, LimitFields, find_fields, find_limited_client
from app.api.http.server import acquire_listener_slot, cancel_on_disconnect
from app.api.live.change_notifier import ChangeNotifier
from app.api.live.stream import take_listener
from app.api.middleware.access_log import CLIENT_LEFT, RequestLog, id_for
from app.api.middleware.addresses import AddressMiddleware
from app.api.monitoring.metrics import Metrics
from app.bootstrap import Services
from app.kit.errors import DatabaseUnavailable, Failure
from app.kit.ids import new_id
from app.kit.sql.change_watch import Version
from app.kit.sql.sqlite_readers import ReadLimit
from app.server.interface import Hooks

# The key of a scope for its `PublicRequest`; the value is None if the resource is not public.
_REQUEST = "dateline.public_request"
# The status of a failed precondition.
_REFUSED = 412


class AnswerComputer:
    """Computes the answers of public resources on a cache miss; refusals are raised."""

    def __init__(self, services: Services, notifier: ChangeNotifier) -> None:
        """Use services; `notifier` wakes requests that wait for a write."""
        self._services = services
        self._notifier = notifier
        # SQLite needs no round trip, so short answers are computed on the event loop.
        self._is_embedded = services.database.dialect == "sqlite"

    def compute_inline(self, request: PublicRequest, caller: Caller) -> CachedAnswer | None:
        """Compute an answer on the event loop; None if it takes long or the database is remote."""
        if not self._is_embedded or request.is_long or request.match.resource.runs != "inline":
            return None
        read = ReadRequest(request.path, request.query, caller, on_loop=True, token=request.token)
        try:
            limit = ReadLimit(self._services.settings.read_seconds)
            answer = limit.run(partial(request.match.compute, self._services, read))
        except NeedsWorkerThread:
            request.is_long = True
            return None
        except NotFoundOrGone as absence:
            return self._build_absence(request, caller, absence)
        request.computed_for = caller
        return CacheEntry.from_answer(answer, request.match.resource.path)

    async def compute(self, request: PublicRequest, caller: Caller) -> CachedAnswer:
        """Compute an answer in a worker thread, or wait for it on the event loop."""
        read = ReadRequest(request.path, request.query, caller, token=request.token)
        try:
            answer = await fetch(self._services, self._notifier, request.match, read)
        except NotFoundOrGone as absence:
            return self._build_absence(request, caller, absence)
        request.computed_for = caller
        return CacheEntry.from_answer(answer, request.match.resource.path)

    def _build_absence(
        self, request: PublicRequest, caller: Caller, absence: NotFoundOrGone
    ) -> CachedAbsence:
        """Return a 404 or 410 that can be cached; raise it if its dependencies are unknown."""
        if absence.metadata is None:
            raise absence
        # A new exception has no traceback, which would keep the local variables in memory.
        failure = type(absence)(absence.detail)
        absent = CachedAbsence(absence.metadata, request.match.resource.path, failure)
        request.computed_for = caller
        return absent


class CacheMiddleware:
    """Answers requests for public resources from the cache, and caches computed answers."""

    def __init__(
        self,
        app: App,
        services: Services,
        metrics: Metrics,
        notifier: ChangeNotifier,
        log: RequestLog | None = None,
    ) -> None:
        """Wrap an application, which answers all other requests."""
        self._app = app
        self._settings = services.settings
        self._entries = EntryStore(services.settings.cache_bytes)
        self._freshness = Freshness(services, self._entries)
        self._computer = AnswerComputer(services, notifier)
        self._callers = CallerCache(services)
        self._anonymous = services.anonymous
        self._usage, self._may_send = services.usage, services.usage.quotas.allow_from_memory
        self._limits, self._address_limit = services.limits, services.address_limit
        self._limits_addresses = services.address_limit.is_on
        self._log, self._metrics = log or RequestLog(metrics, services.settings), metrics
        self._builder = ResponseBuilder(services.settings, metrics, self._freshness)
        self._running: dict[tuple[CacheKey, Version, int], SingleFlight[CachedAnswer]] = {}
        self._allows = AddressMiddleware(app, services.settings.allowed_hosts, "").allows
        self._prepared = self._entries.prepared.get
        self._version = services.watch.version
        self._now = services.clock.now
        metrics.cache.watch(self._entries)
        # The server reads the hooks of the outermost middleware.
        self.hooks = Hooks(lookup=self.lookup)

    def lookup(self, scope: Scope) -> Message | None:
        """Return a complete response in one message if that takes no waiting.

        A task, its coroutines and a second turn of the event loop take longer than looking up a
        prepared response. So the server calls this first, and starts a task if it returns None.
        """
        # First of all: nothing else sees the token of an address.
        if scope["query_string"] and scope["path"].startswith(PREFIXES):
            remove_token(scope)
        if scope["method"] != "GET" or FEED_TOKEN in scope:
            return None
        messages = self._respond_cached(scope)
        return messages[0] if messages else None

    def _respond_cached(self, scope: Scope) -> Messages:
        """Return a prepared response, or compute one inline; nothing if that would wait."""
        started = time.perf_counter()
        fingerprint, given = compute_fingerprint(scope)
        is_fresh = self._version() == self._freshness.version or self._freshness.refresh_inline()
        response = self._prepared(fingerprint) if is_fresh else None
        if (
            response is not None
            and (response.until is None or response.until > self._now())
            and (
                response.caller is None
                or (
                    self._callers.find_verified(scope) is response.caller
                    and self._may_send(response.caller, response.entry.metadata.sent)
                )
            )
        ):
            fields: LimitFields | None = NO_FIELDS
            if response.caller is not None or self._limits_addresses:
                fields = self._count_prepared(scope, response.caller)
            if fields is not None:
                response.entry.used = True
                id_ = new_id() if given is None else id_for(given)
                self._log.add_cached(scope, response.tally, len(response.body), id_, started)
                if response.caller is not None:
                    entry, size = response.entry, len(response.body)
                    sent = entry.metadata.sent
                    self._usage.add(response.caller, entry.route, size, sent, is_cached=True)
                return response.messages(scope, id_, fields)
        request = read_request(scope, fingerprint, given, self._allows)
        messages = () if request is None else self._respond_inline(request)
        if not messages:
            # `_respond` removes it again: the request refers to its scope, which makes a cycle.
            scope[_REQUEST] = request
        return messages

    def _count_prepared(self, scope: Scope, caller: Caller | None) -> LimitFields | None:
        """Count a request and return the fields about its limits, or None if it exceeds one."""
        try:
            if caller is not None:
                admission = self._limits.admit(caller)
                return admission.fields or find_fields(admission)
            self._count_address(scope, 1)
        except LimitReached:
            return None
        return NO_FIELDS

    def _count_address(self, scope: Scope, cost: int) -> None:
        """Count a request without a key."""
        address = find_limited_client(scope, self._settings)
        if address is not None:
            self._address_limit.admit(address, cost)

    def _respond_inline(self, request: PublicRequest) -> Messages:
        """Respond without waiting to a request of a caller who is known already."""
        if not request.is_repeatable or not self._freshness.refresh_inline():
            return ()
        try:
            if request.is_shareable:
                # On PostgreSQL, the caller is loaded while the log is read.
                caller = self._anonymous.fixed or self._anonymous.find()
            else:
                caller = self._callers.find_verified(request.scope)
            request.caller = None if request.is_shareable else caller
            if caller is None or caller.entitlement.embargoed:
                return ()
            key = build_cache_key(request, caller)
            cached = self._find(request, key, caller)
            if cached is None:
                return ()
            sent = cached.metadata.sent
            if caller.partner_id is not None and not self._may_send(caller, sent):
                return ()
            messages = self._build_response(request, key, cached, caller)
            request.sent = sent
            return self._log_request(request, messages)
        # This is the outermost middleware, so it answers every exception with a problem document.
        except Exception as error:  # noqa: BLE001
            return self._respond_to_failure(request, error)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for a public resource, or pass it on."""
        messages: Messages = ()
        # Other servers do not call `lookup`.
        if scope.get("query_string") and scope["path"].startswith(PREFIXES):
            remove_token(scope)
        if FEED_TOKEN in scope:
            send = protect(scope, send)
        if scope.get("method") in {"GET", "HEAD"}:
            messages = await self._respond(scope)
        if messages:
            for message in messages:
                await send(message)
            return
        await self._app(scope, receive, send)
        listener = take_listener(scope) if scope.get("method") == "GET" else None
        if listener is not None:
            await listener.run(receive, send)

    async def _respond(self, scope: Scope) -> Messages:
        """Return the response, which may wait; nothing if the resource is not public."""
        if scope["method"] == "HEAD" or FEED_TOKEN in scope:
            request = read_request(scope, *compute_fingerprint(scope), self._allows)
        else:
            # Other servers do not call `lookup`, and this one skips it for a slow client.
            messages = () if _REQUEST in scope else self._respond_cached(scope)
            request = scope.pop(_REQUEST, None)
            if messages:
                return messages
        if request is None:
            return ()
        try:
            return self._log_request(request, await self._find_response(request))
        except CancelledError:
            request.computed_for = request.computed_for or ANONYMOUS
            self._log_request(request, ())
            raise
        # As in `_respond_inline`.
        except Exception as error:  # noqa: BLE001
            return self._respond_to_failure(request, error)

    async def _find_response(self, request: PublicRequest) -> Messages:
        if request.is_long_poll:
            acquire_listener_slot(request.scope, self._settings)
        try:
            await self._freshness.refresh()
        except DatabaseUnavailable:
            messages = self._respond_stale(request)
            if messages:
                return messages
            raise
        caller = await self._callers.find(request.scope, request.headers)
        request.caller = None if request.is_shareable else caller
        key = build_cache_key(request, caller)
        if is_expensive(request.query):
            cancel_on_disconnect(request.scope)
        if caller.embargoed or request.token is not None:
            cached = await self._compute_uncached(request, caller)
        else:
            found = self._find(request, key, caller)
            cached = found or await self._compute_once(request, key, caller)
        messages = self._build_response(request, key, cached, caller)
        if not await self._callers.recheck(request.scope, request.headers, caller):
            return await self._find_response(request)
        if request.scope["method"] == "GET" and messages[0]["status"] != _REFUSED:
            await self._require_quota(caller, cached)
            request.sent = cached.metadata.sent
        return messages

    async def _require_quota(self, caller: Caller, cached: CachedAnswer) -> None:
        """Raise `QuotaExceeded` if the partner may not have the stories of an answer."""
        if caller.partner_id is not None and not self._may_send(caller, cached.metadata.sent):
            await run_in_threadpool(self._usage.quotas.check, caller, cached.metadata.sent)

    def serves_stale(self) -> bool:
        """Tell whether cached answers are sent while the database does not answer."""
        return len(self._entries) > 0 and self._freshness.may_serve_stale

    def _respond_stale(self, request: PublicRequest) -> Messages:
        """Respond from the cache while the database does not answer, if that is allowed.

        Entries still expire: one that time has changed is not sent.
        """
        if not request.is_shareable or not self._freshness.may_serve_stale:
            return ()
        cached = self._entries.get(build_cache_key(request, ANONYMOUS), self._freshness.now)
        if not isinstance(cached, CacheEntry) or cached.status != 200:
            return ()
        response = self._builder.prepare_stale(request, cached)
        if response is None:
            return ()
        if self._limits_addresses:
            self._count_address(request.scope, 1)
        request.computed_for = ANONYMOUS
        return response.messages(request.scope, request.id, NO_FIELDS)

    def _find(self, request: PublicRequest, key: CacheKey, caller: Caller) -> CachedAnswer | None:
        """Count a request, and return its answer from the cache, or compute it inline.

        No other request runs meanwhile, so an inline answer is computed once.
        """
        cached = self._entries.get(key, self._freshness.now)
        if request.admission is None and (key[2] or self._limits_addresses):
            resource = request.match.resource
            cost = 1 if cached is not None else find_cost(resource.path, request.query)
            request.admission = self._limits.admit(caller, cost)
            if not key[2]:
                self._count_address(request.scope, cost)
        if cached is None:
            epoch = self._freshness.epoch
            cached = self._computer.compute_inline(request, caller)
            if cached is not None:
                self._put(key, cached, epoch)
        return cached

    async def _compute_once(
        self, request: PublicRequest, key: CacheKey, caller: Caller
    ) -> CachedAnswer:
        """Compute an answer once for all concurrent requests that see the same version."""
        epoch = self._freshness.epoch
        flight = (key, self._freshness.version, epoch)
        running = self._running.get(flight)
        if running is not None:
            # If the first request is refused, others compute: they may have different keys.
            with suppress(Failure):
                return await running.result()
            return await self._computer.compute(request, caller)
        running = self._running[flight] = SingleFlight(self._computer.compute(request, caller))
        try:
            cached = await running.result()
        finally:
            self._running.pop(flight, None)
        self._put(key, cached, epoch)
        return cached

    async def _compute_uncached(self, request: PublicRequest, caller: Caller) -> CachedAnswer:
        """Count a request, and compute an answer that is not cached.

        The log has no rows for embargoed stories, so an answer with them cannot be invalidated. An
        answer to a token contains it.
        """
        if request.admission is None:
            cost = find_cost(request.match.resource.path, request.query)
            request.admission = self._limits.admit(caller, cost)
        cached = self._computer.compute_inline(request, caller)
        return cached or await self._computer.compute(request, caller)

    def _put(self, key: CacheKey, cached: CachedAnswer, epoch: int) -> None:
        """Cache an answer, unless a change was found since it was begun.

        An outdated answer is sent to the clients that waited for it, and not to later requests.
        """
        known, metadata = self._freshness, cached.metadata
        if metadata.is_cacheable and metadata.serial >= known.serial and epoch == known.epoch:
            self._entries.put(key, cached)

    def _build_response(
        self, request: PublicRequest, key: CacheKey, cached: CachedAnswer, caller: Caller
    ) -> Messages:
        """Return the response of a caller for a cached or computed answer."""
        if isinstance(cached, CachedAbsence):
            return self._builder.build_absence(request, cached)
        weight = cached.weight
        response = self._builder.prepare(request, cached, has_key=key[2] > 0)
        if cached.weight != weight:
            self._entries.weigh(key)
        if response is None:
            return self._builder.build_precondition_failed(request, cached)
        is_get = request.scope["method"] == "GET"
        if is_get and not request.by_language and request.is_repeatable:
            response.caller = None if request.is_shareable else caller
            self._entries.prepare(request.fingerprint, key, response)
        fields = NO_FIELDS if request.admission is None else find_fields(request.admission)
        return response.messages(request.scope, request.id, fields)

    def _respond_to_failure(self, request: PublicRequest, error: Exception) -> Messages:
        """Return a problem document, which is never cached."""
        request.computed_for = request.computed_for or ANONYMOUS
        problem = problem_for(error, request.id)
        return self._log_request(
            request, self._builder.build_problem(request, problem, VARY_BY_ORIGIN)
        )

    def _log_request(self, request: PublicRequest, messages: Messages) -> Messages:
        """Count and log a request, and return its response; without one, the client has left."""
        status, size = CLIENT_LEFT, 0
        if messages:
            status, size = messages[0]["status"], len(messages[-1]["body"])
        method, route = request.scope["method"], request.match.resource.path
        if request.caller is not None:
            self._usage.add(request.caller, route, size, request.sent)
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
