"""The keys and agreements of listeners are checked again before events are sent."""

import asyncio
from collections import Counter
from datetime import datetime
from typing import Any

from starlette.concurrency import run_in_threadpool

from app.access.caller import Caller
from app.access.entitlement import TimedEntitlement
from app.access.errors import KeyRefused
from app.access.keys import is_over, load_key_ends
from app.access.store import KeyEnd
from app.bootstrap import Services


class KeyRevalidation:
    """Knows which callers are not valid any more, by the same queries for all of them.

    Callers are `watched` while they listen, since their keys and agreements are queried.
    """

    def __init__(self, services: Services) -> None:
        """Begin without any key."""
        self._services = services
        self._keys: Counter[str] = Counter()
        # At the last query: a rotation gives a key an end that it did not have.
        self._key_ends: dict[str, KeyEnd] = {}
        self._partners: Counter[str] = Counter()
        self._agreements: dict[str, TimedEntitlement] = {}
        self._tokens: Counter[str] = Counter()
        # None at the last query: unknown or not valid.
        self._token_callers: dict[str, Caller | None] = {}
        # Where a product decides what may be read without a key, its last known reader.
        self._anonymous: Caller | None = None
        self._running: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None

    def watch(self, caller: Caller) -> bool:
        """Begin to check a caller, if it may become invalid; return whether it may."""
        if caller.feed_token_id is not None:
            self._tokens[caller.feed_token_id] += 1
            return True
        if caller.key_id is not None:
            self._keys[caller.key_id] += 1
        if caller.partner_id is not None:
            self._partners[caller.partner_id] += 1
        return caller.key_id is not None or self._services.anonymous.fixed is None

    def forget(self, caller: Caller) -> None:
        """Stop to check a caller that is watched."""
        if caller.feed_token_id is not None:
            _forget(caller.feed_token_id, self._tokens, self._token_callers)
            return
        if caller.key_id is not None:
            _forget(caller.key_id, self._keys, self._key_ends)
        if caller.partner_id is not None:
            _forget(caller.partner_id, self._partners, self._agreements)

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
        if self._keys:
            ids = frozenset(self._keys)
            ends = await run_in_threadpool(load_key_ends, self._services.database, ids)
            self._key_ends = {id_: ends[id_] for id_ in ends.keys() & self._keys.keys()}
        if self._partners:
            now, resolve = self._services.clock.now(), self._services.partners.resolve_all
            found = await run_in_threadpool(resolve, list(self._partners), now)
            for partner_id in found.keys() & self._partners.keys():
                self._agreements[partner_id] = found[partner_id]
        if self._tokens:
            ids, now = frozenset(self._tokens), self._services.clock.now()
            callers = await run_in_threadpool(self._services.feed_tokens.load_all, ids, now)
            # Others are watched since.
            still = ids & self._tokens.keys()
            self._token_callers = {id_: callers.get(id_) for id_ in still}
        if self._services.anonymous.fixed is None:
            self._anonymous = await run_in_threadpool(self._services.anonymous.load)

    async def require_valid(self, caller: Caller) -> None:
        """Wait for the queries, and raise `KeyRefused` for an invalid caller."""
        await self.refresh()
        if self.is_invalid(caller):
            raise KeyRefused(f"The key {caller.prefix}… may not read this any more.")

    def is_invalid(self, caller: Caller) -> bool:
        """Tell whether a key or its agreement ended, or was changed at the last query."""
        now = self._services.clock.now()
        end = self._key_ends.get(caller.key_id or "")
        if caller.is_outdated(now) or (end is not None and is_over(end, now)):
            return True
        if caller.feed_token_id is not None:
            known = self._token_callers.get(caller.feed_token_id, caller)
            return known is None or _differs(caller, _agreement_of(known), now)
        if caller.partner_id is not None:
            current = self._agreements.get(caller.partner_id)
            return current is not None and _differs(caller, current, now)
        if caller.key_id is not None or self._anonymous is None:
            return False
        return self._anonymous.entitlement != caller.entitlement


def _agreement_of(caller: Caller) -> TimedEntitlement:
    return TimedEntitlement(caller.entitlement, caller.entitled_until, caller.limits)


def _differs(caller: Caller, current: TimedEntitlement, now: datetime) -> bool:
    """Tell whether a caller has another agreement than it was authenticated with, or none."""
    known = (caller.entitlement, caller.limits)
    has_ended = current.until is not None and current.until <= now
    return has_ended or known != (current.entitlement, current.limits)


def _forget(id_: str, watched: Counter[str], known: dict[str, Any]) -> None:
    """Count one listener less; without any, nothing is known any more."""
    watched[id_] -= 1
    if not watched[id_]:
        del watched[id_]
        known.pop(id_, None)
