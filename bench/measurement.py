"""A measurement: a question, a function that answers it, and a goal for the result."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from math import inf
from statistics import median
from typing import Any

from bench.compare import Comparison
from bench.setup import BenchmarkSetup, LoadComparison


@dataclass(frozen=True)
class Goal:
    """A limit for a result."""

    bound: float
    at_most: bool = False
    unit: str = ""
    """What the bound is counted in, where it is no ratio."""

    def is_met_by(self, value: float) -> bool:
        """Return whether the value is within the limit."""
        return value <= self.bound if self.at_most else value >= self.bound

    def share(self, value: float) -> float:
        """Return the value as a share of the goal: the goal is met with 1 or more."""
        if not self.at_most:
            return value / self.bound
        return self.bound / value if value > 0 else inf

    def __str__(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.bound:,g} {self.unit}".rstrip()


@dataclass(frozen=True)
class Outcome:
    """A result, usually a ratio, with the two numbers that it was computed from, and remarks."""

    value: float
    left: float
    right: float
    unit: str
    cpu_ratio: float | None = None
    """The same ratio by processor time, where that was measured."""
    notes: tuple[str, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)
    is_complete: bool = True
    """Whether the conditions of the measurement were met; otherwise the goal is missed."""


@dataclass(frozen=True)
class Measurement:
    """One line of the table."""

    name: str
    what: str
    against: str
    goal: Goal | None
    run: Callable[[BenchmarkSetup], Outcome]


def build_outcome(comparison: Comparison, unit: str) -> Outcome:
    """Summarize a comparison."""
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
    """Summarize the results of two targets under load."""
    outcome = build_outcome(comparison.clock, "req/s")
    cpu = comparison.cpu
    details = outcome.details | {"cpu_left_rounds": cpu.left, "cpu_right_rounds": cpu.right}
    return replace(outcome, cpu_ratio=cpu.ratio, notes=notes, details=details)
