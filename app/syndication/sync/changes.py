"""The next entries for a follower: first all that there is, then what changed since."""

from dataclasses import dataclass, replace

from app.delivery import store
from app.delivery.freshness import LogState
from app.delivery.queries import DeliveryQueries
from app.delivery.store import LogPosition
from app.kit.sql.session import ReadSession
from app.syndication.errors import CursorTooOld
from app.syndication.sync.entries import Entry
from app.syndication.sync.place import START, Follower, Following, Place, Taking
from app.syndication.sync.runs import followed
from app.syndication.sync.sight import Sight
from app.syndication.sync.snapshots import taken

_START_AGAIN = (
    "Start again without a cursor, and delete every story that is not in the new snapshot."
)


@dataclass(frozen=True, slots=True)
class Batch:
    """Some entries, where the follower stands before and after them, and whether there are more."""

    entries: list[Entry]
    before: Follower
    follower: Follower
    more: bool
    head: LogState


class Changes:
    """Tells followers what they have not heard of."""

    def __init__(self, delivery: DeliveryQueries) -> None:
        """Read the public side."""
        self._delivery = delivery

    def from_now(self, follower: Follower) -> Follower:
        """Return a follower that hears what happens from its place on, or its snapshot, or now."""
        with self._delivery.open_state() as (session, head, _):
            placed = _begun(follower, head, _end(session, follower, head))
            _refuse_lost(session, placed)
        if isinstance(placed.place, Taking):
            return replace(placed, place=placed.place.taken())
        return placed

    def next(self, follower: Follower, limit: int) -> Batch:
        """Return at most `limit` entries after a follower's place."""
        with self._delivery.open_state(lists=True) as (session, head, directory):
            end = _end(session, follower, head)
            before = _begun(follower, head, end)
            _refuse_lost(session, before)
            sight = Sight(
                session, head, end, directory, follower.selection, follower.rights.embargoed
            )
            entries, place = _told(sight, before, limit)
        after = replace(before, place=place)
        return Batch(entries, before, after, _is_behind(after, head, end), head)


def _end(session: ReadSession, follower: Follower, head: LogState) -> LogPosition:
    """Return the last row of the log of what is under embargo, for those who are told of it."""
    return store.load_embargoed_end(session, head.serial) if follower.rights.embargoed else START


def _begun(follower: Follower, head: LogState, end: LogPosition) -> Follower:
    """Return a follower that stands somewhere: one without a place begins a snapshot."""
    if follower.place is not None:
        return follower
    return replace(follower, place=Taking(head.position, held=end))


def _told(sight: Sight, follower: Follower, limit: int) -> tuple[list[Entry], Place]:
    match follower.place:
        case Taking() as place:
            return taken(sight, place, limit)
        case Following() as place:
            return followed(sight, place, limit)
        case None:
            raise ValueError("Who stands nowhere yet is told nothing.")


def _is_behind(follower: Follower, head: LogState, end: LogPosition) -> bool:
    """Tell whether there is something already of which a follower has not heard."""
    place = follower.place
    if not isinstance(place, Following):
        return True
    return place.told < head.serial or place.held.told < end.serial


def _refuse_lost(session: ReadSession, follower: Follower) -> None:
    """Refuse a follower that needs rows that were trimmed, or has entries of rows that were lost.

    It may have been sent what is not true any more, and others may have the serials it was sent.
    """
    place = follower.place
    if place is None:
        return
    public, held = place.ends
    marks = store.load_log_marks(session, public.serial, held.serial)
    if marks.is_trimmed(place.after):
        raise CursorTooOld(f"The change log is not kept for so long. {_START_AGAIN}")
    if not (store.is_same_row(public, marks.public) and store.is_same_row(held, marks.embargoed)):
        raise CursorTooOld(
            "The change log does not contain the position of this cursor any more: the database "
            f"was restored, or a standby took over that lacked it. {_START_AGAIN}"
        )
