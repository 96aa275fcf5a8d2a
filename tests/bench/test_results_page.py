"""The page of results is written by a run, never by hand."""

import json
from typing import Any

import pytest

from bench.measurements import ALL, LAYERS
from bench.results_page import PAGE, RESULTS, SPEED_LAYERS, Section, draw_chart, replace_results
from tests.bench.results import document, result

MARKED = "before\n<!-- results: begin -->\nold\n<!-- results: end -->\nafter\n"


SECTIONS = pytest.mark.parametrize("section", [RESULTS, SPEED_LAYERS])


def last_run(section: Section) -> Any:
    """Return the results of the last complete run, or skip the test if there is none."""
    if not section.document.exists():
        pytest.skip("no whole run has been written down: make bench ARGS=--write-docs")
    return json.loads(section.document.read_text(encoding="utf-8"))


@SECTIONS
def test_the_page_shows_the_results_of_the_last_run(section: Section) -> None:
    page, run_results = PAGE.read_text(encoding="utf-8"), last_run(section)
    assert page == replace_results(page, section, run_results), (
        "Renew it with `make bench ARGS=--redraw`."
    )
    if section.picture is not None:
        assert section.picture.read_text(encoding="utf-8") == draw_chart(run_results)


@SECTIONS
def test_the_page_shows_measurements_in_their_order(section: Section) -> None:
    shown = [result["name"] for result in last_run(section)["results"]]
    assert shown
    assert shown == [each.name for each in (*ALL, *LAYERS) if each.name in shown]


@SECTIONS
def test_the_page_has_marks_for_each_section(section: Section) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [page.count(mark) for mark in section.ends] == [1, 1]


def test_results_are_replaced_and_the_text_around_them_is_kept() -> None:
    page = replace_results(MARKED, RESULTS, document(result()))
    assert page.startswith("before\n")
    assert page.endswith("\nafter\n")
    assert "old" not in page
    assert (
        "| headlines | floor | **0.750** (750 / 1,000 requests/s) | 0.700 | ≥ 0.5 | yes |" in page
    )
    assert "Every goal was met." in page
    assert replace_results(page, RESULTS, document(result())) == page


def test_a_missed_goal_is_named() -> None:
    page = replace_results(MARKED, RESULTS, document(result(met=False)))
    assert "Goals missed: headlines." in page
    assert "Every goal was met." not in page


def test_measurement_names_are_unique() -> None:
    names = [each.name for each in (*ALL, *LAYERS)]
    assert len(set(names)) == len(names)
