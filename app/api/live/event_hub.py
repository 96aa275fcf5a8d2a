"""The SSE hub: a listener that waits costs no work and little memory.

Listeners in the same sync state are a group. After a write, the events of each group are built
once, and sent to each listener in its own task. A slow listener leaves its group, catches up alone,
and joins a group again: it delays no other listener, and at most one slice is buffered for it.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from itertools import count

from starlette.concurrency import run_in_threadpool

from app.access.caller import Caller
from app.api.http.asgi import Receive, Send
from app.api.http.errors import TooManyListeners
from app.api.live.broadcast import Broadcast, EventBatch
from app.api.live.change_notifier import ChangeNotifier
from app.api.live.key_revalidation import KeyRevalidation
from app.kit.errors import Failure
from app.partners.sent_story import SentStory
from app.partners.usage import Usage
from app.syndication.sync.sync_state import SyncState

HEARTBEAT_SECONDS = 15
_HEARTBEAT = b":\n\n"
_SLICE = 64 * 1024
# In usage and receipts.
PATH = "/v1/stream"


class Listener:
    """A client of the stream: its sync state, and the task that sends to it, if any.

    A listener that `is_detached` is in no group. `second` is when its heartbeat is due, modulo
    `HEARTBEAT_SECONDS`.
    """

    __slots__ = ("caller", "hub", "is_detached", "second", "send", "sending", "sync_state")

    def __init__(self, hub: "EventHub", caller: Caller, sync_state: SyncState, second: int) -> None:
        """Begin without a group."""
        self.hub = hub
        self.caller = caller
        self.sync_state = sync_state
        self.second = second
        self.is_detached = True
        self.sending: asyncio.Task[None] | None = None
        self.send: Send

    async def run(self, receive: Receive, send: Send) -> None:
        """Send events until the client disconnects, which `receive` reports."""
        self.send = send
        self.hub.start(self)
        try:
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            self.hub.remove(self)


class EventHub:
    """All listeners of this process."""

    def __init__(
        self,
        notifier: ChangeNotifier,
        broadcast: Broadcast,
        revalidation: KeyRevalidation,
        usage: Usage,
        limit: int,
    ) -> None:
        """Allow at most `limit` listeners."""
        self._notifier = notifier
        self._broadcast = broadcast
        self._revalidation = revalidation
        self._usage = usage
        self._limit = limit
        self._count = 0
        self._groups: dict[SyncState, set[Listener]] = {}
        self._checked: set[Listener] = set()
        # Heartbeats are spread over time: each second has a part of the listeners.
        self._by_second = tuple(set[Listener]() for _ in range(HEARTBEAT_SECONDS))
        self._numbers = count()
        self._last_heartbeat = 0
        self._running: asyncio.Task[None] | None = None
        self._revalidated_version: object = None

    def add(self, caller: Caller, sync_state: SyncState) -> Listener:
        """Count a new listener, which gets events after `start`; the caller has to `remove` it."""
        if self._count >= self._limit:
            raise TooManyListeners("As many listen as this server allows. Try again later.")
        self._count += 1
        return Listener(self, caller, sync_state, next(self._numbers) % HEARTBEAT_SECONDS)

    def start(self, listener: Listener) -> None:
        """Begin to send events to a listener."""
        self._by_second[listener.second].add(listener)
        if self._revalidation.watch(listener.caller):
            self._checked.add(listener)
        if listener.caller.partner_id is not None:
            # Its agreement may have changed since it was authenticated.
            self._revalidated_version = None
        listener.sending = asyncio.create_task(self._send_events(listener, b""))
        if self._running is None or self._running.done():
            self._last_heartbeat = self._current_second()
            self._running = asyncio.create_task(self._run())

    def remove(self, listener: Listener) -> None:
        """Remove a listener whose client has disconnected."""
        self._count -= 1
        self._detach(listener)
        if listener.sending is not None:
            listener.sending.cancel()

    async def _run(self) -> None:
        """Send changes to all groups until there is no listener or the server stops."""
        try:
            while self._count and not self._notifier.ended:
                version = self._notifier.version
                await self._revalidate_keys(version)
                await asyncio.gather(
                    *(self._send_to_group(state, version) for state in list(self._groups))
                )
                self._send_heartbeats()
                await self._notifier.wait_for_change(version, 1.0)
        finally:
            # Clients reconnect to another process, or to this one after its restart.
            for listener in [listener for part in self._by_second for listener in part]:
                self._end(listener)

    async def _revalidate_keys(self, version: object) -> None:
        """End the streams of invalid keys, also if there are no events to send."""
        if self._checked and version != self._revalidated_version:
            # Without the database there are no events either; the next turn tries again.
            with suppress(Failure):
                await self._revalidation.refresh()
                self._revalidated_version = version
        self._end_invalid()

    def _end_invalid(self) -> None:
        is_invalid = self._revalidation.is_invalid
        for listener in [listener for listener in self._checked if is_invalid(listener.caller)]:
            self._end(listener)

    async def _send_to_group(self, sync_state: SyncState, version: object) -> None:
        """Send the next events to a group, whose sync state changes with them."""
        if not self._groups.get(sync_state):
            self._groups.pop(sync_state, None)
            return
        try:
            batch = await self._load_batch(sync_state, version)
        except Failure:
            for listener in list(self._groups.get(sync_state, ())):
                self._end(listener)
            return
        if batch.after != sync_state:
            for listener in self._groups.pop(sync_state, ()):
                self._advance(listener, batch)
        if batch.more:
            await self._send_to_group(batch.after, version)

    async def _load_batch(self, sync_state: SyncState, version: object) -> EventBatch:
        """Load the next events of a group, and end its listeners with invalid keys.

        Keys are read after the events, so that no event is later than a revocation.
        """
        batch = await self._broadcast.load_batch(sync_state, version)
        if batch.events and not self._checked.isdisjoint(self._groups.get(sync_state, ())):
            await self._revalidation.refresh()
            self._end_invalid()
        return batch

    def _advance(self, listener: Listener, batch: EventBatch) -> None:
        """Send a batch to a listener of a group, and move it to the group of the next state."""
        if batch.events and listener.sending is not None:
            # The client still reads earlier events: `_send_events` continues from its sync state.
            listener.is_detached = True
            return
        listener.sync_state = batch.after
        self._groups.setdefault(batch.after, set()).add(listener)
        if batch.events:
            sending = self._send_events(listener, batch.events, batch.sent)
            listener.sending = asyncio.create_task(sending)

    async def _send_events(
        self, listener: Listener, events: bytes, sent: Sequence[SentStory] = ()
    ) -> None:
        """Send events with some stories; a detached listener catches up, and joins a group."""
        try:
            await self._send(listener, events, sent)
            while listener.is_detached:
                version = self._notifier.version
                batch = await self._broadcast.load_batch(listener.sync_state, version)
                if batch.events and listener in self._checked:
                    await self._revalidation.require_valid(listener.caller)
                listener.sync_state = batch.after
                await self._send(listener, batch.events, batch.sent)
                if not batch.more and self._notifier.version == version:
                    self._groups.setdefault(listener.sync_state, set()).add(listener)
                    listener.is_detached = False
        except Failure:
            self._detach(listener)
            await _finish(listener)
        finally:
            listener.sending = None

    async def _send(self, listener: Listener, events: bytes, sent: Sequence[SentStory]) -> None:
        """Send events in slices, each after the last, and count them.

        Raise `QuotaExceeded` if the partner may not have the stories.
        """
        quotas = self._usage.quotas
        if not quotas.allow_from_memory(listener.caller, sent):
            await run_in_threadpool(quotas.check, listener.caller, sent)
        for start in range(0, len(events), _SLICE):
            part = events[start : start + _SLICE]
            await listener.send({"type": "http.response.body", "body": part, "more_body": True})
        if events not in (b"", _HEARTBEAT):
            # The access log counts the request.
            self._usage.add(listener.caller, PATH, len(events), sent, requests=0)

    def _send_heartbeats(self) -> None:
        """Send the heartbeats that are due, which keep idle connections open."""
        while self._last_heartbeat < self._current_second():
            self._last_heartbeat += 1
            for listener in self._by_second[self._last_heartbeat % HEARTBEAT_SECONDS]:
                if listener.sending is None:
                    listener.sending = asyncio.create_task(self._send_events(listener, _HEARTBEAT))

    def _current_second(self) -> int:
        return int(asyncio.get_running_loop().time())

    def _end(self, listener: Listener) -> None:
        """End the response of a listener, and send nothing else; its client then disconnects."""
        self._detach(listener)
        if listener.sending is not None:
            listener.sending.cancel()
        listener.sending = asyncio.create_task(_finish(listener))

    def _detach(self, listener: Listener) -> None:
        """Remove a listener from its group, and from heartbeats and key revalidation."""
        if listener in self._checked:
            self._checked.discard(listener)
            self._revalidation.forget(listener.caller)
        self._by_second[listener.second].discard(listener)
        if not listener.is_detached:
            self._groups[listener.sync_state].discard(listener)
            listener.is_detached = True


async def _finish(listener: Listener) -> None:
    await listener.send({"type": "http.response.body", "body": b"", "more_body": False})
