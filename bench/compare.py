"""Two things measured in turns, so that what else the machine does hits both alike."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

Turn = TypeVar("Turn")


@dataclass(frozen=True)
class Comparison:
    """The rates of both, turn by turn."""

    left: list[float]
    right: list[float]

    @property
    def ratio(self) -> float:
        """The median of one against the median of the other."""
        return median(self.left) / median(self.right)

    @property
    def spread(self) -> tuple[float, float]:
        """The smallest and the largest ratio of a single turn."""
        turns = [left / right for left, right in zip(self.left, self.right, strict=True)]
        return min(turns), max(turns)


def compare_in_turns(
    left: Callable[[], Turn], right: Callable[[], Turn], rounds: int
) -> tuple[list[Turn], list[Turn]]:
    """Measure one and the other, the other and the one, and so on.

    The order changes so that a machine which slows down steadily favours neither.
    """
    lefts: list[Turn] = []
    rights: list[Turn] = []
    for turn in range(rounds):
        pair = [(left, lefts), (right, rights)]
        for measure, seen in reversed(pair) if turn % 2 else pair:
            seen.append(measure())
    return lefts, rights
