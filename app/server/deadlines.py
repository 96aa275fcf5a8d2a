"""How long a connection is waited for, and the timer that sees to it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

# What a connection waits for; but for the application, `Deadlines` says how long.
Phase = Literal["head", "body", "application", "reading", "linger"]
_LOOKS = 10


@dataclass(frozen=True, slots=True)
class Deadlines:
    """Seconds to wait without progress; `body_rate` is in bytes a second.

    `head` is for the bytes of a head, and for a next request to begin. After its first `body`
    seconds, a body has to bring `body_rate` on average. `patience` takes the place of `body` and
    `reading` where the application allows time. `linger` is for reading a last answer.
    """

    head: float = 30.0
    body: float = 30.0
    body_rate: float = 1_000.0
    reading: float = 30.0
    patience: float = 600.0
    linger: float = 2.0


class State(NamedTuple):
    """What a connection waits for, in which of its requests, and how many bytes were moved."""

    phase: Phase
    request: int
    moved: int = 0
    is_patient: bool = False


class Timer:
    """Looks at one connection at intervals, and reports a phase that lasts too long.

    A request sets no timer and asks for no time: two looks are compared. So a deadline may pass up
    to two intervals late.
    """

    def __init__(
        self, deadlines: Deadlines, look: Callable[[], State], expire: Callable[[Phase], None]
    ) -> None:
        """Begin to look."""
        self._deadlines, self._look, self._expire = deadlines, look, expire
        self._seen = State("head", 0)
        self._began_at = self._since = asyncio.get_running_loop().time()
        self._turn()

    def cancel(self) -> None:
        """Stop looking, and let go of the connection."""
        self._handle.cancel()
        del self._look, self._expire

    def _turn(self) -> None:
        interval = min(self._deadlines.head, self._deadlines.body, self._deadlines.reading) / _LOOKS
        self._handle = asyncio.get_running_loop().call_later(interval, self._turn)
        now, state, seen = asyncio.get_running_loop().time(), self._look(), self._seen
        if state != seen:
            self._seen, self._since = state, now
            if state[:2] != seen[:2]:
                self._began_at = now
        if state.phase != "application" and self._is_over(state, now):
            self._expire(state.phase)

    def _is_over(self, state: State, now: float) -> bool:
        deadlines = self._deadlines
        limit = deadlines.patience if state.is_patient else getattr(deadlines, state.phase)
        rate = deadlines.body_rate if state.phase == "body" and not state.is_patient else 0
        least = rate * (now - self._began_at - deadlines.body)
        return now - self._since >= limit or state.moved < least
