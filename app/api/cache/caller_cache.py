"""A cache of verified API keys, which is dropped after every write."""

from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool

from app.access.caller import Caller
from app.access.errors import KeyRefused
from app.access.keys import authenticate, is_use_record_due
from app.api.http.asgi import Scope
from app.api.http.feed_tokens import FEED_TOKEN
from app.api.middleware.authentication import (
    authenticate_feed_token,
    find_anonymous,
    find_key,
    note_refusal,
)
from app.bootstrap import Services
from app.kit.sql.change_watch import Version

_MAX_CALLERS = 10_000


class CallerCache:
    """Callers by API key, as long as the version of the database stays the same."""

    def __init__(self, services: Services) -> None:
        """Start empty."""
        self._services = services
        self._version: Version | None = None
        self._known: dict[str, Caller] = {}

    async def find(self, scope: Scope, headers: Mapping[bytes, bytes]) -> Caller:
        """Return the caller of a request, from the database if needed, or refuse the key."""
        if FEED_TOKEN in scope:
            return await authenticate_feed_token(self._services, scope)
        if b"authorization" not in headers and b"x-api-key" not in headers:
            return await find_anonymous(self._services)
        key = find_key(scope)
        if key is None:
            return await find_anonymous(self._services)
        services = self._services
        version, now = services.watch.version(), services.clock.now()
        if self._version != version or len(self._known) > _MAX_CALLERS:
            # A revocation changes the version, as every write does.
            self._known.clear()
            self._version = version
        known = self._known.get(key)
        if known is None or known.is_outdated(now) or is_use_record_due(known, now):
            try:
                known = await run_in_threadpool(
                    authenticate, services.database, key, now, services.partners.resolve
                )
            except KeyRefused:
                note_refusal(services, scope)
                raise
            # If there was a write meanwhile, the caller may be outdated.
            if self._version == version:
                self._known[key] = known
        return known

    def find_verified(self, scope: Scope) -> Caller | None:
        """Return the caller of a request if its key is still verified; makes no query."""
        if self._version != self._services.watch.version():
            return None
        caller, now = self._known.get(find_key(scope) or ""), self._services.clock.now()
        if caller is None or caller.is_outdated(now) or is_use_record_due(caller, now):
            return None
        return caller

    async def recheck(self, scope: Scope, headers: Mapping[bytes, bytes], caller: Caller) -> bool:
        """Tell whether a caller has the same entitlement as when its answer was begun.

        Refuse it if its key or token was revoked or has expired meanwhile.
        """
        if caller.key_id is None and caller.feed_token_id is None:
            return True
        return (await self.find(scope, headers)).entitlement == caller.entitlement
