"""Limits on requests that wait for the provider: if it is down, only sign-in stops working.

Anyone can start a sign-in, and each request to the provider occupies a thread of this server.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from app.access.errors import SignInUnavailable
from app.kit.clock import Clock

_MOST_CALLS = 4
_FRESH_FOR = timedelta(hours=1)
# After this time, a document that cannot be loaded again is not used any more.
_USABLE_FOR = timedelta(days=1)
_RETRIED_AFTER = timedelta(seconds=10)
_T = TypeVar("_T")


class CallLimit:
    """Allows a few calls at the same time; the others are refused immediately."""

    def __init__(self) -> None:
        """Start without calls."""
        self._free = threading.BoundedSemaphore(_MOST_CALLS)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Count a call while it runs; raise `SignInUnavailable` if there are too many."""
        if not self._free.acquire(blocking=False):
            raise SignInUnavailable("Too many sign-ins wait for the provider. Try again.")
        try:
            yield
        finally:
            self._free.release()


class CachedDocument(Generic[_T]):
    """A document of the provider, loaded again every hour.

    A failure is remembered for some seconds. Until the document can be loaded again, the former
    content is used.
    """

    def __init__(self, clock: Clock, limit: CallLimit, load: Callable[[], _T]) -> None:
        """Load nothing yet."""
        self._clock = clock
        self._limit = limit
        self._load = load
        self._lock = threading.Lock()
        self._loaded: tuple[datetime, _T] | None = None
        self._failed: tuple[datetime, str] | None = None

    def get(self) -> _T:
        """Return the newest content; raise `SignInUnavailable` if there is none."""
        loaded, now = self._loaded, self._clock.now()
        if loaded is not None and _is_within(loaded[0], now, _FRESH_FOR):
            return loaded[1]
        try:
            return self._reload(loaded)
        except SignInUnavailable:
            if loaded is not None and _is_within(loaded[0], now, _USABLE_FOR):
                return loaded[1]
            raise

    def reload(self) -> _T:
        """Load the content again; raise `SignInUnavailable` if that fails, or has just failed."""
        return self._reload(self._loaded)

    def _reload(self, former: tuple[datetime, _T] | None) -> _T:
        self._refuse_retry()
        # Calls that wait for the lock count, too: each of them occupies a thread.
        with self._limit.hold(), self._lock:
            self._refuse_retry()
            if self._loaded is not None and self._loaded is not former:
                return self._loaded[1]
            try:
                content = self._load()
            except SignInUnavailable as failure:
                self._failed = self._clock.now(), failure.detail
                raise
            self._loaded, self._failed = (self._clock.now(), content), None
            return content

    def _refuse_retry(self) -> None:
        """Raise the last failure again if it has just happened."""
        failed = self._failed
        if failed is not None and _is_within(failed[0], self._clock.now(), _RETRIED_AFTER):
            raise SignInUnavailable(failed[1])


def _is_within(since: datetime, now: datetime, duration: timedelta) -> bool:
    # If the clock was set back, load it again.
    return since <= now < since + duration
