"""Expensive values, computed before the transaction that needs them.

A transaction blocks other writers, so it computes only cheap values itself. If it needs more, it is
rolled back, the values are computed outside, and it runs again.
"""

import threading
from collections.abc import Collection, Hashable, Iterator
from contextlib import contextmanager
from typing import Generic, Protocol, TypeVar

from app.kit.errors import DatabaseBusy, Failure

Result_co = TypeVar("Result_co", covariant=True)
Result = TypeVar("Result")

# The cost that a transaction may compute itself: about ten milliseconds.
MAX_COST_INSIDE = 20_000
# Threads of this process that compute at the same time, and threads that wait for a slot.
_MAX_RUNNING, _MAX_WAITING = 2, 6


class Computation(Hashable, Protocol[Result_co]):
    """A pure computation; two with the same input are equal."""

    @property
    def cost(self) -> int:
        """The maximal cost; 20,000 are about ten milliseconds."""

    def compute(self) -> Result_co:
        """Return the value, or raise a `Failure`."""


class ComputationNeeded(Exception):
    """A transaction needs values that are too expensive to compute inside it."""

    def __init__(self, wanted: Collection[Computation[object]]) -> None:
        """Store the computations that have to run first."""
        super().__init__()
        self.wanted = wanted


class ComputedValues(Generic[Result]):
    """The results of computations: values, or failures.

    `options` are inputs that all computations share. `left` is the cost that the current
    transaction may still compute itself.
    """

    def __init__(self, options: frozenset[str] = frozenset()) -> None:
        """Start without results."""
        self.options = options
        self.known: dict[Computation[Result], Result | Failure] = {}
        self.left = MAX_COST_INSIDE

    def precompute(self, wanted: Collection[Computation[Result]]) -> None:
        """Compute values outside of any transaction; raise `DatabaseBusy` if too many wait."""
        missing, cost = self._missing(wanted)
        if cost <= MAX_COST_INSIDE:
            self._compute(missing)
        else:
            with _compute_slot():
                self._compute(missing)

    def require(self, wanted: Collection[Computation[Result]]) -> None:
        """Ensure, inside a transaction, that values are known; raise `ComputationNeeded`."""
        missing, cost = self._missing(wanted)
        if cost > self.left:
            raise ComputationNeeded(missing)
        self.left -= cost
        self._compute(missing)

    def get(self, wanted: Computation[Result]) -> Result:
        """Return a value inside a transaction; raise its failure, or `ComputationNeeded`."""
        if wanted not in self.known:
            self.require([wanted])
        found = self.known[wanted]
        if isinstance(found, Failure):
            raise found
        return found

    def _missing(
        self, wanted: Collection[Computation[Result]]
    ) -> tuple[list[Computation[Result]], int]:
        """Return the computations without a result, and their cost."""
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
            except Failure as error:
                self.known[computation] = error


_slots = threading.BoundedSemaphore(_MAX_RUNNING)
_waiting = threading.BoundedSemaphore(_MAX_RUNNING + _MAX_WAITING)


@contextmanager
def _compute_slot() -> Iterator[None]:
    """Wait for a slot; raise `DatabaseBusy` when too many callers wait."""
    if not _waiting.acquire(blocking=False):
        raise DatabaseBusy("Many long texts are being prepared at the moment. Try again shortly.")
    try:
        with _slots:
            yield
    finally:
        _waiting.release()
