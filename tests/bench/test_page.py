"""The page of results is made by a run, and nobody writes into it by hand."""

import json
from typing import Any

import pytest

from bench.measurements import ALL
from bench.page import DOCUMENT, PAGE, PICTURE, picture, renewed
from bench.reasons import REASONS
from tests.bench.results import document, result

MARKED = "before\n<!-- results: begin -->\nold\n<!-- results: end -->\nafter\n"


@pytest.fixture
def found() -> Any:
    """What a whole run found, once there was one."""
    if not DOCUMENT.exists():
        pytest.skip("no whole run has been written down: make bench ARGS=--write-docs")
    return json.loads(DOCUMENT.read_text(encoding="utf-8"))


def test_the_page_shows_what_the_last_run_found(found: Any) -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == renewed(page, found), "Renew it with `make bench ARGS=--redraw`."
    assert PICTURE.read_text(encoding="utf-8") == picture(found)


def test_the_page_shows_measurements_in_their_order(found: Any) -> None:
    shown = [one["name"] for one in found["results"]]
    assert shown
    assert shown == [one.name for one in ALL if one.name in shown]


def test_results_are_renewed_and_prose_stays() -> None:
    page = renewed(MARKED, document(result()))
    assert page.startswith("before\n")
    assert page.endswith("\nafter\n")
    assert "old" not in page
    assert (
        "| headlines | floor | **0.750** (750 / 1,000 requests/s) | 0.700 | ≥ 0.5 | yes |" in page
    )
    assert "Every goal was met." in page
    assert renewed(page, document(result())) == page


def test_a_missed_goal_is_told_with_what_holds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(REASONS, "one", "the abacus is slow.")
    page = renewed(MARKED, document(result(met=False)))
    assert "- **headlines**, against floor: the abacus is slow.\n" in page


def test_only_what_is_measured_has_a_reason() -> None:
    assert REASONS.keys() <= {one.name for one in ALL}
