"""Stories as bytes: stored pieces, joined with what is in memory of sources and categories."""

from collections.abc import Sequence
from datetime import datetime

from app.delivery.directory import Directory
from app.delivery.store.reading import ShortRow, StoryRow, WholeRow
from app.delivery.store.shapes import Form
from app.kit import json
from app.kit.clock import format_instant


def joined(row: StoryRow, directory: Directory) -> bytes:
    """Return a story in the form that its row has, and with its embargo while that lasts."""
    return b"".join(pieces(row, directory))


def pieces(row: StoryRow, directory: Directory) -> tuple[bytes, ...]:
    """Return the same in pieces, for those who join many at once."""
    between = directory.between(row.source_id, row.category_ids)
    found: tuple[bytes, ...] = (b"{", row.head, between, row.tail)
    if not isinstance(row, ShortRow):
        found += (b",", row.extra, b',"translations":', _translations(row.translations))
    if isinstance(row, WholeRow):
        found += (b",", row.body)
    return (*found, _end(row.embargo_until))


def joined_list(rows: Sequence[StoryRow], directory: Directory, form: Form) -> list[bytes]:
    """Return stories in their form, as `joined` returns each of them."""
    if form != "short":
        return [joined(row, directory) for row in rows]
    # What most readers ask for. Two calls for each story would take as long as joining it.
    between = directory.between
    return [
        b"".join(
            (
                b"{",
                row.head,
                between(row.source_id, row.category_ids),
                row.tail,
                b"}" if row.embargo_until is None else _end(row.embargo_until),
            )
        )
        for row in rows
    ]


def _end(embargo_until: datetime | None) -> bytes:
    """Return the end of the object of a story, with the embargo under which it is."""
    if embargo_until is None:
        return b"}"
    told = {"embargoed": True, "embargo_until": format_instant(embargo_until)}
    return b"," + json.dumps(told)[1:]


def _translations(found: str | None) -> bytes:
    """Return translations as compact JSON in one order; each database writes its own."""
    if found is None or found == "[]":
        return b"[]"
    return json.dumps(sorted(json.loads(found), key=lambda one: (one["language"], one["id"])))
