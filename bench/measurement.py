"""What a measurement is: a question, a way to answer it, and the goal set for the answer."""

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from bench.compare import Comparison
from bench.stage import Stage


@dataclass(frozen=True)
class Goal:
    """A bound that a result should keep."""

    bound: float
    at_most: bool = False

    def met_by(self, value: float) -> bool:
        """Say whether the value keeps the bound."""
        return value <= self.bound if self.at_most else value >= self.bound

    def __str__(self) -> str:
        return f"{'≤' if self.at_most else '≥'} {self.bound:g}"


@dataclass(frozen=True)
class Outcome:
    """A ratio, the two numbers it was made from, and what else should be known."""

    ratio: float
    left: float
    right: float
    unit: str
    notes: tuple[str, ...] = ()
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Measurement:
    """One line of the table."""

    name: str
    what: str
    against: str
    goal: Goal | None
    run: Callable[[Stage], Outcome]


def outcome_of(comparison: Comparison, unit: str, *notes: str) -> Outcome:
    """Sum a comparison up."""
    details = {
        "left_rounds": comparison.left,
        "right_rounds": comparison.right,
        "spread": comparison.spread,
    }
    left, right = median(comparison.left), median(comparison.right)
    return Outcome(comparison.ratio, left, right, unit, notes, details)
