"""The keys and rights of listeners are checked again before events are sent."""

import asyncio
from collections.abc import Iterable

from starlette.concurrency import run_in_threadpool

from app.access.caller import Caller
from app.access.entitlement import Entitlement
from app.access.errors import KeyRefused
from app.access.keys import load_revoked_ids
from app.bootstrap import Services


class KeyRevalidation:
    """Knows which keys were revoked and which rights changed, by one read for all callers."""

    def __init__(self, services: Services) -> None:
        """Begin without any revoked key."""
        self._services = services
        self._revoked: frozenset[str] = frozenset()
        # The entitlements of the last query, which hold until its callers were checked, and the
        # partners of the next one.
        self._entitlements: dict[str | None, Entitlement] = {}
        self._wanted: set[str | None] = set()
        self._running: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None

    def may_change(self, caller: Caller) -> bool:
        """Tell whether a listener may become invalid."""
        return self._services.rights.may_change(caller)

    async def refresh(self, callers: Iterable[Caller] = ()) -> None:
        """Wait for a query of the revoked keys that starts after this call; raise its failure.

        It also reads the current rights of these callers. So events that were read before this
        call are not later than the known revocations.
        """
        is_derived = self._services.rights.is_derived
        self._wanted.update(caller.partner_id for caller in callers if is_derived(caller))
        if self._next is None:
            self._next = asyncio.create_task(self._load_after(self._running))
        await asyncio.shield(self._next)

    async def _load_after(self, running: asyncio.Task[None] | None) -> None:
        if running is not None:
            await asyncio.wait([running])
        # Later callers wait for another query.
        self._running, self._next = self._next, None
        wanted, self._wanted = self._wanted, set()
        self._revoked = await run_in_threadpool(load_revoked_ids, self._services.database)
        self._entitlements = await run_in_threadpool(self._services.rights.load, wanted)

    async def require_valid(self, caller: Caller) -> None:
        """Wait for a query of the revoked keys, and raise `KeyRefused` for an invalid key."""
        await self.refresh([caller])
        if self.is_invalid(caller):
            raise KeyRefused(
                f"The key {caller.prefix}… is not valid any more, or has other rights."
            )

    def is_invalid(self, caller: Caller) -> bool:
        """Tell whether a key or its rights are over as far as is known; makes no query."""
        if caller.key_id in self._revoked or caller.is_outdated(self._services.clock.now()):
            return True
        if not self._services.rights.is_derived(caller):
            return False
        known = self._entitlements.get(caller.partner_id, caller.entitlement)
        return known != caller.entitlement
