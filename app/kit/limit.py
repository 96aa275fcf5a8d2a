"""How long statements of a read may take, and the end of one for which nobody waits any more.

A read has a limit where it is run by `ReadLimit.run`; all else takes as long as it takes.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, TypeVar

import psycopg

Result = TypeVar("Result")


_CANCEL_SECONDS = 5.0


class ReadLimit:
    """The seconds that each statement of an answer may take."""

    __slots__ = ("_lock", "_server", "ends_at", "is_abandoned", "seconds")

    def __init__(self, seconds: float) -> None:
        """Allow each statement so many seconds."""
        self.seconds = seconds
        self.is_abandoned = False
        # When the statement ends that runs on a file, by `time.monotonic`.
        self.ends_at = 0.0
        self._lock = threading.Lock()
        self._server: psycopg.Connection[Any] | None = None

    def run(self, function: Callable[[], Result]) -> Result:
        """Return what a function returns; its reads have this limit."""
        token = _current.set(self)
        try:
            return function()
        finally:
            _current.reset(token)

    def is_over(self) -> bool:
        """Tell whether the statement on a file has to end."""
        return self.is_abandoned or time.monotonic() > self.ends_at

    @contextmanager
    def on_server(self, connection: psycopg.Connection[Any]) -> Iterator[None]:
        """Let `abandon` end what runs on a connection to PostgreSQL."""
        before, self._server = self._server, connection
        try:
            yield
        finally:
            with self._lock:
                self._server = before

    def abandon(self) -> None:
        """End the statement that runs, and refuse the next: nobody waits for the answer."""
        self.is_abandoned = True
        if self._server is not None:
            # It takes a connection of its own.
            threading.Thread(target=self._cancel, name="cancelling", daemon=True).start()

    def _cancel(self) -> None:
        # The connection is not given to anybody else meanwhile.
        with self._lock, suppress(psycopg.Error):
            if self._server is not None:
                self._server.cancel_safe(timeout=_CANCEL_SECONDS)


_current: ContextVar[ReadLimit | None] = ContextVar("read_limit", default=None)
# Returns the limit of the reads that are opened here; there may be none.
current_limit = _current.get


@contextmanager
def unlimited() -> Iterator[None]:
    """Let reads take as long as they take: many answers are made of what they return."""
    token = _current.set(None)
    try:
        yield
    finally:
        _current.reset(token)
