"""The keys of listeners are checked again before events are sent."""

import asyncio

from starlette.concurrency import run_in_threadpool

from app.access.caller import Caller
from app.access.errors import KeyRefused
from app.access.keys import load_revoked_ids
from app.bootstrap import Services


class KeyRevalidation:
    """Knows which keys were revoked, by one query for all concurrent callers."""

    def __init__(self, services: Services) -> None:
        """Begin without any revoked key."""
        self._services = services
        self._revoked: frozenset[str] = frozenset()
        self._running: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None

    async def refresh(self) -> None:
        """Wait for a query of the revoked keys that starts after this call; raise its failure.

        So events that were read before this call are not later than the known revocations.
        """
        if self._next is None:
            self._next = asyncio.create_task(self._load_after(self._running))
        await asyncio.shield(self._next)

    async def _load_after(self, running: asyncio.Task[None] | None) -> None:
        if running is not None:
            await asyncio.wait([running])
        # Later callers wait for another query.
        self._running, self._next = self._next, None
        self._revoked = await run_in_threadpool(load_revoked_ids, self._services.database)

    async def require_valid(self, caller: Caller) -> None:
        """Wait for a query of the revoked keys, and raise `KeyRefused` for an invalid key."""
        await self.refresh()
        if self.is_invalid(caller):
            raise KeyRefused(f"The key {caller.prefix}… was revoked or has expired.")

    def is_invalid(self, caller: Caller) -> bool:
        """Tell whether a key has expired, or was revoked at the last query; makes no query."""
        return caller.key_id in self._revoked or caller.has_expired(self._services.clock.now())
