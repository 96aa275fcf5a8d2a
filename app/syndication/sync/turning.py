"""A follower whose rights are others now: it is told the difference, and then goes on.

A cursor says whether its follower was given what is under embargo. With the key of a reader of the
other kind it is answered with what that reader has more, or with what it may not have any more.
The latter are stories of which the cursor's holder could have heard, and no later ones.
"""

from dataclasses import replace

from app.delivery.heads import Head
from app.delivery.store import merged
from app.kit.session import Record
from app.syndication.sync.entries import Entry, tombstone, upsert
from app.syndication.sync.place import (
    NOTHING,
    Follower,
    Following,
    Gaining,
    Losing,
    Place,
    Stretch,
    Taking,
)
from app.syndication.sync.sight import Sight


def settled(follower: Follower, head: Head, end: int, *, embargoed: bool) -> Follower:
    """Return a follower as it goes on with the rights of now; it stands somewhere then.

    `end` is where the log of what is under embargo ends. Who may have that now and is taking a
    snapshot without it finishes that first.
    """
    place = follower.place
    if place is None:
        heard = end if embargoed else 0
        return Follower(follower.selection, Taking(head.serial, held=heard), embargoed, heard)
    if follower.embargoed and not embargoed:
        return Follower(follower.selection, _losing(place, follower.heard))
    if embargoed and not follower.embargoed and isinstance(place, Following):
        return Follower(follower.selection, Gaining(end, "", place), embargoed, end)
    return follower


def _losing(place: Place, heard: int) -> Place:
    """Return the place of somebody who may not have any more what it was given."""
    match place:
        case Taking(position=None):
            return replace(place, held=0)
        case Taking(held=held):
            return Losing(held, heard, 0, replace(place, held=0))
        case Following(held=held):
            since = held.upto if place.is_over else held.since
            return Losing(since, heard, 0, replace(place, held=NOTHING))
        case Gaining(held=held, then=then):
            return Losing(held, heard, 0, then)
        case Losing():
            return place


def gained(sight: Sight, place: Gaining, limit: int) -> tuple[list[Entry], Place]:
    """Tell what is under embargo, and what shows it as a translation."""
    now = sight.head.now
    ids = merged.seen_otherwise(sight.session, now, place.after_id, limit + 1)
    found = sight.found(ids[:limit])
    entries = [
        upsert(
            "article",
            id_,
            sight.whole(found[id_]),
            serial=place.then.told,
            reason="updated" if found[id_].embargo_until is None else "published",
            at=now,
        )
        for id_ in ids[:limit]
        if id_ in found
    ]
    if len(ids) > limit:
        return entries, replace(place, after_id=ids[limit - 1])
    return entries, _resumed(sight, place)


def _resumed(sight: Sight, place: Gaining) -> Following:
    """Return the place behind both logs; the run goes on, to where they end now."""
    then = place.then
    held = Stretch(place.held, sight.end, place.held)
    since = then.upto if then.is_over else then.since
    return Following(since, sight.head.serial, then.told, held)


def lost(sight: Sight, place: Losing, limit: int) -> tuple[list[Entry], Place]:
    """Take away what was told under embargo, and give instead what is public of it."""
    told = place.then.serial if isinstance(place.then, Taking) else place.then.told
    rows = merged.told_under_embargo(
        sight.session, told, after=place.told, upto=place.heard, limit=limit + 1
    )
    part = rows[:limit]
    entries = _taken_away(sight, place, [row.id for row in part], told)
    if len(rows) > limit:
        return entries, replace(place, told=part[-1].held)
    return entries, place.then


def _taken_away(sight: Sight, place: Losing, ids: list[str], serial: int) -> list[Entry]:
    found = sight.found(ids)
    known = merged.embargoed_attributes(sight.session, place.since, place.heard, ids)
    had = {id_ for id_, attributes in known if sight.matches(attributes)}
    return [
        _as_now(sight, id_, found.get(id_), serial) for id_ in ids if id_ in found or id_ in had
    ]


def _as_now(sight: Sight, id_: str, found: Record | None, serial: int) -> Entry:
    now = sight.head.now
    if found is None:
        return tombstone("article", id_, serial=serial, reason="left", at=now)
    document = sight.whole(found)
    return upsert("article", id_, document, serial=serial, reason="updated", at=now)
