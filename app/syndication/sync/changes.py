"""The next entries for a follower: first all that there is, then what changed since."""

from dataclasses import dataclass, replace

from app.delivery import store
from app.delivery.directory import Directory
from app.delivery.heads import Head
from app.delivery.queries import Delivery
from app.delivery.store.merged import embargoed_end
from app.kit.errors import BadCursor
from app.kit.session import ReadSession
from app.syndication.errors import CursorTooOld
from app.syndication.sync.entries import Entry
from app.syndication.sync.place import Follower, Following, Gaining, Losing, Place, Taking
from app.syndication.sync.runs import followed
from app.syndication.sync.sight import Sight
from app.syndication.sync.snapshots import taken
from app.syndication.sync.turning import gained, lost, settled


@dataclass(frozen=True, slots=True)
class Batch:
    """Some entries, where the follower stands before and after them, and whether there are more.

    `private` says that they are not for everybody who has the same cursor.
    """

    entries: list[Entry]
    before: Follower
    follower: Follower
    more: bool
    head: Head
    private: bool = False


class Changes:
    """Tells followers what they have not heard of."""

    def __init__(self, delivery: Delivery) -> None:
        """Read the public side."""
        self._delivery = delivery

    def from_now(self, follower: Follower, *, embargoed: bool) -> Follower:
        """Return a follower that hears what happens from its place on, or its snapshot, or now."""
        with self._delivery.opened() as (session, head, _):
            end = _end(session, follower, embargoed=embargoed)
            if follower.place is None:
                follower = settled(follower, head, end, embargoed=embargoed)
            if isinstance(follower.place, Taking):
                follower = replace(follower, place=follower.place.taken())
            placed = settled(follower, head, end, embargoed=embargoed)
            _refuse_old(session, placed)
        if placed.embargoed != embargoed:
            raise BadCursor(
                "This cursor stands within what is told since its reader may read other things. "
                "Go on with /v1/changes until there is no more, and listen from there."
            )
        return placed

    def next(self, follower: Follower, limit: int, *, embargoed: bool) -> Batch:
        """Return at most `limit` entries after a follower's place, as of its rights now."""
        with self._delivery.opened() as (session, head, directory):
            end = _end(session, follower, embargoed=embargoed)
            before = settled(follower, head, end, embargoed=embargoed)
            _refuse_old(session, before)
            entries, place = _told(_sight(session, head, end, directory, before), before, limit)
            heard = end if before.embargoed else 0
            after = settled(
                replace(before, place=place, heard=heard), head, end, embargoed=embargoed
            )
        private = embargoed or isinstance(before.place, Losing)
        return Batch(entries, before, after, _is_behind(after, head, end), head, private)


def _end(session: ReadSession, follower: Follower, *, embargoed: bool) -> int:
    """Return where the log of what is under embargo ends, for those who are told of it."""
    return embargoed_end(session) if embargoed or follower.embargoed else 0


def _sight(
    session: ReadSession, head: Head, end: int, directory: Directory, follower: Follower
) -> Sight:
    embargoed = follower.embargoed
    end = end if embargoed else 0
    return Sight(session, head, end, directory, follower.selection, embargoed)


def _told(sight: Sight, follower: Follower, limit: int) -> tuple[list[Entry], Place]:
    match follower.place:
        case Taking() as place:
            return taken(sight, place, limit)
        case Gaining() as place:
            return gained(sight, place, limit)
        case Losing() as place:
            return lost(sight, place, limit)
        case Following() as place:
            return followed(sight, place, limit)
        case None:
            raise ValueError("Who stands nowhere yet is told nothing.")


def _is_behind(follower: Follower, head: Head, end: int) -> bool:
    """Tell whether there is something already of which a follower has not heard."""
    place = follower.place
    if not isinstance(place, Following):
        return True
    return place.told < head.serial or (follower.embargoed and place.held.told < end)


def _refuse_old(session: ReadSession, follower: Follower) -> None:
    """Refuse who would have to be told what the log has forgotten."""
    place = follower.place
    if place is not None and place.after < store.trimmed_upto(session):
        raise CursorTooOld(
            "The change log is not kept for so long. Begin anew without a cursor, and take out of "
            "your copy what is not told then."
        )
