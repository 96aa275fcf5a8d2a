"""Write the results of a run into the benchmark page.

The page itself describes what is measured. A run replaces only the text between two marks.
"""

from dataclasses import dataclass
from pathlib import Path
from textwrap import fill
from typing import Any

from bench.chart import draw, parse_goal
from bench.report import number, write_json
from bench.servers import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"


@dataclass(frozen=True)
class Section:
    """A part of the page, and the files that a run writes with it."""

    mark: str
    document: Path
    picture: Path | None = None

    @property
    def ends(self) -> tuple[str, str]:
        """The marks around the section."""
        return f"<!-- {self.mark}: begin -->", f"<!-- {self.mark}: end -->"


RESULTS = Section(
    "results", ROOT / "docs" / "benchmarks.json", ROOT / "docs" / "img" / "benchmarks.svg"
)
SPEED_LAYERS = Section("layers", ROOT / "docs" / "layers.json")
_SHOWN = (
    "![One bar for each goal. The goal is met if the bar reaches the dashed line.]"
    "(img/benchmarks.svg)"
)
_WIDTH = 118


def write_docs(section: Section, results: dict[str, Any]) -> None:
    """Store the results of a run, and update its section of the page."""
    write_json(section.document, results)
    PAGE.write_text(
        replace_results(PAGE.read_text(encoding="utf-8"), section, results), encoding="utf-8"
    )
    if section.picture is not None:
        section.picture.write_text(draw_chart(results), encoding="utf-8")


def draw_chart(results: dict[str, Any]) -> str:
    """Return the chart of the results."""
    machine = results["machine"]
    measured = f"{machine['measured_at']}, {machine['processor']}, {machine['cores']} cores"
    return draw(results["results"], measured)


def replace_results(page: str, section: Section, results: dict[str, Any]) -> str:
    """Return the page with these results instead of the earlier ones."""
    begin, end = section.ends
    before, _, rest = page.partition(begin)
    _, _, after = rest.partition(end)
    shown = "" if section.picture is None else _SHOWN
    parts = (
        shown,
        _machine(results["machine"]),
        _table(results),
        _list_missed_goals(results),
        _notes(results),
    )
    return before + "\n\n".join((begin, *filter(None, parts), end)) + after


def _machine(machine: dict[str, Any]) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    load = ", ".join(map(str, machine["load_average"]))
    return _wrap(
        f"Measured on {machine['measured_at']}: {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_gb']} GB of memory, {machine['system']}, Python {machine['python']}, "
        f"SQLite {machine['sqlite']}, {packages}; load generator {machine['load_generator']}; "
        f"load average before the run {load}."
    )


def _table(results: dict[str, Any]) -> str:
    rows = ["| what | against | result | by cpu | goal | met |", "|---|---|---|---|---|---|"]
    rows += [f"| {' | '.join(_cells(result))} |" for result in results["results"]]
    return "\n".join(rows)


def _cells(result: dict[str, Any]) -> tuple[str, ...]:
    unit = result["unit"]
    shown = f"{number(result['left'])} / {number(result['right'])} {unit}"
    cpu = result["cpu_ratio"]
    return (
        result["what"],
        result["against"],
        f"**{number(result['value'])}** ({shown})",
        "" if cpu is None else number(cpu),
        str(parse_goal(result) or ""),
        {True: "yes", False: "**no**", None: ""}[result["met"]],
    )


def _list_missed_goals(results: dict[str, Any]) -> str:
    missed = [result["what"] for result in results["results"] if result["met"] is False]
    return _wrap(f"Goals missed: {'; '.join(missed)}.") if missed else "Every goal was met."


def _notes(results: dict[str, Any]) -> str:
    lines = [
        _wrap(f"- {result['what']}: {note}.", "  ")
        for result in results["results"]
        for note in result["notes"]
    ]
    return "\n".join(("Notes:", "", *lines)) if lines else ""


def _wrap(text: str, indent: str = "") -> str:
    return fill(
        text,
        _WIDTH,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
