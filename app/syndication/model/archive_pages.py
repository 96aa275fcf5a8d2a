"""Boundaries of a feed's archive pages that stay the same when stories are added.

A page that begins after the last story of the page before would move with every new story. So pages
meet at round moments (the first of a month before midnight before a full hour) in the older half of
a page. Readers that start at different times soon get the same pages.
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
    """Return where a full page, newest first, ends and the next one begins.

    The boundary lies after the last moment, so that the next page has all stories of that moment,
    and not after the middle one. The result is None if the older half has only one moment.
    """
    last, middle = moments[-1], moments[len(moments) // 2]
    return _find_roundest(last, middle) if last < middle else None


def _find_roundest(after: datetime, until: datetime) -> datetime:
    """Return the roundest moment after `after` and not after `until`."""
    best = candidate = until
    for finer in _ROUNDINGS:
        # The rounding names a field of an instant, which mypy cannot see in its keys.
        candidate = candidate.replace(**finer)  # type: ignore[arg-type]
        if candidate <= after:
            break
        best = candidate
    return best
