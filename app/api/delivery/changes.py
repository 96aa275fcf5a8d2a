"""Sync: a snapshot of everything, then the changes since."""

import asyncio
from datetime import datetime
from functools import partial

from starlette.concurrency import run_in_threadpool

from app.access.caller import Caller
from app.access.entitlement import PUBLIC
from app.access.key_validity import refuse_changed, require_valid_key
from app.api.delivery.resource import ReadRequest, Resource, build_answer
from app.api.http.access import ReadPolicy
from app.api.http.answer import PublicAnswer
from app.api.live.change_notifier import ChangeNotifier
from app.api.live.sync_requests import (
    CHANGE_LIST,
    ChangesRequest,
    encode_batch,
    parse_changes_request,
    short_read,
)
from app.bootstrap import Services
from app.kit.sql.change_watch import Version
from app.syndication.sync.change_reader import Batch
from app.syndication.sync.entries import find_sent_changes

# How often a request that waits for an instant looks at the clock.
_CLOCK_SECONDS = 0.5


async def list_changes(
    services: Services, request: ReadRequest, notifier: ChangeNotifier
) -> PublicAnswer:
    """Return the next entries; if there are none, wait for one as long as the client asked."""
    caller = request.reader
    asked = await short_read(
        services, lambda: parse_changes_request(services, request.query, caller.entitlement)
    )
    batch = await _wait_for_batch(services, notifier, asked, caller)
    # The request may have waited for a minute. Key and rights are checked after reading, so that no
    # entry is later than the end of them.
    await _require_valid(services, caller)
    body = encode_batch(services, batch)
    # If a shared cache stored an empty answer for seconds, clients would poll it in a loop. It must
    # not store entries that are not public either.
    is_public = bool(batch.entries) and caller.entitlement == PUBLIC
    return build_answer(
        request,
        body,
        batch.head,
        surrogate_keys=("stories",),
        is_cacheable=False,
        is_public=is_public,
        sent=find_sent_changes(batch.entries) if caller.partner_id is not None else (),
    )


async def _require_valid(services: Services, caller: Caller) -> None:
    """Raise if the key or the rights of a caller have ended or changed since it was verified."""
    if caller.key_id is not None:
        check = partial(
            require_valid_key, services.database, services.clock, caller, services.partners.resolve
        )
        await short_read(services, check)
    elif services.anonymous.fixed is None:
        current = await short_read(services, services.anonymous.load)
        refuse_changed(caller, current.entitlement)


async def _wait_for_batch(
    services: Services, notifier: ChangeNotifier, asked: ChangesRequest, caller: Caller
) -> Batch:
    """Read the next entries; if there are none, wait for one as long as the client asked."""
    deadline = asyncio.get_running_loop().time() + asked.wait
    sync_state = asked.after
    while True:
        version = notifier.version
        read = partial(services.changes.next, sync_state, asked.limit)
        batch = await run_in_threadpool(read)
        if batch.entries:
            return batch
        if not batch.more:
            until = await _load_end(services, caller) if asked.wait else None
            instants = (batch.ends.next_boundary, until)
            ends_at = min((instant for instant in instants if instant is not None), default=None)
            if not await _wait_for_change(services, notifier, version, deadline, ends_at):
                return batch
            if until is not None and until <= services.clock.now():
                return batch
        # A write that caused no entry may have been a revocation.
        await _require_valid(services, caller)
        sync_state = batch.after


async def _load_end(services: Services, caller: Caller) -> datetime | None:
    """Return when the agreement of a caller ends, which may have been changed since it began.

    Raise `RightsChanged` if the agreement grants something else by now.
    """
    partner_id = caller.partner_id
    if partner_id is None:
        return caller.entitled_until
    current = await short_read(
        services, lambda: services.partners.resolve(partner_id, services.clock.now())
    )
    refuse_changed(caller, current.entitlement)
    return current.until


async def _wait_for_change(
    services: Services,
    notifier: ChangeNotifier,
    version: Version,
    deadline: float,
    ends_at: datetime | None,
) -> bool:
    """Wait for a write, or for an instant if one is given; tell whether it came in time."""
    loop = asyncio.get_running_loop()
    while True:
        seconds = deadline - loop.time()
        step = seconds if ends_at is None else min(seconds, _CLOCK_SECONDS)
        if await notifier.wait_for_change(version, step):
            return True
        if ends_at is not None and ends_at <= services.clock.now():
            return not notifier.ended
        if notifier.ended or loop.time() >= deadline:
            return False


CHANGES = Resource(
    "/v1/changes", ReadPolicy.STORIES, list_changes, CHANGE_LIST, "async", waits="wait"
)
