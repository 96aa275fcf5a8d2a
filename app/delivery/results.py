"""What public reading finds, finished: pieces of stories joined with what is in memory.

All is made of rows and a directory, with nothing read and nothing waited for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from app.delivery.directory import Directory
from app.delivery.freshness import Head
from app.delivery.query import Form, Position, StoryQuery
from app.delivery.store.reading import Counted, ShortRow, StoryRow, WholeRow
from app.kit import json
from app.kit.clock import format_instant


@dataclass(frozen=True, slots=True)
class Page:
    """A page of finished objects, with the positions before and after it where there is more."""

    items: list[bytes]
    head: Head
    before: Position | None
    after: Position | None
    count: Counted | None = None


@dataclass(frozen=True, slots=True)
class EntryPage:
    """A page of sources or categories, with the slugs at its ends where there is more."""

    items: list[bytes]
    head: Head
    before: tuple[str] | None
    after: tuple[str] | None
    total: int


@dataclass(frozen=True, slots=True)
class Gone:
    """What the readers of a story are told where it was."""

    answer: Literal["gone", "killed"]
    notice: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """One finished object (nothing, if it is not visible), or the slug where it is now."""

    body: bytes | None
    head: Head
    keys: tuple[str, ...] = ()
    moved_to: str | None = None
    gone: Gone | None = None


def page(
    query: StoryQuery,
    rows: list[StoryRow],
    head: Head,
    directory: Directory,
    count: Counted | None = None,
) -> Page:
    """Return the page that rows make, of which one more tells that there is more."""
    if query.order:
        rows = _as_named(query, rows)
    more = len(rows) > query.limit
    rows = in_order(query, rows)
    if query.names_in:
        directory = directory.named(query.names_in)
    items = joined_list(rows, directory, query.form)
    # Where everything on this side of a position is gone, the way back is still there.
    first = (rows[0].place, rows[0].id) if rows else query.position
    last = (rows[-1].place, rows[-1].id) if rows else query.position
    placed = query.position is not None
    has_before, has_after = (more, placed) if query.backwards else (placed, more)
    return Page(items, head, first if has_before else None, last if has_after else None, count)


def _as_named(query: StoryQuery, rows: list[StoryRow]) -> list[StoryRow]:
    """Return those rows beyond the position, each with its place among the names.

    Places fall, as dates do in the usual order of a list.
    """
    places = {id_: -index for index, id_ in enumerate(query.order)}
    named = [row._replace(place=places[row.id]) for row in rows]
    position = query.position
    if position is None:
        return named
    if query.shape.descending:
        return [row for row in named if (row.place, row.id) < position]
    return [row for row in named if (row.place, row.id) > position]


def in_order(query: StoryQuery, rows: list[StoryRow]) -> list[StoryRow]:
    """Return the rows of a page in the order of the list."""
    if query.shape.picks:
        # Stories that are named one by one; there are few, so they are ordered here.
        rows.sort(key=lambda row: (row.place, row.id), reverse=query.shape.descending)
    rows = rows[: query.limit]
    return rows[::-1] if query.backwards else rows


def joined_list(rows: Sequence[StoryRow], directory: Directory, form: Form) -> list[bytes]:
    """Return stories in their form."""
    if form != "short":
        return [b"".join(pieces(row, directory)) for row in rows]
    # What most readers ask for. Calls for each story would take as long as joining it.
    known, items = directory.joined.get, []
    for row in rows:
        between = known((row.source_id, row.category_ids))
        if between is None:
            between = directory.between(row.source_id, row.category_ids)
        end = b"}" if row.embargo_until is None else _embargoed_end(row.embargo_until)
        items.append(b"".join((b"{", row.head, between, row.tail, end)))
    return items


def pieces(row: StoryRow, directory: Directory) -> tuple[bytes, ...]:
    """Return the pieces of a story in the form that its row has, for those who join many."""
    between = directory.between(row.source_id, row.category_ids)
    end = b"}" if row.embargo_until is None else _embargoed_end(row.embargo_until)
    if isinstance(row, ShortRow):
        return b"{", row.head, between, row.tail, end
    # Each database writes them in its own way.
    listed = b"[]" if row.translations in {None, "[]"} else _translations(row.translations)
    found = (b"{", row.head, between, row.tail, b",", row.extra, b',"translations":', listed)
    return (*found, b",", row.body, end) if isinstance(row, WholeRow) else (*found, end)


def _embargoed_end(embargo_until: datetime) -> bytes:
    """Return the end of the object of a story with the embargo under which it is."""
    told = {"embargoed": True, "embargo_until": format_instant(embargo_until)}
    return b"," + json.dumps(told)[1:]


def _translations(found: str | None) -> bytes:
    """Return translations as compact JSON in one order."""
    listed = json.loads(found or "[]")
    return json.dumps(sorted(listed, key=lambda one: (one["language"], one["id"])))
