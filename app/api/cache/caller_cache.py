"""A cache of verified API keys, which is dropped after every write."""

from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool

from app.access.caller import Caller
from app.access.errors import KeyRefused, KeyRestricted
from app.access.keys import is_use_due, verify_key
from app.api.http.asgi import Scope
from app.api.http.clients import client_address, client_of
from app.api.http.feed_tokens import FEED_TOKEN
from app.api.middleware.authentication import (
    authenticate_feed_token,
    find_anonymous,
    find_key,
    require_binding,
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
        try:
            caller = await self._find_by_key(key)
            if caller.binding is not None:
                require_binding(self._services, scope, caller.binding, caller.prefix)
        except KeyRefused:
            self._services.refusals.note(client_of(scope, self._services.settings))
            raise
        if is_use_due(caller, self._services.clock.now()):
            caller = self._note_use(scope, key, caller)
        return caller

    def _note_use(self, scope: Scope, key: str, caller: Caller) -> Caller:
        services = self._services
        address = client_address(scope, services.settings)
        noted = services.key_uses.note(caller, address, services.clock.now())
        if self._known.get(key) is caller:
            self._known[key] = noted
        return noted

    async def _find_by_key(self, key: str) -> Caller:
        services = self._services
        version, now = services.watch.version(), services.clock.now()
        if self._version != version or len(self._known) > _MAX_CALLERS:
            # A revocation changes the version, as every write does.
            self._known.clear()
            self._version = version
        known = self._known.get(key)
        if known is None or known.is_outdated(now) or is_use_due(known, now):
            known = await run_in_threadpool(
                verify_key, services.database, key, now, services.partners.resolve
            )
            # If there was a write meanwhile, the caller may be outdated.
            if self._version == version:
                self._known[key] = known
        return known

    def find_verified(self, scope: Scope) -> Caller | None:
        """Return the caller of a request if its key is still verified; makes no query.

        Return None for a key that may not be used from there: `find` refuses it.
        """
        services = self._services
        if self._version != services.watch.version():
            return None
        caller, now = self._known.get(find_key(scope) or ""), services.clock.now()
        if caller is None or caller.is_outdated(now) or is_use_due(caller, now):
            return None
        if caller.binding is not None:
            try:
                require_binding(services, scope, caller.binding, caller.prefix)
            except KeyRestricted:
                return None
        return caller

    async def recheck(self, scope: Scope, headers: Mapping[bytes, bytes], caller: Caller) -> bool:
        """Tell whether a caller has the same entitlement as when its answer was begun.

        Refuse it if its key or token was revoked or has expired meanwhile.
        """
        if caller.key_id is None and caller.feed_token_id is None:
            return True
        return (await self.find(scope, headers)).entitlement == caller.entitlement
