"""Pages of lists, of which one row more was read than they hold: it tells that there is more."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class ViewPage:
    """A page of views, with the positions before and after it where there is more."""

    items: list[dict[str, Any]]
    before: Sequence[Any] | None
    after: Sequence[Any] | None
    count: int | None = None


def page_of_views(
    rows: Sequence[Row],
    limit: int,
    views: Callable[[list[Row]], list[dict[str, Any]]],
    position: Callable[[Row], Sequence[Any]],
    *,
    placed: bool,
    backwards: bool,
    count: int | None = None,
) -> ViewPage:
    """Return a page of rows in their order, which is another one where they were read `backwards`.

    `position` returns that of a row; the page is `placed` if it was asked for by a position.
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
