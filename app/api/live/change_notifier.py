"""Wakes the requests of a process that wait for a write."""

import asyncio

from app.kit.sql.change_watch import Version, Watch

_POLL_SECONDS = 0.05


class ChangeNotifier:
    """Polls the database's version while at least one request waits."""

    def __init__(self, watch: Watch) -> None:
        """Start without polling."""
        self._watch = watch
        self._waiting = 0
        self._wakeup: asyncio.Event = asyncio.Event()
        self._polling: asyncio.Task[None] | None = None
        self.ended = False

    def end(self) -> None:
        """End all waits: the server is about to stop."""
        self.ended = True
        self._wakeup.set()

    @property
    def version(self) -> Version:
        """The current database version; read it before a query, to wait for the next change."""
        return self._watch.version()

    async def wait_for_change(self, known: Version, seconds: float) -> bool:
        """Wait until the version differs from `known`; return False on a timeout or at the end."""
        self._waiting += 1
        if self._polling is None or self._polling.done():
            self._polling = asyncio.create_task(self._poll())
        try:
            async with asyncio.timeout(seconds):
                while self.version == known and not self.ended:
                    await self._wakeup.wait()
        except TimeoutError:
            return False
        finally:
            self._waiting -= 1
        return not self.ended

    async def _poll(self) -> None:
        seen = self.version
        while self._waiting:
            await asyncio.sleep(_POLL_SECONDS)
            if self.version != seen:
                seen = self.version
                self._wakeup.set()
                self._wakeup = asyncio.Event()
