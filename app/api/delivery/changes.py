"""Sync: all that there is, then what changed since."""

import asyncio
from functools import partial

from starlette.concurrency import run_in_threadpool

from app.access.access_rights import PUBLIC
from app.access.key_validity import require_valid_key
from app.api.delivery.resource import ReadRequest, Resource, delivered
from app.api.http.access import Reads
from app.api.http.answer import Answer
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


async def list_changes(
    services: Services, request: ReadRequest, notifier: ChangeNotifier
) -> Answer:
    """Return the next entries, and wait for the first if there is none and that was asked for."""
    caller = request.reader
    asked = await short_read(
        services, lambda: parse_changes_request(services, request.query, caller.rights)
    )
    batch = await _next(services, notifier, asked)
    if caller.key_id is not None:
        # It may have waited for a minute. Entries are read before the key, so that none of them
        # is later than its revocation.
        check = partial(require_valid_key, services.database, services.clock, caller)
        await short_read(services, check)
    body = encode_batch(services, batch)
    # A cache that repeated for seconds that nothing happened would have followers ask in a loop.
    # Nor may it store what not everybody may see.
    shared = bool(batch.entries) and caller.rights == PUBLIC
    return delivered(request, body, batch.head, keys=("stories",), kept=False, shared=shared)


async def _next(services: Services, notifier: ChangeNotifier, asked: ChangesRequest) -> Batch:
    """Read the next entries, and wait for the first if there is none and that was asked for."""
    loop = asyncio.get_running_loop()
    until = loop.time() + asked.wait
    sync_state = asked.after
    while True:
        version = notifier.version
        read = partial(services.changes.next, sync_state, asked.limit)
        batch = await run_in_threadpool(read)
        if batch.entries or not (
            batch.more or await notifier.wait_for_change(version, until - loop.time())
        ):
            return batch
        sync_state = batch.after


CHANGES = Resource("/v1/changes", Reads.STORIES, list_changes, CHANGE_LIST, "async", waits="wait")
