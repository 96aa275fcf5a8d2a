"""Cache misses: the answer is computed, and returned as it is kept."""

from functools import partial

from app.access.caller import Caller
from app.api.cache.entry import Absent, Entry, Kept
from app.api.cache.request import PublicRequest
from app.api.delivery.resource import ReadRequest, TakesLong
from app.api.delivery.respond import fetch
from app.api.http.errors import Absence
from app.api.live.change_notifier import ChangeNotifier
from app.bootstrap import Services
from app.kit.limit import ReadLimit


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
        except TakesLong:
            request.is_long = True
            return None
        except Absence as absence:
            return self._absent(request, caller, absence)
        request.computed_for = caller
        return Entry.of(answer, request.match.resource.path)

    async def wait(self, request: PublicRequest, caller: Caller) -> Kept:
        """Compute an answer in a worker thread, or wait for what it waits for."""
        asked = ReadRequest(request.path, request.query, caller)
        try:
            answer = await fetch(self._services, self._notifier, request.match, asked)
        except Absence as absence:
            return self._absent(request, caller, absence)
        request.computed_for = caller
        return Entry.of(answer, request.match.resource.path)

    def _absent(self, request: PublicRequest, caller: Caller, absence: Absence) -> Absent:
        """Return a 404 or 410 that may be kept; raise it if nothing says what it depends on."""
        if absence.facts is None:
            raise absence
        # Of a new one, which no traceback keeps with all that was in reach of it.
        failure = type(absence)(absence.detail)
        absent = Absent(absence.facts, request.match.resource.path, failure)
        request.computed_for = caller
        return absent
