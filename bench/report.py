"""Results as a table for people and as JSON for programs."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.measurement import Measurement, Outcome

_HEADINGS = ("what", "against", "result", "by cpu", "goal", "met")


@dataclass(frozen=True)
class Result:
    """A measurement with its outcome or its error."""

    measurement: Measurement
    outcome: Outcome | None
    error: str | None
    seconds: float

    @property
    def is_met(self) -> bool | None:
        """Whether the goal was met; none if there is no goal or no result."""
        goal = self.measurement.goal
        if goal is None or self.outcome is None:
            return None
        return self.outcome.is_complete and goal.is_met_by(self.outcome.value)


def table(results: list[Result]) -> str:
    """Format the results for a terminal."""
    rows = [_HEADINGS, *(_cells(result) for result in results)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join([*lines, *_footnotes(results)])


def facts_line(facts: dict[str, Any]) -> str:
    """Describe the machine in a line."""
    average = ", ".join(str(value) for value in facts["load_average"])
    return (
        f"{facts['processor']}, {facts['cores']} cores, Python {facts['python']}, "
        f"load by {facts['load_generator']}, load average {average}"
    )


def document(facts: dict[str, Any], plan: dict[str, Any], results: list[Result]) -> dict[str, Any]:
    """Return all results for JSON."""
    return {"machine": facts, "plan": plan, "results": [_as_json(result) for result in results]}


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write a JSON file for people to compare line by line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(value, indent=2, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def _cells(result: Result) -> tuple[str, ...]:
    measurement = result.measurement
    goal = "" if measurement.goal is None else str(measurement.goal)
    met = {True: "yes", False: "no", None: ""}[result.is_met]
    return (
        measurement.what,
        measurement.against,
        _format_outcome(result.outcome),
        _format_cpu_ratio(result.outcome),
        goal,
        met,
    )


def _format_outcome(outcome: Outcome | None) -> str:
    if outcome is None:
        return "error"
    return (
        f"{number(outcome.value)}  ({number(outcome.left)} / {number(outcome.right)} "
        f"{outcome.unit})"
    )


def _format_cpu_ratio(outcome: Outcome | None) -> str:
    if outcome is None or outcome.cpu_ratio is None:
        return ""
    return number(outcome.cpu_ratio)


def number(value: float) -> str:
    """Format a number with its significant digits."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.3f}"


def _footnotes(results: list[Result]) -> list[str]:
    notes = [
        f"{result.measurement.name}: {note}"
        for result in results
        for note in (result.outcome.notes if result.outcome else (f"error: {result.error}",))
    ]
    return ["", *notes] if notes else []


def _as_json(result: Result) -> dict[str, Any]:
    measurement, outcome = result.measurement, result.outcome
    goal = measurement.goal
    fields: dict[str, Any] = {
        "name": measurement.name,
        "what": measurement.what,
        "against": measurement.against,
        "goal": goal and dataclasses.asdict(goal),
        "met": result.is_met,
        "error": result.error,
        "seconds": round(result.seconds, 1),
    }
    if outcome is not None:
        fields |= {
            "value": outcome.value,
            "cpu_ratio": outcome.cpu_ratio,
            "left": outcome.left,
            "right": outcome.right,
            "unit": outcome.unit,
            "notes": outcome.notes,
            **outcome.details,
        }
    return fields
