"""The page of search results: results and goals, between two marks."""

import pytest

from bench.search.results_page import PAGE, Row, replace_results

_MACHINE = {
    "measured_at": "2026-11-26 12:00 UTC",
    "processor": "a processor",
    "cores": 2,
    "memory_gb": 8,
    "python": "3.11",
    "load_average": [0.1, 0.2, 0.3],
}


@pytest.mark.parametrize(
    ("left", "bound", "met"),
    [
        (5, "≤ 5", True),
        (6, "≤ 5", False),
        (4, "< 4", False),
        (5, "≥ 0.5", True),
        (0.4, "≥ 0.5", False),
    ],
)
def test_a_row_shows_whether_its_goal_is_met(left: float, bound: str, met: bool) -> None:
    assert Row("what", left, 1, "ms", bound).is_met is met


def test_new_results_replace_older_ones() -> None:
    rows = [Row("best 20", 10, 1, "ms", "≤ 5").facts]
    relevance = {"dateline": dict.fromkeys(("MRR", "R@1", "R@10", "MAP", "nDCG@10"), 0.5)}
    run_results = {"machine": _MACHINE, "stories": 1_000, "rows": rows, "relevance": relevance}
    page = replace_results(PAGE.read_text(encoding="utf-8"), run_results)
    assert "| best 20 | 10.00 | 1.00 | ms | 10.00 | ≤ 5 | **no** |" in page
    assert "| dateline | 0.5000 |" in page
    assert "No whole run" not in page
    assert replace_results(page, run_results) == page
    assert "XQuAD, English" not in replace_results(page, run_results | {"relevance": None})
