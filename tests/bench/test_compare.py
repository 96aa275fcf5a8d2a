"""Two measurements alternate; their ratio is compared with a goal."""

from math import inf

import pytest

from bench.compare import Comparison, compare_in_turns
from bench.measurement import Goal


def test_the_sides_alternate_each_round() -> None:
    order: list[str] = []
    lefts, rights = compare_in_turns(lambda: order.append("left"), lambda: order.append("right"), 3)
    assert order == ["left", "right", "right", "left", "left", "right"]
    assert len(lefts) == len(rights) == 3


def test_a_ratio_is_of_medians_and_its_spread_is_of_rounds() -> None:
    compared = Comparison([10.0, 30.0, 20.0], [40.0, 40.0, 10.0])
    assert compared.ratio == 0.5
    assert compared.spread == (0.25, 2.0)


@pytest.mark.parametrize(
    ("goal", "value", "met", "share", "shown"),
    [
        (Goal(0.5), 0.5, True, 1.0, "≥ 0.5"),
        (Goal(0.5), 0.25, False, 0.5, "≥ 0.5"),
        (Goal(150, at_most=True, unit="MB"), 300, False, 0.5, "≤ 150 MB"),
        (Goal(150, at_most=True, unit="MB"), -3, True, inf, "≤ 150 MB"),
    ],
)
def test_a_goal_is_met_within_its_bound(
    goal: Goal, value: float, met: bool, share: float, shown: str
) -> None:
    assert goal.is_met_by(value) is met
    assert goal.share(value) == share
    assert str(goal) == shown
