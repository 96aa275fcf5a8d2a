"""Values that take long to compute, computed before the transaction that needs them.

A transaction keeps other writers waiting, so it computes little by itself: where more is needed, it
is undone, what it asked for is computed outside, and it is run again.
"""

import threading
from collections.abc import Collection, Hashable, Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

from app.kit.errors import DatabaseBusy, Failure

Result_co = TypeVar("Result_co", covariant=True)
Result = TypeVar("Result")

# What one transaction may compute by itself: about ten milliseconds.
MOST_INSIDE = 20_000
# Threads of this process that compute for transactions at the same time, and that wait for it.
_AT_ONCE, _MOST_WAITING = 2, 6


class Computation(Hashable, Protocol[Result_co]):
    """A pure computation, equal to every other with the same input."""

    @property
    def cost(self) -> int:
        """How much work it is at the most; 20,000 are about ten milliseconds."""

    def compute(self) -> Result_co:
        """Return the value, or raise a `Failure`."""


class NotPrepared(Exception):
    """A transaction needs values that take too long to compute inside it."""

    def __init__(self, wanted: Collection[Computation[object]]) -> None:
        """Keep what has to be computed first."""
        super().__init__()
        self.wanted = wanted


class Prepared(Generic[Result]):
    """Values by their computations, or the failures in their places.

    `options` are what computations may depend on beside what is written. `left` is how much the
    transaction that needs them may still compute by itself.
    """

    def __init__(self, options: frozenset[str] = frozenset()) -> None:
        """Start with nothing."""
        self.options = options
        self.known: dict[Computation[Result], Result | Failure] = {}
        self.left = MOST_INSIDE

    def prepare(self, wanted: Collection[Computation[Result]]) -> None:
        """Compute values, outside of any transaction.

        Raise `DatabaseBusy` where too many others wait to do the same with long texts.
        """
        missing, cost = self._missing(wanted)
        if cost <= MOST_INSIDE:
            self._compute(missing)
        else:
            with _turn():
                self._compute(missing)

    def need(self, wanted: Collection[Computation[Result]]) -> None:
        """Make sure, inside a transaction, that values are here; raise `NotPrepared` otherwise."""
        missing, cost = self._missing(wanted)
        if cost > self.left:
            raise NotPrepared(missing)
        self.left -= cost
        self._compute(missing)

    def get(self, wanted: Computation[Result]) -> Result:
        """Return one value inside a transaction, or raise its failure, or `NotPrepared`."""
        if wanted not in self.known:
            self.need([wanted])
        found = self.known[wanted]
        if isinstance(found, Failure):
            raise found
        return found

    def _missing(
        self, wanted: Collection[Computation[Result]]
    ) -> tuple[list[Computation[Result]], int]:
        """Return what is not known yet, and how much work it is."""
        missing: list[Computation[Result]] = []
        cost = 0
        for computation in dict.fromkeys(wanted):
            if computation not in self.known:
                missing.append(computation)
                cost += computation.cost
        return missing, cost

    def _compute(self, wanted: Collection[Computation[Result]]) -> None:
        for computation in wanted:
            try:
                self.known[computation] = computation.compute()
            except Failure as wrong:
                self.known[computation] = wrong


_turns = threading.BoundedSemaphore(_AT_ONCE)
_waiting = threading.BoundedSemaphore(_AT_ONCE + _MOST_WAITING)


@contextmanager
def _turn() -> Iterator[None]:
    """Wait for one of the few turns; a caller is refused when many wait already."""
    if not _waiting.acquire(blocking=False):
        raise DatabaseBusy("Many long texts are being prepared at the moment. Try again shortly.")
    try:
        with _turns:
            yield
    finally:
        _waiting.release()
