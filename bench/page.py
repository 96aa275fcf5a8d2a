"""The page of the documentation that shows results: written by a run, never by hand.

What is measured and how is prose of the page itself. Between two marks stands what came of it.
"""

from typing import Any

from bench.drawing import draw, goal_of
from bench.reasons import REASONS
from bench.report import number, write_json
from bench.servers import ROOT

DOCUMENT = ROOT / "docs" / "benchmarks.json"
PAGE = ROOT / "docs" / "benchmarks.md"
PICTURE = ROOT / "docs" / "img" / "benchmarks.svg"

_SHOWN = (
    "![For each goal a bar that ends where the result is: beyond the line the goal is met.]"
    "(img/benchmarks.svg)"
)
_BEGIN, _END = "<!-- results: begin -->", "<!-- results: end -->"


def write_docs(found: dict[str, Any]) -> None:
    """Keep what a run found, and renew the page and the picture."""
    write_json(DOCUMENT, found)
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8"), found), encoding="utf-8")
    PICTURE.write_text(picture(found), encoding="utf-8")


def picture(found: dict[str, Any]) -> str:
    """Return the picture of what was found."""
    machine = found["machine"]
    measured = f"{machine['measured_at']}, {machine['processor']}, {machine['cores']} cores"
    return draw(found["results"], measured)


def renewed(page: str, found: dict[str, Any]) -> str:
    """Return the page with these results in the place of those that it had."""
    before, _, rest = page.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    parts = (_SHOWN, _machine(found["machine"]), _table(found), _missed(found), _notes(found))
    return before + "\n\n".join((_BEGIN, *filter(None, parts), _END)) + after


def _machine(machine: dict[str, Any]) -> str:
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    load = ", ".join(map(str, machine["load_average"]))
    return (
        f"Measured on {machine['measured_at']}: {machine['processor']}, {machine['cores']} cores, "
        f"{machine['memory_gb']} GB of memory, {machine['system']}, Python {machine['python']}, "
        f"SQLite {machine['sqlite']}, {packages}; load by {machine['load_generator']}; load "
        f"average before the run {load}."
    )


def _table(found: dict[str, Any]) -> str:
    rows = ["| what | against | result | by cpu | goal | met |", "|---|---|---|---|---|---|"]
    rows += [f"| {' | '.join(_cells(one))} |" for one in found["results"]]
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
        str(goal_of(result) or ""),
        {True: "yes", False: "**no**", None: ""}[result["met"]],
    )


def _missed(found: dict[str, Any]) -> str:
    missed = [one for one in found["results"] if one["met"] is False]
    if not missed:
        return "Every goal was met."
    lines = (f"- **{one['what']}**, against {one['against']}: {_reason(one)}" for one in missed)
    return "\n".join(("### Goals that were missed", "", *lines))


def _reason(result: dict[str, Any]) -> str:
    return REASONS.get(result["name"], "not looked into yet.")


def _notes(found: dict[str, Any]) -> str:
    lines = [f"- {one['what']}: {note}." for one in found["results"] for note in one["notes"]]
    return "\n".join(("### Seen beside", "", *lines)) if lines else ""
