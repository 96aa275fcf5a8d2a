"""A cache of verified API keys, which are verified again after a write that may change rights."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from starlette.concurrency import run_in_threadpool

from app.access.caller import Caller
from app.access.errors import KeyRefused, KeyRestricted
from app.access.keys import is_use_due, verify_key
from app.api.http.asgi import Scope
from app.api.http.clients import client_address
from app.api.http.feed_tokens import FEED_TOKEN
from app.api.middleware.authentication import (
    authenticate_feed_token,
    find_anonymous,
    find_key,
    note_refusal,
    require_binding,
)
from app.bootstrap import Services
from app.kit.errors import Failure
from app.kit.sql.change_watch import Version

_MAX_CALLERS = 10_000


class _Known(NamedTuple):
    """A caller, and the version of rights at which its key was verified."""

    caller: Caller
    version: Version


class CallerCache:
    """Callers by API key; each is valid as long as the version of rights stays the same."""

    def __init__(self, services: Services) -> None:
        """Start empty."""
        self._services = services
        # SQLite needs no round trip, so keys are verified again on the event loop.
        self._is_embedded = services.database.dialect == "sqlite"
        self._known: dict[str, _Known] = {}

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
            note_refusal(self._services, scope)
            raise
        if is_use_due(caller, self._services.clock.now()):
            caller = self._note_use(scope, key, caller)
        return caller

    def _note_use(self, scope: Scope, key: str, caller: Caller) -> Caller:
        services = self._services
        address = client_address(scope, services.settings)
        noted = services.key_uses.note(caller, address, services.clock.now())
        known = self._known.get(key)
        if known is not None and known.caller is caller:
            self._known[key] = known._replace(caller=noted)
        return noted

    async def _find_by_key(self, key: str) -> Caller:
        services = self._services
        version, now = services.watch.rights_version(), services.clock.now()
        known = self._known.get(key)
        # A revocation changes the version, as every write does that does not only count.
        if known is not None and known.version == version and not known.caller.is_outdated(now):
            return known.caller
        caller = await run_in_threadpool(
            verify_key, services.database, key, now, services.partners.resolve
        )
        if len(self._known) > _MAX_CALLERS:
            self._known.clear()
        # If there was a write meanwhile, the caller may be outdated, and is verified again.
        self._known[key] = _Known(caller, version)
        return caller

    def find_verified(self, scope: Scope) -> Caller | None:
        """Return the caller of a request if its key was verified before, and is still valid.

        Return None for a key that may not be used from there: `find` refuses it.
        """
        key = find_key(scope) or ""
        known = self._known.get(key)
        if known is None:
            return None
        version, now = self._services.watch.rights_version(), self._services.clock.now()
        caller: Caller | None = known.caller
        if known.version != version:
            caller = self._verify_again(key, known.caller, version, now)
        if caller is None or caller.is_outdated(now):
            return None
        if caller.binding is not None:
            try:
                require_binding(self._services, scope, caller.binding, caller.prefix)
            except KeyRestricted:
                return None
        return self._note_use(scope, key, caller) if is_use_due(caller, now) else caller

    def _verify_again(
        self, key: str, known: Caller, version: Version, now: datetime
    ) -> Caller | None:
        """Verify a key again if that needs no round trip; return None if `find` has to."""
        if not self._is_embedded:
            return None
        services = self._services
        try:
            caller = verify_key(services.database, key, now, services.partners.resolve)
        except Failure:
            return None
        # The last use may not be written yet.
        caller = replace(caller, use_noted_at=known.use_noted_at)
        # Prepared responses are for a caller, not for its equals.
        caller = known if caller == known else caller
        self._known[key] = _Known(caller, version)
        return caller

    async def recheck(self, scope: Scope, headers: Mapping[bytes, bytes], caller: Caller) -> bool:
        """Tell whether a caller has the same entitlement as when its answer was begun.

        Refuse it if its key or token was revoked or has expired meanwhile.
        """
        if caller.key_id is None and caller.feed_token_id is None:
            return True
        return (await self.find(scope, headers)).entitlement == caller.entitlement
