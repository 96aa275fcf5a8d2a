"""The keys and agreements of listeners are checked again before events are sent."""

import asyncio
from collections import Counter

from starlette.concurrency import run_in_threadpool

from app.access.caller import Caller
from app.access.entitlement import TimedEntitlement
from app.access.errors import KeyRefused
from app.access.keys import load_revoked_ids
from app.bootstrap import Services


class KeyRevalidation:
    """Knows which callers are not valid any more, by the same queries for all of them.

    Callers are `watched` while they listen, since the agreements of their partners are queried.
    """

    def __init__(self, services: Services) -> None:
        """Begin without any revoked key."""
        self._services = services
        self._revoked: frozenset[str] = frozenset()
        self._partners: Counter[str] = Counter()
        self._agreements: dict[str, TimedEntitlement] = {}
        self._tokens: Counter[str] = Counter()
        # None at the last query: unknown or revoked.
        self._token_agreements: dict[str, TimedEntitlement | None] = {}
        # Where a product decides what may be read without a key, its last known reader.
        self._anonymous: Caller | None = None
        self._running: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None

    def watch(self, caller: Caller) -> bool:
        """Begin to check a caller, if it may become invalid; return whether it may."""
        if caller.feed_token_id is not None:
            self._tokens[caller.feed_token_id] += 1
            return True
        if caller.partner_id is not None:
            self._partners[caller.partner_id] += 1
        return caller.key_id is not None or self._services.anonymous.fixed is None

    def forget(self, caller: Caller) -> None:
        """Stop to check a caller that is watched."""
        token_id, partner_id = caller.feed_token_id, caller.partner_id
        if token_id is not None:
            self._tokens[token_id] -= 1
            if not self._tokens[token_id]:
                del self._tokens[token_id]
                self._token_agreements.pop(token_id, None)
        elif partner_id is not None:
            self._partners[partner_id] -= 1
            if not self._partners[partner_id]:
                del self._partners[partner_id]
                self._agreements.pop(partner_id, None)

    async def refresh(self) -> None:
        """Wait for queries that start after this call; raise their failure.

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
        if self._partners:
            now, resolve = self._services.clock.now(), self._services.partners.resolve_all
            found = await run_in_threadpool(resolve, list(self._partners), now)
            for partner_id in found.keys() & self._partners.keys():
                self._agreements[partner_id] = found[partner_id]
        if self._tokens:
            ids, now = frozenset(self._tokens), self._services.clock.now()
            granted = await run_in_threadpool(self._services.feed_tokens.resolve_all, ids, now)
            # Others are watched since.
            still = ids & self._tokens.keys()
            self._token_agreements = {id_: granted.get(id_) for id_ in still}
        if self._services.anonymous.fixed is None:
            self._anonymous = await run_in_threadpool(self._services.anonymous.load)

    async def require_valid(self, caller: Caller) -> None:
        """Wait for the queries, and raise `KeyRefused` for an invalid caller."""
        await self.refresh()
        if self.is_invalid(caller):
            raise KeyRefused(f"The key {caller.prefix}… may not read this any more.")

    def is_invalid(self, caller: Caller) -> bool:
        """Tell whether a key or its agreement ended, or was changed at the last query."""
        if caller.key_id in self._revoked or caller.is_outdated(self._services.clock.now()):
            return True
        if caller.feed_token_id is not None:
            known = self._token_agreements
            return caller.feed_token_id in known and _differs(caller, known[caller.feed_token_id])
        if caller.partner_id is not None:
            current = self._agreements.get(caller.partner_id)
            return current is not None and _differs(caller, current)
        if caller.key_id is not None or self._anonymous is None:
            return False
        return self._anonymous.entitlement != caller.entitlement


def _differs(caller: Caller, current: TimedEntitlement | None) -> bool:
    """Tell whether a caller has another agreement than it was authenticated with, or none."""
    known = (caller.entitlement, caller.limits)
    return current is None or known != (current.entitlement, current.limits)
