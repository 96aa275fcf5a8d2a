"""Cache misses: the answer is computed, counted, logged, and returned as a cache entry."""

import time
from collections.abc import Awaitable

from starlette.concurrency import run_in_threadpool

from app.access.caller import Caller
from app.api.cache.entry import Absent, Entry
from app.api.cache.replies import CacheRequest
from app.api.cache.store import Kept
from app.api.delivery.resource import Deferred, ReadRequest, begin
from app.api.delivery.respond import fetch
from app.api.http.answer import Answer
from app.api.http.errors import Absence
from app.api.live.change_notifier import ChangeNotifier
from app.api.middleware.access_log import log_request
from app.api.ops.metrics import Metrics
from app.bootstrap import Services


class MissHandler:
    """Computes the answers of public resources; refusals are raised."""

    def __init__(self, services: Services, metrics: Metrics, notifier: ChangeNotifier) -> None:
        """Compute with services; `notifier` wakes requests that wait for a write."""
        self._services = services
        self._metrics = metrics
        self._notifier = notifier
        self._embedded = services.database.dialect == "sqlite"

    def start(self, request: CacheRequest, query: bytes, caller: Caller) -> Kept | Deferred | None:
        """Compute what needs no waiting, on SQLite; else return what is left to do, or nothing."""
        if not self._embedded or request.match.resource.waits:
            return None
        try:
            begun = begin(self._services, request.match, _asked(request, query, caller))
        except Absence as absence:
            return self._absent(request, caller, absence)
        return begun if isinstance(begun, Deferred) else self._entry(request, caller, begun)

    async def finish(
        self, request: CacheRequest, query: bytes, caller: Caller, begun: Deferred | None
    ) -> Kept:
        """Do what is left to do, or all of it where nothing was begun."""
        work: Awaitable[Answer]
        if begun is not None:
            work = run_in_threadpool(begun.compute)
        else:
            asked = _asked(request, query, caller)
            work = fetch(self._services, self._notifier, request.match, asked)
        try:
            return self._entry(request, caller, await work)
        except Absence as absence:
            return self._absent(request, caller, absence)

    def note(self, request: CacheRequest, status: int, key: str | None = None) -> None:
        """Count and log a request that was not answered from memory; `key` is a key's prefix."""
        request.noted = True
        scope, route = request.scope, request.match.resource.path
        known = {
            "request_id": request.id,
            "method": scope["method"],
            "route": route,
            "key_prefix": key,
        }
        log_request(
            self._metrics, known, scope["path"], status, time.perf_counter() - request.started
        )

    def _entry(self, request: CacheRequest, caller: Caller, answer: Answer) -> Entry:
        self.note(request, answer.status, caller.prefix)
        return Entry.of(answer, request.match.resource.path)

    def _absent(self, request: CacheRequest, caller: Caller, absence: Absence) -> Absent:
        """Return a 404 or 410 that may be stored; raise it if nothing says what it depends on."""
        if absence.facts is None:
            raise absence
        route = request.match.resource.path
        # Of a new one, which no traceback keeps with all that was in reach of it.
        absent = Absent(absence.facts, route, type(absence)(absence.detail))
        self.note(request, absent.status, caller.prefix)
        return absent


def _asked(request: CacheRequest, query: bytes, caller: Caller) -> ReadRequest:
    return ReadRequest(request.scope["path"], query, caller)
