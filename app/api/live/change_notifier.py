"""Wakes the requests of a process that wait for a write."""

import asyncio

from app.kit.sql.change_watch import Version, Watch

_EVERY = 0.05


class ChangeNotifier:
    """Polls the database's version while at least one request waits."""

    def __init__(self, watch: Watch) -> None:
        """Look at nothing yet."""
        self._watch = watch
        self._waiting = 0
        self._beat: asyncio.Event = asyncio.Event()
        self._looking: asyncio.Task[None] | None = None
        self.ended = False

    def end(self) -> None:
        """Let nobody wait any longer: the server is about to stop."""
        self.ended = True
        self._beat.set()

    @property
    def version(self) -> Version:
        """The version that is there now; note it before a read, to wait for the next."""
        return self._watch.version()

    async def changed(self, known: Version, seconds: float) -> bool:
        """Wait for another version than that which is known, or not much longer; tell which."""
        self._waiting += 1
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            async with asyncio.timeout(seconds):
                while self.version == known and not self.ended:
                    await self._beat.wait()
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1
        return not self.ended

    async def _look(self) -> None:
        seen = self.version
        while self._waiting:
            await asyncio.sleep(_EVERY)
            if self.version != seen:
                seen = self.version
                self._beat.set()
                self._beat = asyncio.Event()
