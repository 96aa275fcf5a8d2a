"""The documentation has the allow-list for bodies of the code."""

import re
from pathlib import Path

import pytest

from app.content.allow_list import ATTRIBUTES, OL_TYPES, REL_KEPT, TAGS
from app.content.body_warnings import CODES
from app.content.frames import FRAME_SET

PAGE = Path(__file__).parents[2] / "docs" / "bodies.md"
_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")


def section(title: str) -> str:
    return PAGE.read_text(encoding="utf-8").partition(f"## {title}\n")[2].partition("\n## ")[0]


def rows(title: str) -> list[tuple[set[str], set[str]]]:
    """Return the names in the first two cells of each row of a section's table."""
    lines = [line for line in section(title).splitlines() if line.startswith("| ")][1:]
    cells = [line.strip("| ").split(" | ") for line in lines]
    return [(set(_CODE.findall(row[0])), set(_CODE.findall(row[1]))) for row in cells]


def test_exactly_the_allowed_elements_are_documented() -> None:
    listed = [name for names, _ in rows("Elements") for name in names]
    listed += [name for _, names in rows("Elements") for name in names]
    assert sorted(listed) == sorted(TAGS)


def test_exactly_the_allowed_attributes_are_documented() -> None:
    listed: dict[str, set[str]] = {}
    for elements, attributes in rows("Attributes"):
        for element in elements or {"*"}:
            listed.setdefault(element, set()).update(attributes)
    assert listed == ATTRIBUTES


@pytest.mark.parametrize(
    ("title", "values"),
    [
        ("Attributes", set(REL_KEPT) | OL_TYPES),
        ("Frames", set(FRAME_SET) | set(FRAME_SET["sandbox"].split())),
        ("Warnings", set(CODES)),
    ],
)
def test_allowed_attribute_values_are_documented(title: str, values: set[str]) -> None:
    assert values - set(_CODE.findall(section(title))) == set()
