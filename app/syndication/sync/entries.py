"""One change as it leaves: bytes, with the finished document in them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from app.delivery.store.entries import EntryType
from app.delivery.taxonomy_directory import TaxonomyEntry
from app.kit import json
from app.kit.clock import format_instant

# The pieces of a finished document, which is large: they are joined once, with all that is sent.
Document = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A change, as the JSON that everybody who follows is given: in pieces, to be joined once.

    `held` is its serial in the log of what is under embargo, if it comes from there.
    """

    serial: int
    op: Literal["upsert", "remove"]
    pieces: tuple[bytes, ...]
    held: int = 0

    @property
    def data(self) -> bytes:
        """Return the JSON in one piece."""
        return b"".join(self.pieces)


def upsert(
    type_: str,
    id_: str,
    document: Document,
    *,
    serial: int,
    reason: str,
    at: datetime,
    held: int = 0,
) -> Entry:
    """Return the entry that brings a document, new or instead of an older one."""
    about = _about("upsert", type_, id_, serial=serial, reason=reason, at=at)
    pieces = (json.dumps(about)[:-1], b',"document":', *document, b"}")
    return Entry(serial, "upsert", pieces, held)


def tombstone(
    type_: str,
    id_: str,
    *,
    serial: int,
    reason: str,
    at: datetime,
    notice: str | None = None,
    held: int = 0,
) -> Entry:
    """Return the entry that takes a document away, with the notice that its readers get."""
    about = _about("remove", type_, id_, serial=serial, reason=reason, at=at)
    said = {} if notice is None else {"notice": notice}
    return Entry(serial, "remove", (json.dumps({**about, **said, "document": None}),), held)


def present(type_: EntryType, entry: TaxonomyEntry, *, serial: int, at: datetime) -> Entry:
    """Return the entry that brings a source or category as it is."""
    return upsert(type_, entry.id, (entry.whole,), serial=serial, reason="updated", at=at)


def _about(
    op: str, type_: str, id_: str, *, serial: int, reason: str, at: datetime
) -> dict[str, Any]:
    return {
        "serial": serial,
        "op": op,
        "type": type_,
        "id": id_,
        "reason": reason,
        "at": format_instant(at),
    }
