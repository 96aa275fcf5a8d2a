"""Two things measured in turns, so that what else the machine does hits both alike."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Comparison:
    """The rates of both, turn by turn."""

    left: tuple[float, ...]
    right: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """The median of one against the median of the other."""
        return median(self.left) / median(self.right)

    @property
    def spread(self) -> tuple[float, float]:
        """The smallest and the largest ratio of a single turn."""
        turns = [left / right for left, right in zip(self.left, self.right, strict=True)]
        return min(turns), max(turns)


def in_turns(left: Callable[[], float], right: Callable[[], float], rounds: int) -> Comparison:
    """Measure one, the other, the one again, and so on."""
    pairs = [(left(), right()) for _ in range(rounds)]
    return Comparison(tuple(pair[0] for pair in pairs), tuple(pair[1] for pair in pairs))
