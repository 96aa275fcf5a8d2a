"""Keys of listeners are checked again before anything is sent to them."""

import asyncio

from starlette.concurrency import run_in_threadpool

from app.access.caller import Caller
from app.access.errors import KeyRefused
from app.access.keys import load_revoked_ids
from app.bootstrap import Services


class KeyRevalidation:
    """Knows which keys were revoked, by one query for all listeners that ask at once."""

    def __init__(self, services: Services) -> None:
        """Know of none yet."""
        self._services = services
        self._revoked: frozenset[str] = frozenset()
        self._running: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None

    async def refresh(self) -> None:
        """Look at the keys by a query that begins after this call; raise where it fails.

        Events that were read before are thus no later than what is known of the keys.
        """
        if self._next is None:
            self._next = asyncio.create_task(self._look_after(self._running))
        await asyncio.shield(self._next)

    async def _look_after(self, running: asyncio.Task[None] | None) -> None:
        if running is not None:
            await asyncio.wait([running])
        # Later callers wait for another query.
        self._running, self._next = self._next, None
        self._revoked = await run_in_threadpool(load_revoked_ids, self._services.database)

    async def insist(self, caller: Caller) -> None:
        """Look at the keys, and raise `KeyRefused` if that of a caller is over."""
        await self.refresh()
        if self.is_over(caller):
            raise KeyRefused(f"The key {caller.prefix}… was revoked or has expired.")

    def is_over(self, caller: Caller) -> bool:
        """Tell whether a caller's key was revoked or has expired."""
        return caller.key_id in self._revoked or caller.has_expired(self._services.clock.now())
