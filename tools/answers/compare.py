"""Compares two recordings and reports the differences, by kind."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.answers.normalize import normalize_all
from tools.answers.recorder import Row

_EXAMPLES = 3
_CONTEXT = 80


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference between the responses to one request: `what` is its kind."""

    label: str
    what: str
    before: str
    after: str


def read(path: Path) -> dict[str, Row]:
    """Return the normalized rows of a recording by their labels."""
    with path.open(encoding="utf-8") as lines:
        return normalize_all(json.loads(line) for line in lines)


def compare(before: dict[str, Row], after: dict[str, Row]) -> Iterator[Difference]:
    """Yield the differences, in the order of the first recording."""
    for label, row in before.items():
        if label not in after:
            yield Difference(label, "request: only before", row["status"], "")
        else:
            yield from _compare_rows(row, after[label])
    for label in after.keys() - before.keys():
        yield Difference(label, "request: only after", "", after[label]["status"])


def read_allowed(path: Path | None) -> list[re.Pattern[str]]:
    """Return expected differences: patterns, one a line, that match `KIND | LABEL` whole."""
    if path is None:
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    return [re.compile(line) for line in lines if line.strip() and not line.startswith("#")]


def is_allowed(difference: Difference, allowed: list[re.Pattern[str]]) -> bool:
    """Return whether a difference is expected."""
    text = f"{difference.what} | {difference.label}"
    return any(pattern.fullmatch(text) for pattern in allowed)


def report(differences: list[Difference], examples: int = _EXAMPLES) -> Iterator[str]:
    """Yield lines for people: each kind with its count, the most frequent first."""
    kinds: dict[str, list[Difference]] = defaultdict(list)
    for difference in differences:
        kinds[difference.what].append(difference)
    for what, differing in sorted(kinds.items(), key=lambda pair: -len(pair[1])):
        yield f"{what}: {len(differing)}"
        for difference in differing[:examples]:
            yield f"  {difference.label}"
            yield f"    before: {difference.before}"
            yield f"    after:  {difference.after}"


def _compare_rows(before: Row, after: Row) -> Iterator[Difference]:
    label = before["label"]
    if before["status"] != after["status"]:
        yield Difference(label, "status", before["status"], after["status"])
    yield from _compare_headers(label, before["headers"], after["headers"])
    if before["body"] != after["body"]:
        yield Difference(label, "body", *_excerpts(before["body"], after["body"]))


def _compare_headers(
    label: str, before: list[tuple[str, str]], after: list[tuple[str, str]]
) -> Iterator[Difference]:
    if before == after:
        return
    names = dict.fromkeys(name for name, _ in [*before, *after])
    for name in names:
        old = [value for header, value in before if header == name]
        new = [value for header, value in after if header == name]
        if old != new:
            yield Difference(label, f"header {name}", *_excerpts(", ".join(old), ", ".join(new)))
    if sorted(before) == sorted(after):
        orders = (", ".join(name for name, _ in headers) for headers in (before, after))
        yield Difference(label, "order of headers", *orders)


def _excerpts(before: str, after: str) -> tuple[str, str]:
    """Return both texts from shortly before the first character that differs."""
    pairs = zip(before, after, strict=False)
    same = next((at for at, (old, new) in enumerate(pairs) if old != new), None)
    at = min(len(before), len(after)) if same is None else same
    start = max(0, at - _CONTEXT // 2)
    return tuple(f"@{at} {text[start : at + _CONTEXT]!r}" for text in (before, after))  # type: ignore[return-value]
