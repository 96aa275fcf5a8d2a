"""What a measurement is: a question, a way to answer it, and the goal set for the answer."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import inf
from statistics import median
from typing import Any

from bench.compare import Comparison
from bench.setup import BenchmarkSetup, LoadComparison


@dataclass(frozen=True)
class Goal:
    """A bound that a result should keep."""

    bound: float
    at_most: bool = False
    unit: str = ""
    """What the bound is counted in, where it is no ratio."""

    def is_met_by(self, value: float) -> bool:
        """Say whether the value keeps the bound."""
        return value <= self.bound if self.at_most else value >= self.bound

    def share(self, value: float) -> float:
        """Return how much of the goal a value is: with 1 or more it is met."""
        if not self.at_most:
            return value / self.bound
        return self.bound / value if value > 0 else inf

    def __str__(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.bound:,g} {self.unit}".rstrip()


@dataclass(frozen=True)
class Outcome:
    """A result, mostly a ratio; the two numbers it was made from; what else should be known."""

    value: float
    left: float
    right: float
    unit: str
    cpu_ratio: float | None = None
    """The same ratio by processor time, where that was measured."""
    notes: tuple[str, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)
    is_complete: bool = True
    """Whether it came about as the question says; else no goal is met by it."""


@dataclass(frozen=True)
class Measurement:
    """One line of the table."""

    name: str
    what: str
    against: str
    goal: Goal | None
    run: Callable[[BenchmarkSetup], Outcome]


def build_outcome(comparison: Comparison, unit: str) -> Outcome:
    """Sum a comparison up."""
    return Outcome(
        comparison.ratio,
        median(comparison.left),
        median(comparison.right),
        unit,
        details={
            "left_rounds": comparison.left,
            "right_rounds": comparison.right,
            "spread": comparison.spread,
        },
    )


def build_load_outcome(comparison: LoadComparison, *notes: str) -> Outcome:
    """Sum up what two targets did under load."""
    outcome = build_outcome(comparison.clock, "req/s")
    cpu = comparison.cpu
    details = outcome.details | {"cpu_left_rounds": cpu.left, "cpu_right_rounds": cpu.right}
    return replace(outcome, cpu_ratio=cpu.ratio, notes=notes, details=details)
