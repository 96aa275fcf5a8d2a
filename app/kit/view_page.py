"""Pages of lists. One row more than the page holds is read, to know whether there is another."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class ViewPage:
    """A page of views, with the cursor positions before and after it if there are more rows."""

    items: list[dict[str, Any]]
    before: Sequence[Any] | None
    after: Sequence[Any] | None
    count: int | None = None


def build_view_page(
    rows: Sequence[Row],
    limit: int,
    views: Callable[[list[Row]], list[dict[str, Any]]],
    position: Callable[[Row], Sequence[Any]],
    *,
    placed: bool,
    backwards: bool,
    count: int | None = None,
) -> ViewPage:
    """Build a page; rows that were read `backwards` are reversed.

    `position` returns the cursor position of a row; `placed` says that the request had a cursor.
    """
    more, kept = len(rows) > limit, list(rows[:limit])
    kept = kept[::-1] if backwards else kept
    has_before, has_after = (more, placed) if backwards else (placed, more)
    return ViewPage(
        views(kept),
        position(kept[0]) if kept and has_before else None,
        position(kept[-1]) if kept and has_after else None,
        count,
    )
