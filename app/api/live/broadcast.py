"""Events of the live stream, built once for all listeners in the same sync state."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace

from starlette.concurrency import run_in_threadpool

from app.api.live.sync_requests import cursor_of
from app.bootstrap import Services
from app.syndication.sync.change_reader import Batch
from app.syndication.sync.entries import SerializedChange
from app.syndication.sync.sync_state import LogProgress, SyncState

_MOST = 200
# Batches are kept for other listeners in the same state: of one version of the database, and at
# most this many bytes.
_KEPT_BYTES = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class EventBatch:
    """Events as they leave, and where the listener stands after them."""

    events: bytes
    after: SyncState
    more: bool


class Broadcast:
    """Builds events from changes, once for each sync state and version."""

    def __init__(self, services: Services) -> None:
        """Make nothing yet."""
        self._services = services
        self._made: dict[SyncState, asyncio.Task[EventBatch]] = {}
        self._version: object = None
        self._bytes = 0

    async def next(self, follower: SyncState, version: object) -> EventBatch:
        """Return what a follower has not heard of, as of a version of the database."""
        if version != self._version or self._bytes > _KEPT_BYTES:
            self._made.clear()
            self._version, self._bytes = version, 0
        making = self._made.get(follower)
        if making is None:
            making = self._made[follower] = asyncio.create_task(self._make(follower))
        try:
            return await asyncio.shield(making)
        except Exception:
            self._made.pop(follower, None)
            raise

    async def _make(self, follower: SyncState) -> EventBatch:
        news = await run_in_threadpool(self._made_now, follower)
        self._bytes += len(news.events)
        return news

    def _made_now(self, follower: SyncState) -> EventBatch:
        batch = self._services.changes.next(follower, _MOST)
        return EventBatch(self._events(batch), batch.after, batch.more)

    def _events(self, batch: Batch) -> bytes:
        """Return the entries as events, each with the cursor of where it leaves its listener."""
        return b"".join(
            _event(cursor_of(self._services, place), entry)
            for place, entry in zip(_places(batch), batch.entries, strict=True)
        )


def _places(batch: Batch) -> Iterator[SyncState]:
    """Yield where each entry of a batch leaves its listener.

    After the last one it stands where the batch ends, which may be further on.
    """
    if not batch.entries:
        return
    start, place = batch.before.progress, batch.after.progress
    # No subscriber begins within a snapshot.
    assert isinstance(start, LogProgress)
    assert isinstance(place, LogProgress)
    place = replace(place, embargoed=replace(place.embargoed, sent=start.embargoed.sent))
    for entry in batch.entries[:-1]:
        place = place.after_row(entry.serial, entry.embargoed)
        yield replace(batch.after, progress=place)
    yield batch.after


def _event(cursor: str, entry: SerializedChange) -> bytes:
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (cursor.encode(), entry.op.encode(), entry.data)
