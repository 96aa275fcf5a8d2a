"""How long a connection is waited for, and the timer that sees to it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

# What a connection waits for; but for the application, `Deadlines` says how long.
Phase = Literal["head", "body", "application", "reading", "linger"]
_CHECKS = 10


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds to wait without progress; `body_rate` is in bytes a second.

    `head` is for the bytes of a head, and for a next request to begin. After its first `body`
    seconds, a body has to bring `body_rate` on average. `extended` takes the place of `body` and
    `reading` where the application allows time. `linger` is for reading a last answer.
    """

    head: float = 30.0
    body: float = 30.0
    body_rate: float = 1_000.0
    reading: float = 30.0
    extended: float = 600.0
    linger: float = 2.0


class Progress(NamedTuple):
    """What a connection waits for, in which of its requests, and how many bytes were moved."""

    phase: Phase
    request: int
    moved: int = 0
    is_extended: bool = False


class Timer:
    """Looks at one connection at intervals, and reports a phase that lasts too long.

    A request sets no timer and asks for no time: two looks are compared. So a deadline may pass up
    to two intervals late.
    """

    def __init__(
        self, deadlines: Deadlines, observe: Callable[[], Progress], expire: Callable[[Phase], None]
    ) -> None:
        """Begin to look."""
        self._deadlines, self._observe, self._expire = deadlines, observe, expire
        self._last_progress = Progress("head", 0)
        self._began_at = self._since = asyncio.get_running_loop().time()
        self._check()

    def cancel(self) -> None:
        """Stop looking, and let go of the connection."""
        self._handle.cancel()
        del self._observe, self._expire

    def _check(self) -> None:
        interval = (
            min(self._deadlines.head, self._deadlines.body, self._deadlines.reading) / _CHECKS
        )
        self._handle = asyncio.get_running_loop().call_later(interval, self._check)
        now, state, last = asyncio.get_running_loop().time(), self._observe(), self._last_progress
        if state != last:
            self._last_progress, self._since = state, now
            if state[:2] != last[:2]:
                self._began_at = now
        if state.phase != "application" and self._is_over(state, now):
            self._expire(state.phase)

    def _is_over(self, state: Progress, now: float) -> bool:
        deadlines = self._deadlines
        limit = deadlines.extended if state.is_extended else getattr(deadlines, state.phase)
        rate = deadlines.body_rate if state.phase == "body" and not state.is_extended else 0
        least = rate * (now - self._began_at - deadlines.body)
        return now - self._since >= limit or state.moved < least
