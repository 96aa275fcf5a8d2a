"""Write the results of a run into the search benchmark page.

A run replaces only the text between two marks. The same results are in a JSON file.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from textwrap import fill
from typing import Any

from bench.machine import describe_machine
from bench.search.collection import squad
from bench.search.measures import MEASURES, averages
from bench.search.systems import System, systems
from bench.servers import ROOT

DOCUMENT = ROOT / "docs" / "search-benchmarks.json"
PAGE = ROOT / "docs" / "search-benchmarks.md"
QUESTIONS = ROOT.parent / "shared" / "data" / "xquad" / "xquad.en.json"
_BEGIN, _END = "<!-- results: begin -->", "<!-- results: end -->"
_DEPTH = 100
_WIDTH = 118


@dataclass(frozen=True)
class Row:
    """One line of the table: two numbers, their ratio, and its limit."""

    what: str
    left: float
    right: float
    unit: str
    bound: str

    @property
    def ratio(self) -> float:
        """Return the ratio of the two."""
        return self.left / self.right

    @property
    def is_met(self) -> bool:
        """Return whether the ratio is within its limit."""
        sign, bound = self.bound.split()
        if sign == "≥":
            return self.ratio >= float(bound)
        return self.ratio < float(bound) or (sign == "≤" and self.ratio == float(bound))

    @property
    def facts(self) -> dict[str, Any]:
        """Return the row for a file of JSON."""
        return asdict(self) | {"ratio": round(self.ratio, 3), "met": self.is_met}


def results(stories: int, rows: Sequence[Row]) -> dict[str, Any]:
    """Return all results of a run, with the real queries if they are installed."""
    return {
        "machine": describe_machine("one connection of Python's own client"),
        "stories": stories,
        "rows": [row.facts for row in rows],
        "relevance": _relevance() if QUESTIONS.is_file() else None,
    }


def write_docs(run_results: Mapping[str, Any]) -> None:
    """Store the results of a run, and update the page."""
    text = json.dumps(run_results, ensure_ascii=False, indent=1)
    DOCUMENT.write_text(f"{text}\n", encoding="utf-8")
    PAGE.write_text(
        replace_results(PAGE.read_text(encoding="utf-8"), run_results), encoding="utf-8"
    )


def replace_results(page: str, run_results: Mapping[str, Any]) -> str:
    """Return the page with these results instead of the earlier ones."""
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    parts = (
        _machine(run_results),
        _format_speed(run_results["rows"]),
        _ranking(run_results["relevance"]),
    )
    return before + "\n\n".join((_BEGIN, *filter(None, parts), _END)) + after


def _relevance() -> dict[str, dict[str, float]]:
    questions = squad(QUESTIONS, "en")

    def average_by_metric(system: System) -> dict[str, float]:
        rankings_by_query = {
            id_: system.ranking(text, _DEPTH) for id_, text in questions.queries.items()
        }
        return averages(rankings_by_query, questions.judgements)

    return {
        name: average_by_metric(system)
        for name, system in systems(questions.documents, "en").items()
    }


def _machine(run_results: Mapping[str, Any]) -> str:
    machine = run_results["machine"]
    load = ", ".join(map(str, machine["load_average"]))
    return fill(
        f"Measured on {machine['measured_at']} with {run_results['stories']:,} stories: "
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']} GB of memory, "
        f"Python {machine['python']}; load average {load}.",
        _WIDTH,
    )


def _format_speed(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [
        "| what | Dateline | baseline | | ratio | goal | met |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        numbers = f"{row['left']:,.2f} | {row['right']:,.2f} | {row['unit']} | {row['ratio']:.2f}"
        met = "yes" if row["met"] else "**no**"
        lines.append(f"| {row['what']} | {numbers} | {row['bound']} | {met} |")
    return "\n".join(lines)


def _ranking(run_results: Mapping[str, Mapping[str, float]] | None) -> str | None:
    if run_results is None:
        return None
    lines = [f"| XQuAD, English | {' | '.join(MEASURES)} |", "|---|" + "---|" * len(MEASURES)]
    for name, values in run_results.items():
        lines.append(f"| {name} | {' | '.join(f'{values[measure]:.4f}' for measure in MEASURES)} |")
    return "\n".join(lines)
