"""Timeouts of a connection, and the timer that enforces them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

# What a connection waits for. `Deadlines` has a timeout for each but the application.
Phase = Literal["head", "body", "application", "reading", "linger"]
_TICKS = 10


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Timeouts in seconds without progress; `body_rate` is in bytes per second.

    `head` applies to the head of a request, and to an idle connection. After its first `body`
    seconds, a body must arrive at `body_rate` on average. `reading` applies to a client that reads
    a response. `extended` replaces `body` and `reading` if the application allows more time.
    `linger` applies while the client reads the last response.
    """

    head: float = 30.0
    body: float = 30.0
    body_rate: float = 1_000.0
    reading: float = 30.0
    extended: float = 600.0
    linger: float = 2.0


class Progress(NamedTuple):
    """What a connection waits for, the number of its request, and the bytes transferred."""

    phase: Phase
    request: int
    moved: int = 0
    is_extended: bool = False


class Timer:
    """Checks a connection at intervals, and reports an expired timeout.

    Requests set no timers and read no clock: the timer compares the progress of two checks. So a
    timeout may fire up to two intervals late.
    """

    def __init__(
        self, deadlines: Deadlines, observe: Callable[[], Progress], expire: Callable[[Phase], None]
    ) -> None:
        """Start the checks."""
        self._deadlines, self._observe, self._expire = deadlines, observe, expire
        self._last = Progress("head", 0)
        self._began_at = self._since = asyncio.get_running_loop().time()
        self._check()

    def cancel(self) -> None:
        """Stop the checks, and release the connection."""
        self._handle.cancel()
        del self._observe, self._expire

    def _check(self) -> None:
        interval = min(self._deadlines.head, self._deadlines.body, self._deadlines.reading) / _TICKS
        self._handle = asyncio.get_running_loop().call_later(interval, self._check)
        now, state, last = asyncio.get_running_loop().time(), self._observe(), self._last
        if state != last:
            self._last, self._since = state, now
            if state[:2] != last[:2]:
                self._began_at = now
        if state.phase != "application" and self._has_expired(state, now):
            self._expire(state.phase)

    def _has_expired(self, state: Progress, now: float) -> bool:
        deadlines = self._deadlines
        limit = deadlines.extended if state.is_extended else getattr(deadlines, state.phase)
        rate = deadlines.body_rate if state.phase == "body" and not state.is_extended else 0
        least = rate * (now - self._began_at - deadlines.body)
        return now - self._since >= limit or state.moved < least
