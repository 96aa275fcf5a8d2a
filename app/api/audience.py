"""Those who listen to the stream: for those who wait, nothing is done and little is held.

Listeners that stand at the same place are a group. When something was written, the news of each
group are made once, and sent to each listener by a task of its own. Whoever still takes what was
sent before stands apart meanwhile, catches up alone, and joins the others again: it holds up
nobody, and no more than a slice is held for it.
"""

import asyncio
from contextlib import suppress
from itertools import count

from app.access.caller import Caller
from app.api.badges import Badges
from app.api.broadcast import Broadcast, News
from app.api.edge.asgi import Receive, Send
from app.api.errors import TooManyListeners
from app.api.pulse import Pulse
from app.kit.errors import Failure
from app.syndication.sync.place import Follower

HEARTBEAT_SECONDS = 15
_HEARTBEAT = b":\n\n"
_SLICE = 64 * 1024


class Listener:
    """One who listens: where it stands, and what is being sent to it."""

    __slots__ = ("apart", "audience", "beat", "caller", "place", "send", "sending")

    def __init__(self, audience: "Audience", caller: Caller, place: Follower, beat: int) -> None:
        """Stand somewhere, apart from the others as yet."""
        self.audience = audience
        self.caller = caller
        self.place = place
        self.beat = beat
        self.apart = True
        self.sending: asyncio.Task[None] | None = None
        self.send: Send

    async def stay(self, receive: Receive, send: Send) -> None:
        """Listen until the reader leaves; the server says so through `receive`."""
        self.send = send
        self.audience.welcome(self)
        try:
            while (await receive())["type"] != "http.disconnect":
                pass
        finally:
            self.audience.leave(self)


class Audience:
    """All who listen to this process."""

    def __init__(self, pulse: Pulse, broadcast: Broadcast, badges: Badges, most: int) -> None:
        """Let so many listen at most."""
        self._pulse = pulse
        self._broadcast = broadcast
        self._badges = badges
        self._most = most
        self._admitted = 0
        self._groups: dict[Follower, set[Listener]] = {}
        self._keyed: set[Listener] = set()
        # A part of them has its heartbeat in each second.
        self._beats = tuple(set[Listener]() for _ in range(HEARTBEAT_SECONDS))
        self._turns = count()
        self._beaten = 0
        self._working: asyncio.Task[None] | None = None
        self._looked_at: object = None

    def admit(self, caller: Caller, place: Follower) -> Listener:
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
            while self._admitted and not self._pulse.ended:
                version = self._pulse.version
                await self._look_at_keys(version)
                await asyncio.gather(*(self._tell(one, version) for one in list(self._groups)))
                self._beat()
                await self._pulse.changed(version, 1.0)
        finally:
            # Whoever listened comes back: to another process, or to this one started anew.
            for listener in [one for beat in self._beats for one in beat]:
                self._end(listener)

    async def _look_at_keys(self, version: object) -> None:
        """End the streams of those whose keys are over, though there may be nothing to send."""
        if self._keyed and version != self._looked_at:
            # Where keys cannot be read there are no events, either; it is tried again.
            with suppress(Failure):
                await self._badges.look()
                self._looked_at = version
        self._end_those_over()

    def _end_those_over(self) -> None:
        for listener in [one for one in self._keyed if self._badges.is_over(one.caller)]:
            self._end(listener)

    async def _tell(self, place: Follower, version: object) -> None:
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
        if news.follower != place:
            for listener in self._groups.pop(place, ()):
                self._move(listener, news.events, news.follower)
        if news.more:
            await self._tell(news.follower, version)

    async def _news(self, place: Follower, version: object) -> News:
        """Return what a group has not heard of; those whose keys are over are in it no longer.

        The keys are looked at after the events were read: none is later than a revocation.
        """
        news = await self._broadcast.next(place, version)
        if news.events and not self._keyed.isdisjoint(self._groups.get(place, ())):
            await self._badges.look()
            self._end_those_over()
        return news

    def _move(self, listener: Listener, events: bytes, place: Follower) -> None:
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
                version = self._pulse.version
                news = await self._broadcast.next(listener.place, version)
                if news.events and listener in self._keyed:
                    await self._badges.insist(listener.caller)
                listener.place = news.follower
                await _send(listener, news.events)
                if not news.more and self._pulse.version == version:
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
