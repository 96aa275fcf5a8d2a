"""Who reads: keys recognised once, and again whenever anything was written."""

from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool

from app.access.caller import ANONYMOUS, Caller
from app.access.errors import KeyRefused
from app.access.keys import authenticate, is_use_record_due
from app.api.http.asgi import Scope
from app.api.http.clients import client_of
from app.api.middleware.authentication import find_key
from app.bootstrap import Services
from app.kit.sql.change_watch import Version

_MOST = 10_000


class Readers:
    """Callers by key, for as long as the database's version stands still."""

    def __init__(self, services: Services) -> None:
        """Know nobody."""
        self._services = services
        self._version: Version | None = None
        self._known: dict[str, Caller] = {}

    async def caller(self, scope: Scope, asked: Mapping[bytes, bytes]) -> Caller:
        """Return who stands behind a request, or refuse the key."""
        if b"authorization" not in asked and b"x-api-key" not in asked:
            return ANONYMOUS
        key = find_key(scope)
        if key is None:
            return ANONYMOUS
        services = self._services
        version, now = services.watch.version(), services.clock.now()
        if self._version != version or len(self._known) > _MOST:
            # A revocation is a write like any other.
            self._known.clear()
            self._version = version
        known = self._known.get(key)
        if known is None or known.has_expired(now) or is_use_record_due(known, now):
            try:
                known = await run_in_threadpool(authenticate, services.database, key, now)
            except KeyRefused:
                services.refusals.note(client_of(scope, services.settings))
                raise
            # What was read before a write that is known of by now may be outdated.
            if self._version == version:
                self._known[key] = known
        return known

    async def check_again(self, scope: Scope, asked: Mapping[bytes, bytes], caller: Caller) -> None:
        """Refuse a caller whose key was revoked, or has expired, while its answer was made."""
        if caller.key_id is not None:
            await self.caller(scope, asked)
