"""Sync: a snapshot of everything, then the changes since."""

import asyncio
from functools import partial

from starlette.concurrency import run_in_threadpool

from app.access.entitlement import PUBLIC
from app.access.key_validity import require_valid_key
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
from app.syndication.sync.change_reader import Batch
from app.syndication.sync.entries import find_sent_changes


async def list_changes(
    services: Services, request: ReadRequest, notifier: ChangeNotifier
) -> PublicAnswer:
    """Return the next entries; if there are none, wait for one as long as the client asked."""
    caller = request.reader
    asked = await short_read(
        services, lambda: parse_changes_request(services, request.query, caller.entitlement)
    )
    batch = await _wait_for_batch(services, notifier, asked)
    if caller.key_id is not None:
        # The request may have waited for a minute. The key is checked after reading, so that no
        # entry is later than its revocation.
        check = partial(
            require_valid_key, services.database, services.clock, caller, services.partners.resolve
        )
        await short_read(services, check)
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


async def _wait_for_batch(
    services: Services, notifier: ChangeNotifier, asked: ChangesRequest
) -> Batch:
    """Read the next entries; if there are none, wait for one as long as the client asked."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + asked.wait
    sync_state = asked.after
    while True:
        version = notifier.version
        read = partial(services.changes.next, sync_state, asked.limit)
        batch = await run_in_threadpool(read)
        if batch.entries or not (
            batch.more or await notifier.wait_for_change(version, deadline - loop.time())
        ):
            return batch
        sync_state = batch.after


CHANGES = Resource(
    "/v1/changes", ReadPolicy.STORIES, list_changes, CHANGE_LIST, "async", waits="wait"
)
