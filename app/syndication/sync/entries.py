"""One change as serialized JSON, with the document in it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, Literal

from app.delivery.results import find_sent_stories
from app.delivery.store.entries import EntryType
from app.delivery.story_query import ListPosition
from app.delivery.taxonomy_directory import TaxonomyEntry
from app.kit import json
from app.kit.clock import format_instant
from app.partners.sent_story import REMOVED, SentStory

# A document is large: its pieces are joined only once, with the whole response.
Document = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class SerializedChange:
    """A change, in pieces of JSON that all clients share.

    `embargoed` is its serial in the embargo log, if it comes from there. `crossing` is its position
    in time, if time alone caused it.
    """

    serial: int
    op: Literal["upsert", "remove"]
    pieces: tuple[bytes, ...]
    embargoed: int = 0
    crossing: ListPosition | None = None

    @property
    def data(self) -> bytes:
        """Return the JSON in one piece."""
        return b"".join(self.pieces)


def find_sent_changes(entries: Iterable[SerializedChange]) -> tuple[SentStory, ...]:
    """Return the stories that entries contain, and those that they remove."""
    return tuple(chain.from_iterable(map(_find_sent, entries)))


def _find_sent(entry: SerializedChange) -> tuple[SentStory, ...]:
    first, *document = entry.pieces
    if entry.op == "upsert":
        # Sources and categories have no version.
        return find_sent_stories([b"".join(document)])
    about = json.loads(first)
    return (SentStory(about["id"], 0, REMOVED),) if about["type"] == "article" else ()


def build_upsert(
    type_: str,
    id_: str,
    document: Document,
    *,
    serial: int,
    reason: str,
    at: datetime,
    embargoed: int = 0,
    crossing: ListPosition | None = None,
) -> SerializedChange:
    """Return an entry with a document, new or changed."""
    about = _build_header("upsert", type_, id_, serial=serial, reason=reason, at=at)
    pieces = (json.dumps(about)[:-1], b',"document":', *document, b"}")
    return SerializedChange(serial, "upsert", pieces, embargoed, crossing)


def build_tombstone(
    type_: str,
    id_: str,
    *,
    serial: int,
    reason: str,
    at: datetime,
    notice: str | None = None,
    embargoed: int = 0,
    crossing: ListPosition | None = None,
) -> SerializedChange:
    """Return an entry that removes a document, with the notice for its readers."""
    about = _build_header("remove", type_, id_, serial=serial, reason=reason, at=at)
    notice_member = {} if notice is None else {"notice": notice}
    pieces = (json.dumps({**about, **notice_member, "document": None}),)
    return SerializedChange(serial, "remove", pieces, embargoed, crossing)


def build_taxonomy_upsert(
    type_: EntryType, entry: TaxonomyEntry, *, serial: int, at: datetime
) -> SerializedChange:
    """Return an entry with a source or category as it is now."""
    return build_upsert(type_, entry.id, (entry.whole,), serial=serial, reason="updated", at=at)


def _build_header(
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
