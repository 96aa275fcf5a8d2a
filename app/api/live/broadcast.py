"""Events of the live stream, built once for all listeners in the same sync state."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from starlette.concurrency import run_in_threadpool

from app.api.live.sync_requests import build_cursor
from app.bootstrap import Services
from app.syndication.sync.change_reader import Batch
from app.syndication.sync.entries import SerializedChange
from app.syndication.sync.sync_state import LogProgress, SyncState

_MAX_ENTRIES = 200
# Batches are cached for other listeners in the same state: those of one database version, and at
# most this many bytes.
_MAX_CACHED_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class EventBatch:
    """Encoded events, and the sync state after them."""

    events: bytes
    after: SyncState
    more: bool
    next_boundary: datetime | None


class Broadcast:
    """Builds events from changes, once for each sync state and database version."""

    def __init__(self, services: Services) -> None:
        """Start with an empty cache."""
        self._services = services
        self._batches: dict[SyncState, asyncio.Task[EventBatch]] = {}
        self._version: object = None
        self._bytes = 0

    async def load_batch(self, sync_state: SyncState, version: object) -> EventBatch:
        """Return the next events after a sync state, at a database version; wait for the query."""
        if version != self._version or self._bytes > _MAX_CACHED_BYTES:
            self._batches.clear()
            self._version, self._bytes = version, 0
        task = self._batches.get(sync_state)
        if task is None or self._is_outdated(task):
            task = self._batches[sync_state] = asyncio.create_task(self._load(sync_state))
        try:
            return await asyncio.shield(task)
        except Exception:
            self._batches.pop(sync_state, None)
            raise

    def _is_outdated(self, task: asyncio.Task[EventBatch]) -> bool:
        """Tell whether time alone may have caused events since."""
        if not task.done() or task.cancelled() or task.exception() is not None:
            return False
        boundary = task.result().next_boundary
        return boundary is not None and boundary <= self._services.clock.now()

    async def _load(self, sync_state: SyncState) -> EventBatch:
        batch = await run_in_threadpool(self._build, sync_state)
        self._bytes += len(batch.events)
        return batch

    def _build(self, sync_state: SyncState) -> EventBatch:
        batch = self._services.changes.next(sync_state, _MAX_ENTRIES)
        events = self._encode(batch)
        return EventBatch(events, batch.after, batch.more, batch.ends.next_boundary)

    def _encode(self, batch: Batch) -> bytes:
        """Encode entries as events, each with the cursor of the sync state after it."""
        return b"".join(
            _encode_event(build_cursor(self._services, state), entry)
            for state, entry in zip(_find_states(batch), batch.entries, strict=True)
        )


def _find_states(batch: Batch) -> Iterator[SyncState]:
    """Yield the sync state after each entry of a batch.

    After the last entry this is the end of the batch, which may be a later position.
    """
    if not batch.entries:
        return
    progress = batch.before.progress
    # The stream never starts within a snapshot (see `follow_from_now`).
    assert isinstance(progress, LogProgress)
    if progress.is_finished:
        progress = progress.start_run(batch.ends)
    for entry in batch.entries[:-1]:
        if entry.crossing is None:
            progress = progress.after_row(entry.serial, entry.embargoed)
        else:
            progress = progress.after_crossing(entry.crossing)
        yield replace(batch.after, progress=progress)
    yield batch.after


def _encode_event(cursor: str, entry: SerializedChange) -> bytes:
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (cursor.encode(), entry.op.encode(), entry.data)
