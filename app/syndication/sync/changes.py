"""The next entries for a follower: first all that there is, then what changed since.

A snapshot holds no transaction open between its pages. It notes the log's position at its
beginning and reads the stories in the order of publication; what changes meanwhile is in the
log after that position, which is followed next, so nothing is missed.

The log is followed in runs. A run ends where the log ended when it began, and tells each thing
once, at its last row. Whether a follower can have a story is told by the visibility rule and
the document of now, which may be newer than the run. So it could have had one that is gone if the
story was in its selection at any moment of the run, and is told of its end.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import repeat

from app.access.selection import Clause, Selection
from app.delivery import store
from app.delivery.directory import Directory
from app.delivery.heads import Head
from app.delivery.joining import whole_pieces
from app.delivery.queries import Delivery
from app.delivery.store import reading
from app.delivery.store.shapes import Shape, own_values, shape_of
from app.kit.clock import from_micros
from app.kit.session import Reads, Record
from app.syndication.errors import CursorTooOld
from app.syndication.sync.entries import Document, Entry, present, tombstone, upsert
from app.syndication.sync.place import Follower, Following, Place, Stage, Taking

_NEXT: dict[Stage, Stage] = {"source": "category", "category": "article"}
# Stories are looked up by id so many at a time.
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Batch:
    """Some entries, where the follower stands after them, and whether more are there already."""

    entries: list[Entry]
    follower: Follower
    more: bool
    head: Head


class Changes:
    """Tells followers what they have not heard of."""

    def __init__(self, delivery: Delivery) -> None:
        """Read the public side."""
        self._delivery = delivery

    def from_now(self, follower: Follower) -> Follower:
        """Return a follower that hears what happens from its place on, or its snapshot, or now."""
        with self._delivery.opened() as (session, head, _):
            place = follower.place or Taking(head.serial)
            _refuse_old(session, place)
        if isinstance(place, Following):
            return follower
        return replace(follower, place=Following(place.serial, place.serial, place.serial))

    def next(self, follower: Follower, limit: int) -> Batch:
        """Return at most `limit` entries after a follower's place."""
        with self._delivery.opened() as (session, head, directory):
            at = _Now(session, head, directory, follower.selection, limit)
            place: Place = follower.place or Taking(head.serial)
            _refuse_old(session, place)
            if isinstance(place, Taking):
                entries, place = at.taken(place)
            else:
                entries, place = at.followed(place)
            more = isinstance(place, Taking) or place.told < head.serial
            return Batch(entries, replace(follower, place=place), more, head)


@dataclass(frozen=True, slots=True)
class _Now:
    """One state of the public side, read for one follower."""

    session: Reads
    head: Head
    directory: Directory
    selection: Selection
    limit: int

    def taken(self, place: Taking) -> tuple[list[Entry], Place]:
        """Go on with a snapshot."""
        if place.stage == "article":
            return self._stories_taken(place)
        known = self.directory.entries[place.stage].values()
        left = [one for one in known if one.slug > place.slug]
        part = left[: self.limit]
        entries = [present(place.stage, one, serial=place.serial, at=self.head.now) for one in part]
        if len(left) > self.limit:
            return entries, replace(place, slug=part[-1].slug)
        return entries, Taking(place.serial, _NEXT[place.stage])

    def _stories_taken(self, place: Taking) -> tuple[list[Entry], Place]:
        rows = reading.story_page(
            self.session,
            _oldest_first(self.selection, placed=place.position is not None),
            own_values(self.selection),
            self.head.now,
            position=place.position,
            limit=self.limit + 1,
        )
        part = rows[: self.limit]
        entries = [self._taken(row, place.serial) for row in part]
        if len(rows) > self.limit:
            return entries, replace(place, position=(part[-1].place, part[-1].id))
        return entries, Following(place.serial, place.serial, place.serial)

    def _taken(self, row: Record, serial: int) -> Entry:
        document, at = whole_pieces(row, self.directory), from_micros(row.place)
        return upsert("article", row.id, document, serial=serial, reason="published", at=at)

    def followed(self, place: Following) -> tuple[list[Entry], Place]:
        """Go on behind the log; a run that is over is followed by the next."""
        if place.told == place.upto:
            place = Following(place.upto, self.head.serial, place.upto)
        rows = store.last_of_each(self.session, place.told, place.upto, self.limit + 1)
        part = rows[: self.limit]
        told = part[-1].serial if len(rows) > self.limit else place.upto
        return list(self._told(part, place)), replace(place, told=told)

    def _told(self, rows: Sequence[Record], place: Following) -> Iterator[Entry]:
        ids = [row.id for row in rows if row.type == "article"]
        documents = self._documents(ids)
        gone = [id_ for id_ in ids if id_ not in documents]
        had = self._had(place, gone)
        for row in rows:
            at = from_micros(row.at)
            if row.type != "article":
                yield self._entry(row, at)
            elif row.id in documents:
                yield self._come(row, documents[row.id], at)
            elif row.id in had:
                reason = row.reason if row.op == "remove" else "left"
                yield tombstone(
                    "article",
                    row.id,
                    serial=row.serial,
                    reason=reason,
                    at=at,
                    notice=row.notice if row.op == "remove" else None,
                )

    def _had(self, place: Following, ids: Sequence[str]) -> set[str]:
        """Return the stories that the follower could have had at some moment of the run."""
        before = store.attributes_before(self.session, place.since, place.upto, ids)
        return {id_ for id_, attributes in before if self.selection.matches(attributes)}

    def _come(self, row: Record, document: Document, at: datetime) -> Entry:
        # Withdrawn, and back since: its return stands further on in the log.
        reason = row.reason if row.op == "upsert" else "restored"
        return upsert("article", row.id, document, serial=row.serial, reason=reason, at=at)

    def _entry(self, row: Record, at: datetime) -> Entry:
        entry = self.directory.entries[row.type].get(row.id)
        if entry is None:
            return tombstone(row.type, row.id, serial=row.serial, reason="deleted", at=at)
        return upsert(
            row.type, entry.id, (entry.whole,), serial=row.serial, reason="updated", at=at
        )

    def _documents(self, ids: Sequence[str]) -> dict[str, Document]:
        """Return the visible stories of the selection among ids, whole."""
        found: dict[str, Document] = {}
        for start in range(0, len(ids), _AT_ONCE):
            for row in self._rows(ids[start : start + _AT_ONCE]):
                found[row.id] = whole_pieces(row, self.directory)
        return found

    def _rows(self, ids: Sequence[str]) -> Sequence[Record]:
        # One statement for all numbers of ids: the last is said again to fill it up.
        filled = (*ids, *repeat(ids[-1], _AT_ONCE - len(ids)))
        clauses = (*self.selection.clauses, Clause("id", filled))
        selection = replace(self.selection, clauses=clauses)
        return reading.story_page(
            self.session,
            _oldest_first(selection, placed=False),
            own_values(selection),
            self.head.now,
            position=None,
            limit=_AT_ONCE,
        )


def _refuse_old(session: Reads, place: Place) -> None:
    """Refuse who would have to be told what the log has forgotten."""
    if place.after < store.trimmed_upto(session):
        raise CursorTooOld(
            "The change log is not kept for so long. Begin anew without a cursor, and take out of "
            "your copy what is not told then."
        )


def _oldest_first(selection: Selection, *, placed: bool) -> Shape:
    return shape_of(selection, descending=False, placed=placed, form="whole")
