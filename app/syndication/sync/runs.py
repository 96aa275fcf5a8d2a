"""Following the log in runs.

A run ends where the log ended when it began, and tells each thing once, at its last row. Whether a
follower can have a story is told by the visibility rule and the document of now, which may be newer
than the run. So it could have had one that is gone if the story was in its selection at any moment
of the run, and is told of its end.

Who reads what is under embargo is told two logs as one.
"""

from collections.abc import Iterator, Sequence
from itertools import chain

from app.delivery import store
from app.delivery.store import MergedChange, merged_log
from app.delivery.store.entries import EntryType
from app.delivery.store.story_queries import StoryRow
from app.syndication.sync.entries import Entry, tombstone, upsert
from app.syndication.sync.place import Following, Place, Stretch
from app.syndication.sync.sight import Sight


def followed(sight: Sight, place: Following, limit: int) -> tuple[list[Entry], Place]:
    """Go on behind the log; a run that is over is followed by the next."""
    if place.is_over:
        held = Stretch(place.held.told, sight.end, place.held.told)
        place = Following(place.told, sight.head.position, place.told, held)
    rows = _rows(sight, place, limit + 1)
    part = rows[:limit]
    entries = list(_told(sight, part, place))
    if len(rows) > limit:
        return entries, place.at_row(part[-1].serial, max(row.held for row in part))
    return entries, place.at_end()


def _rows(sight: Sight, place: Following, limit: int) -> Sequence[MergedChange]:
    if not sight.embargoed:
        return store.load_last_of_each(sight.session, place.told, place.upto.serial, limit)
    (public, _), (held, _) = place.ends
    after = place.told, place.held.told
    return merged_log.load_last_of_each_merged(sight.session, after, (public, held), limit)


def _told(sight: Sight, rows: Sequence[MergedChange], place: Following) -> Iterator[Entry]:
    ids = [row.id for row in rows if row.type == "article"]
    found = sight.found(ids)
    had = _had(sight, place, [id_ for id_ in ids if id_ not in found])
    for row in rows:
        if row.type != "article":
            yield _taxonomy(sight, row, row.type)
        elif row.id in found:
            yield _come(sight, row, found[row.id])
        elif row.id in had:
            yield _gone(sight, row)


def _had(sight: Sight, place: Following, ids: Sequence[str]) -> set[str]:
    """Return the stories that the follower could have had at some moment of the run."""
    (public, _), (held, _) = place.ends
    before = store.load_attributes_before(sight.session, place.since, public, ids)
    if sight.embargoed:
        early = merged_log.load_embargoed_before(sight.session, place.held.since, held, ids)
        before = chain(before, early)
    return {id_ for id_, attributes in before if sight.matches(attributes)}


def _come(sight: Sight, row: MergedChange, found: StoryRow) -> Entry:
    return upsert(
        "article",
        row.id,
        sight.whole(found),
        serial=row.serial,
        # Withdrawn, and back since: its return stands further on in the log.
        reason=row.reason if row.op == "upsert" else "restored",
        at=row.at,
        held=row.held,
    )


def _gone(sight: Sight, row: MergedChange) -> Entry:
    ended = row.op == "remove"
    return tombstone(
        "article",
        row.id,
        serial=row.serial,
        reason=row.reason if ended else "left",
        at=row.at,
        notice=row.notice if ended else None,
        held=row.held,
    )


def _taxonomy(sight: Sight, row: MergedChange, type_: EntryType) -> Entry:
    entry, at = sight.directory.entries[type_].get(row.id), row.at
    if entry is None:
        return tombstone(type_, row.id, serial=row.serial, reason="deleted", at=at)
    return upsert(type_, entry.id, (entry.whole,), serial=row.serial, reason="updated", at=at)
