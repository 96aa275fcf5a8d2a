"""The SSE hub: a listener that waits costs no work and little memory.

Listeners in the same sync state are a group. After a write, the events of each group are built
once, and sent to each listener in its own task. A slow listener leaves its group, catches up alone,
and joins a group again: it delays no other listener, and at most one slice is buffered for it.
"""

import asyncio
from contextlib import suppress
from itertools import count

from app.access.caller import Caller
from app.api.http.asgi import Receive, Send
from app.api.http.errors import TooManyListeners
from app.api.live.broadcast import Broadcast, EventBatch
from app.api.live.change_notifier import ChangeNotifier
from app.api.live.key_revalidation import KeyRevalidation
from app.kit.errors import Failure
from app.syndication.sync.sync_state import SyncState

HEARTBEAT_SECONDS = 15
_HEARTBEAT = b":\n\n"
_SLICE = 64 * 1024


class Listener:
    """A client of the stream: its sync state, and what is being sent to it."""

    __slots__ = ("apart", "beat", "caller", "hub", "place", "send", "sending")

    def __init__(self, hub: "EventHub", caller: Caller, place: SyncState, beat: int) -> None:
        """Stand somewhere, apart from the others as yet."""
        self.hub = hub
        self.caller = caller
        self.place = place
        self.beat = beat
        self.apart = True
        self.sending: asyncio.Task[None] | None = None
        self.send: Send

    async def stay(self, receive: Receive, send: Send) -> None:
        """Listen until the reader leaves; the server says so through `receive`."""
        self.send = send
        self.hub.welcome(self)
        try:
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            self.hub.leave(self)


class EventHub:
    """All listeners of this process."""

    def __init__(
        self,
        notifier: ChangeNotifier,
        broadcast: Broadcast,
        revalidation: KeyRevalidation,
        most: int,
    ) -> None:
        """Let so many listen at most."""
        self._notifier = notifier
        self._broadcast = broadcast
        self._revalidation = revalidation
        self._most = most
        self._admitted = 0
        self._groups: dict[SyncState, set[Listener]] = {}
        self._keyed: set[Listener] = set()
        # A part of them has its heartbeat in each second.
        self._beats = tuple(set[Listener]() for _ in range(HEARTBEAT_SECONDS))
        self._turns = count()
        self._beaten = 0
        self._working: asyncio.Task[None] | None = None
        self._looked_at: object = None

    def admit(self, caller: Caller, place: SyncState) -> Listener:
        """Keep a seat for somebody who stands at a place, and will stay or leave."""
        if self._admitted >= self._most:
            raise TooManyListeners("As many listen as this server allows. Try again later.")
        self._admitted += 1
        return Listener(self, caller, place, next(self._turns) % HEARTBEAT_SECONDS)

    def welcome(self, listener: Listener) -> None:
        """Begin to tell a listener."""
        self._beats[listener.beat].add(listener)
        if listener.caller.key_id is not None:
            self._keyed.add(listener)
        listener.sending = asyncio.create_task(self._sent(listener, b""))
        if self._working is None or self._working.done():
            self._beaten = self._second()
            self._working = asyncio.create_task(self._work())

    def leave(self, listener: Listener) -> None:
        """Let a listener go."""
        self._admitted -= 1
        self._part(listener)
        if listener.sending is not None:
            listener.sending.cancel()

    async def _work(self) -> None:
        """Tell the groups of what happens, until nobody listens or the server stops."""
        try:
            while self._admitted and not self._notifier.ended:
                version = self._notifier.version
                await self._look_at_keys(version)
                await asyncio.gather(*(self._tell(one, version) for one in list(self._groups)))
                self._beat()
                await self._notifier.changed(version, 1.0)
        finally:
            # Whoever listened comes back: to another process, or to this one started anew.
            for listener in [one for beat in self._beats for one in beat]:
                self._end(listener)

    async def _look_at_keys(self, version: object) -> None:
        """End the streams of those whose keys are over, though there may be nothing to send."""
        if self._keyed and version != self._looked_at:
            # Where keys cannot be read there are no events, either; it is tried again.
            with suppress(Failure):
                await self._revalidation.refresh()
                self._looked_at = version
        self._end_those_over()

    def _end_those_over(self) -> None:
        for listener in [one for one in self._keyed if self._revalidation.is_over(one.caller)]:
            self._end(listener)

    async def _tell(self, place: SyncState, version: object) -> None:
        """Tell a group what it has not heard of; it stands further on then."""
        if not self._groups.get(place):
            self._groups.pop(place, None)
            return
        try:
            news = await self._news(place, version)
        except Failure:
            for listener in list(self._groups.get(place, ())):
                self._end(listener)
            return
        if news.after != place:
            for listener in self._groups.pop(place, ()):
                self._move(listener, news.events, news.after)
        if news.more:
            await self._tell(news.after, version)

    async def _news(self, place: SyncState, version: object) -> EventBatch:
        """Return what a group has not heard of; those whose keys are over are in it no longer.

        The keys are looked at after the events were read: none is later than a revocation.
        """
        news = await self._broadcast.next(place, version)
        if news.events and not self._keyed.isdisjoint(self._groups.get(place, ())):
            await self._revalidation.refresh()
            self._end_those_over()
        return news

    def _move(self, listener: Listener, events: bytes, place: SyncState) -> None:
        if events and listener.sending is not None:
            # Still taking what was sent before: it goes on from its own place, alone.
            listener.apart = True
            return
        listener.place = place
        self._groups.setdefault(place, set()).add(listener)
        if events:
            listener.sending = asyncio.create_task(self._sent(listener, events))

    async def _sent(self, listener: Listener, events: bytes) -> None:
        """Send events, and what else a listener has not heard of while it stands apart."""
        try:
            await _send(listener, events)
            while listener.apart:
                version = self._notifier.version
                news = await self._broadcast.next(listener.place, version)
                if news.events and listener in self._keyed:
                    await self._revalidation.insist(listener.caller)
                listener.place = news.after
                await _send(listener, news.events)
                if not news.more and self._notifier.version == version:
                    self._groups.setdefault(listener.place, set()).add(listener)
                    listener.apart = False
        except Failure:
            self._part(listener)
            await _finish(listener)
        finally:
            listener.sending = None

    def _beat(self) -> None:
        """Send what keeps connections alive to those whose turn it is."""
        while self._beaten < self._second():
            self._beaten += 1
            for listener in self._beats[self._beaten % HEARTBEAT_SECONDS]:
                if listener.sending is None:
                    listener.sending = asyncio.create_task(self._sent(listener, _HEARTBEAT))

    def _second(self) -> int:
        return int(asyncio.get_running_loop().time())

    def _end(self, listener: Listener) -> None:
        """End the stream of a listener, which will leave then; nothing else is sent to it."""
        self._part(listener)
        if listener.sending is not None:
            listener.sending.cancel()
        listener.sending = asyncio.create_task(_finish(listener))

    def _part(self, listener: Listener) -> None:
        """Take a listener from the others."""
        self._keyed.discard(listener)
        self._beats[listener.beat].discard(listener)
        if not listener.apart:
            self._groups[listener.place].discard(listener)
            listener.apart = True


async def _send(listener: Listener, events: bytes) -> None:
    """Send events in slices, each when the one before was taken."""
    for start in range(0, len(events), _SLICE):
        part = events[start : start + _SLICE]
        await listener.send({"type": "http.response.body", "body": part, "more_body": True})


async def _finish(listener: Listener) -> None:
    await listener.send({"type": "http.response.body", "body": b"", "more_body": False})
