"""Warnings for editors about what was removed from a body."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

_MOST = 20
_LONGEST_NAME = 40
_LONGEST_QUOTE = 40

Code = Literal["address_removed", "element_removed"]
CODES: dict[Code, str] = {
    "element_removed": "An element was taken out, or replaced; the detail says by what.",
    "address_removed": "An address was taken out: its scheme or its host cannot be kept.",
}


@dataclass(frozen=True, slots=True)
class Removal:
    """Something that was removed from a body: its name, what happened to it, and its position.

    `offset` counts characters of the HTML that was sent; `after` is the text before it.
    """

    name: str
    what: str
    code: Code = "element_removed"
    offset: int | None = None
    after: str = ""


@dataclass(frozen=True, slots=True)
class BodyWarning:
    """A warning in the answer to a write."""

    code: Code
    detail: str


def build_warnings(removals: Iterable[Removal], source: str | None) -> tuple[BodyWarning, ...]:
    """Build a limited number of warnings, one for each name and kind of removal.

    `source` is the HTML that offsets refer to, if the body was sent as HTML.
    """
    first: dict[tuple[str, str, Code], Removal] = {}
    counts: dict[tuple[str, str, Code], int] = {}
    for removal in removals:
        key = (removal.name, removal.what, removal.code)
        first.setdefault(key, removal)
        counts[key] = counts.get(key, 0) + 1
    warned = [
        BodyWarning(removal.code, _describe(removal, counts[key], source))
        for key, removal in list(first.items())[:_MOST]
    ]
    if len(first) > _MOST:
        warned.append(
            BodyWarning("element_removed", f"And {len(first) - _MOST} more kinds of these.")
        )
    return tuple(warned)


def _describe(removal: Removal, count: int, source: str | None) -> str:
    name = removal.name
    name = name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + "…"
    times = "" if count == 1 else f", {count} times, first"
    return f"<{name}>{times}{_describe_position(removal, source)}: {removal.what}."


def _describe_position(removal: Removal, source: str | None) -> str:
    if source is not None and removal.offset is not None:
        return f" in line {source.count(chr(10), 0, removal.offset) + 1}"
    words = " ".join(removal.after.split())[-_LONGEST_QUOTE:]
    return f" after “{words}”" if words else " at the beginning"
