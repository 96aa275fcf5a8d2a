"""The figures of the README are those of the last run of `make bench`."""

import re

import pytest

from tests.docs.live import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
BENCHMARKS = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")
_SCREEN = 40


@pytest.mark.parametrize(
    ("shown", "measured", "against"),
    [
        (r"\| \*\*Dateline\*\*, from its cache \| ([\d,]+)", "headlines, in the cache", "floor"),
        (r"\| \*\*Dateline\*\*, each answer computed \| ([\d,]+)", "headlines, cache off", "floor"),
    ],
)
def test_figures_in_the_readme_are_those_of_the_benchmarks(
    shown: str, measured: str, against: str
) -> None:
    figure = re.search(shown, README)
    row = re.search(rf"^\| {measured} \| {against} \| .*?\(([\d,]+) / ", BENCHMARKS, re.MULTILINE)
    assert figure is not None
    assert row is not None
    assert figure[1] == row[1], "make bench has new results: renew the table of the README"


def test_figures_of_the_idiomatic_version_are_those_of_the_same_run() -> None:
    row = re.search(
        r"^\| headlines, cache off \| idiomatic version \| .*? / ([\d,]+) ",
        BENCHMARKS,
        re.MULTILINE,
    )
    assert row is not None
    assert f"idiomatic FastAPI made {row[1]}." in README.replace("\n", " ")


def test_the_first_screen_has_the_licence_and_all_figures() -> None:
    screen = "\n".join(README.splitlines()[:_SCREEN])
    assert "MIT licence" in screen
    for name in ("Dateline", "WordPress", "Wagtail", "Ghost", "Directus", "Strapi", "FastAPI"):
        assert f"| {name}" in screen or f"**{name}**" in screen or f" {name} |" in screen, name
