"""The chart has a bar for each goal, whose length is the share of the goal."""

from xml.etree import ElementTree

import pytest

from bench.chart import draw
from tests.bench.results import result

SVG = "{http://www.w3.org/2000/svg}"
_AT_GOAL = 150.0


def bars(picture: str) -> list[tuple[str, float]]:
    """Return the class and the length of each bar."""
    elements = ElementTree.fromstring(picture).iter(f"{SVG}rect")
    return [(element.attrib["class"], float(element.attrib["width"])) for element in elements][1:]


@pytest.mark.parametrize(
    ("value", "met", "length"),
    [(0.5, True, 1.0), (0.25, False, 0.5), (0.75, True, 1.5), (20.0, True, 2.0)],
)
def test_a_bar_is_as_long_as_its_share_of_the_goal(value: float, met: bool, length: float) -> None:
    picture = draw([result(value=value, met=met)], "today")
    assert bars(picture) == [("met" if met else "missed", _AT_GOAL * length)]
    assert ('class="cut"' in picture) is (length == 2.0)


def test_bars_of_values_that_should_be_small_are_inverted() -> None:
    goal = {"bound": 100, "at_most": True, "unit": "MB"}
    picture = draw([result(goal=goal, value=200, met=False)], "today")
    assert bars(picture) == [("missed", _AT_GOAL / 2)]
    assert "200 MB  (goal ≤ 100 MB)" in picture


def test_measurements_without_goal_or_result_have_no_bar() -> None:
    failed = result(error="it ended")
    del failed["value"]
    assert bars(draw([result(goal=None, met=None), failed], "today")) == []


def test_the_chart_has_a_text_alternative() -> None:
    picture = draw([result(what="a < b"), result(met=False, value=0.1)], "today")
    described = ElementTree.fromstring(picture).findtext(f"{SVG}desc")
    assert described is not None
    assert described.startswith("1 of 2 goals met. a < b against floor: 0.750  (goal ≥ 0.5); ")
