"""Draw the results as a bar chart against their goals."""

from typing import Any
from xml.sax.saxutils import escape

from bench.measurement import Goal
from bench.report import number

_WIDTH = 1120
_TOP = 84
_ROW = 26
_BAR = 14
# Left edge of the bars, and the length of a bar that just meets its goal.
_LEFT = 576
_GOAL = 150
# Longer bars are cut, because how far a goal is exceeded matters little.
_MOST = 2.0

_STYLE = """
    svg { --paper: #ffffff; --ink: #1f2933; --soft: #52606d; --line: #9aa5b1;
          --met: #1f8a78; --missed: #d9822b;
          font-family: system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; }
    @media (prefers-color-scheme: dark) {
      svg { --paper: #14181d; --ink: #e8edf2; --soft: #aeb9c4; --line: #6b7885;
            --met: #4cc3ae; --missed: #e09c4c; }
    }
    .paper { fill: #ffffff; fill: var(--paper); }
    .met { fill: #1f8a78; fill: var(--met); }
    .missed { fill: #d9822b; fill: var(--missed); }
    .goal { stroke: #52606d; stroke: var(--soft); stroke-width: 1.5; stroke-dasharray: 4 4; }
    .cut { fill: none; stroke: #ffffff; stroke: var(--paper); stroke-width: 3; }
    text { fill: #1f2933; fill: var(--ink); font-size: 13px; }
    .title { font-size: 19px; font-weight: 600; }
    .soft { fill: #52606d; fill: var(--soft); }
    .end { text-anchor: end; }
    .middle { text-anchor: middle; }
"""


def draw(results: list[dict[str, Any]], measured: str) -> str:
    """Draw the results with goals as bars; `measured` is the date and the machine."""
    shown = [result for result in results if result["goal"] and "value" in result]
    bottom = _TOP + _ROW * len(shown)
    met = sum(result["met"] for result in shown)
    summary = f"{met} of {len(shown)} goals met"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {bottom + 24}" '
        'role="img" aria-labelledby="title description">',
        '  <title id="title">Results and their goals</title>',
        f'  <desc id="description">{escape(_describe(shown, summary))}</desc>',
        f"  <style>{_STYLE}  </style>",
        f'  <rect class="paper" width="{_WIDTH}" height="{bottom + 24}" rx="16"/>',
        f'  <text x="28" y="38" class="title">{escape(summary)}</text>',
        f'  <text x="28" y="60" class="soft">{escape(measured)}</text>',
        f'  <text x="{_LEFT + _GOAL}" y="{_TOP - 12}" class="soft middle">goal</text>',
        *(_row(result, _TOP + _ROW * index) for index, result in enumerate(shown)),
        f'  <path class="goal" d="M{_LEFT + _GOAL} {_TOP - 4} V{bottom + 4}"/>',
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def parse_goal(result: dict[str, Any]) -> Goal | None:
    """Return the goal of a result from JSON."""
    return Goal(**result["goal"]) if result["goal"] else None


def _row(result: dict[str, Any], top: int) -> str:
    length = _GOAL * min(_MOST, _share(result))
    word = "met" if result["met"] else "missed"
    base = top + 17
    label = f'{escape(result["what"])} <tspan class="soft">· {escape(result["against"])}</tspan>'
    lines = [
        f'  <text x="{_LEFT - 12}" y="{base}" class="end">{label}</text>',
        f'  <rect class="{word}" x="{_LEFT}" y="{top + 6}" width="{length:.1f}" '
        f'height="{_BAR}" rx="3"/>',
        f'  <text x="{_LEFT + _GOAL * _MOST + 14:.0f}" y="{base}">{escape(_value(result))}</text>',
    ]
    if _share(result) >= _MOST:
        at = _LEFT + _GOAL * _MOST - 18
        lines.append(f'  <path class="cut" d="M{at:.0f} {top + 22} l8 -18"/>')
    return "\n".join(lines)


def _share(result: dict[str, Any]) -> float:
    goal = parse_goal(result)
    return goal.share(result["value"]) if goal else 0.0


def _value(result: dict[str, Any]) -> str:
    goal = parse_goal(result)
    unit = f" {goal.unit}" if goal and goal.unit else ""
    return f"{number(result['value'])}{unit}  (goal {goal})"


def _describe(results: list[dict[str, Any]], summary: str) -> str:
    """Return the text alternative of the chart."""
    rows = (f"{result['what']} against {result['against']}: {_value(result)}" for result in results)
    return f"{summary}. " + "; ".join(rows) + "."
