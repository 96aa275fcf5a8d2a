"""Where archive pages of a feed begin, so that their addresses stay as stories are added.

A page that began at the last story of the page before would move with every new story. So pages
meet at round moments (the first of a month before midnight before a full hour), chosen in the
older half of a page: whoever begins to read, and when, soon comes to the same pages.
"""

from collections.abc import Sequence
from datetime import datetime

_ROUNDINGS: tuple[dict[str, int], ...] = (
    {"microsecond": 0},
    {"second": 0},
    {"minute": 0},
    {"hour": 0},
    {"day": 1},
    {"month": 1},
)


def find_page_boundary(moments: Sequence[datetime]) -> datetime | None:
    """Return where a full page, newest first, ends and the next begins.

    It lies after the last moment, so that the next page has all of that moment's stories, and
    not after the middle one. Nothing, if the older half of the page has one moment only.
    """
    last, middle = moments[-1], moments[len(moments) // 2]
    return _find_roundest(last, middle) if last < middle else None


def _find_roundest(after: datetime, until: datetime) -> datetime:
    """Return the roundest moment after one and not after another."""
    best = candidate = until
    for finer in _ROUNDINGS:
        candidate = candidate.replace(**finer)  # type: ignore[arg-type]
        if candidate <= after:
            break
        best = candidate
    return best
