"""Measure two things alternately, so that other load on the machine affects both alike."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

Turn = TypeVar("Turn")


@dataclass(frozen=True)
class Comparison:
    """The rates of both, round by round."""

    left: list[float]
    right: list[float]

    @property
    def ratio(self) -> float:
        """The ratio of both medians."""
        return median(self.left) / median(self.right)

    @property
    def spread(self) -> tuple[float, float]:
        """The smallest and the largest ratio of a round."""
        turns = [left / right for left, right in zip(self.left, self.right, strict=True)]
        return min(turns), max(turns)


def compare_in_turns(
    left: Callable[[], Turn], right: Callable[[], Turn], rounds: int
) -> tuple[list[Turn], list[Turn]]:
    """Measure both in each round, and change their order from round to round.

    So a machine that slows down steadily favours neither.
    """
    lefts: list[Turn] = []
    rights: list[Turn] = []
    for turn in range(rounds):
        pair = [(left, lefts), (right, rights)]
        for measure, turn_result in reversed(pair) if turn % 2 else pair:
            turn_result.append(measure())
    return lefts, rights
