"""Stories as bytes: stored pieces, joined with what is in memory of sources and categories."""

from collections.abc import Callable, Iterable, Mapping

from app.delivery.directory import Directory
from app.delivery.store.shapes import Form
from app.kit import json
from app.kit.clock import format_instant, from_micros
from app.kit.session import Record


def short_form(row: Record, directory: Directory) -> bytes:
    """Join the pieces of a story's short form."""
    between = directory.between(row.source_id, row.category_ids)
    return b"".join((b"{", row.head, between, row.tail, b"}"))


def full_form(row: Record, directory: Directory) -> bytes:
    """Return a story with all but its body."""
    return b"".join((*_all_but_body(row, directory), b"}"))


def whole_form(row: Record, directory: Directory) -> bytes:
    """Return a story whole, with its body."""
    return b"".join(whole_pieces(row, directory))


def whole_pieces(row: Record, directory: Directory) -> tuple[bytes, ...]:
    """Return a story whole in pieces, for those who join many at once."""
    return (*_all_but_body(row, directory), b",", row.body, b"}")


def embargoed_pieces(row: Record, directory: Directory) -> tuple[bytes, ...]:
    """Return the same for those who read it before its time, with its embargo."""
    if row.embargo_until is None:
        return whole_pieces(row, directory)
    return (*_all_but_body(row, directory), b",", row.body, b",", _embargo(row))


def finished(row: Record, directory: Directory, form: Form, *, embargoed: bool) -> bytes:
    """Return a story in a form; for those who read it before its time, with its embargo."""
    item = _FORMS[form](row, directory)
    return _marked(item, row) if embargoed else item


def finished_list(
    rows: Iterable[Record], directory: Directory, form: Form, *, embargoed: bool
) -> list[bytes]:
    """Return stories in a form, as `finished` returns each of them."""
    if form == "short" and not embargoed:
        # What most readers ask for. Two calls for each story would take as long as joining it.
        between = directory.between
        return [
            b"".join((b"{", row.head, between(row.source_id, row.category_ids), row.tail, b"}"))
            for row in rows
        ]
    return [finished(row, directory, form, embargoed=embargoed) for row in rows]


def _all_but_body(row: Record, directory: Directory) -> tuple[bytes, ...]:
    between = directory.between(row.source_id, row.category_ids)
    told = _translations(row.translations)
    return (b"{", row.head, between, row.tail, b",", row.extra, b',"translations":', told)


def _marked(item: bytes, row: Record) -> bytes:
    """Return a story with the embargo under which it is, for those who read it all the same."""
    if row.embargo_until is None:
        return item
    return item[:-1] + b"," + _embargo(row)


def _embargo(row: Record) -> bytes:
    """Return the members that tell of an embargo, and the end of the object."""
    until = format_instant(from_micros(row.embargo_until))
    return json.dumps({"embargoed": True, "embargo_until": until})[1:]


_FORMS: Mapping[Form, Callable[[Record, Directory], bytes]] = {
    "short": short_form,
    "full": full_form,
    "whole": whole_form,
}


def _translations(found: str | None) -> bytes:
    """Return translations as compact JSON in one order; each database writes its own."""
    if found is None or found == "[]":
        return b"[]"
    return json.dumps(sorted(json.loads(found), key=lambda one: (one["language"], one["id"])))
