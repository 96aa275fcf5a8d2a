"""Read the next entries for a client: first a snapshot, then the changes since."""

from dataclasses import dataclass, replace

from app.delivery import store
from app.delivery.invalidation import LogState
from app.delivery.queries import DeliveryQueries
from app.delivery.store.grant_boundaries import load_boundaries
from app.kit.clock import to_micros
from app.kit.sql.session import ReadSession
from app.syndication.errors import CursorTooOld
from app.syndication.sync.entries import SerializedChange
from app.syndication.sync.runs import read_log
from app.syndication.sync.snapshots import read_snapshot
from app.syndication.sync.subscriber_view import SubscriberView
from app.syndication.sync.sync_state import (
    LOG_START,
    LogProgress,
    Progress,
    RunEnds,
    SnapshotProgress,
    SyncState,
)

_START_AGAIN = (
    "Start again without a cursor, and delete every story that is not in the new snapshot."
)


@dataclass(frozen=True, slots=True)
class Batch:
    """Some entries, the sync state before and after them, and whether more follow."""

    entries: list[SerializedChange]
    before: SyncState
    after: SyncState
    more: bool
    head: LogState
    ends: RunEnds


class ChangeReader:
    """Reads entries for clients that keep a copy."""

    def __init__(self, delivery: DeliveryQueries) -> None:
        """Read the public side."""
        self._delivery = delivery

    def follow_from_now(self, state: SyncState) -> SyncState:
        """Return a state that follows the log from its progress on, or from now."""
        with self._delivery.open_state() as (session, head, _):
            started = _start(state, _load_ends(session, state, head))
            _refuse_lost(session, started)
        if isinstance(started.progress, SnapshotProgress):
            return replace(started, progress=started.progress.to_log_progress())
        return started

    def next(self, state: SyncState, limit: int) -> Batch:
        """Return at most `limit` entries after a sync state."""
        with self._delivery.open_state(lists=True) as (session, head, directory):
            ends = _load_ends(session, state, head)
            before = _start(state, ends)
            _refuse_lost(session, before)
            view = SubscriberView(
                session, head, directory, state.selection, state.entitlement, ends
            )
            entries, place = _read_entries(view, before, limit)
        after = replace(before, progress=place)
        return Batch(entries, before, after, _is_behind(after, ends), head, ends)


def _load_ends(session: ReadSession, state: SyncState, head: LogState) -> RunEnds:
    """Return where a run ends that starts now."""
    entitlement = state.entitlement
    last, next_ = load_boundaries(session, entitlement.offsets, head.now)
    return RunEnds(
        head.position,
        store.load_embargoed_end(session, head.serial) if entitlement.embargoed else LOG_START,
        0 if last is None else to_micros(last),
        next_,
    )


def _start(state: SyncState, ends: RunEnds) -> SyncState:
    """Return a state with progress: without any it starts a snapshot."""
    if state.progress is not None:
        return state
    progress = SnapshotProgress(ends.public, embargoed=ends.embargoed, boundary=ends.boundary)
    return replace(state, progress=progress)


def _read_entries(
    view: SubscriberView, state: SyncState, limit: int
) -> tuple[list[SerializedChange], Progress]:
    match state.progress:
        case SnapshotProgress() as progress:
            return read_snapshot(view, progress, limit)
        case LogProgress() as progress:
            return read_log(view, progress, limit)
        case None:
            raise ValueError("A sync state without progress has no entries.")


def _is_behind(state: SyncState, ends: RunEnds) -> bool:
    """Tell whether there are changes after a sync state."""
    progress = state.progress
    if not isinstance(progress, LogProgress):
        return True
    return (
        progress.sent < ends.public.serial
        or progress.embargoed.sent < ends.embargoed.serial
        or not progress.time.is_finished
        or progress.time.until < ends.boundary
    )


def _refuse_lost(session: ReadSession, state: SyncState) -> None:
    """Refuse a state that needs rows that were trimmed, or contains rows that were lost.

    After a restore the client may have entries that are no longer true, and other entries may have
    got the serials that it has seen.
    """
    progress = state.progress
    if progress is None:
        return
    public, embargoed = progress.log_ends
    marks = store.load_log_marks(session, public.serial, embargoed.serial)
    if marks.is_trimmed(progress.needed_after):
        raise CursorTooOld(f"The change log is not kept for so long. {_START_AGAIN}")
    if not (
        store.is_same_row(public, marks.public) and store.is_same_row(embargoed, marks.embargoed)
    ):
        raise CursorTooOld(
            "The change log does not contain the position of this cursor any more: the database "
            f"was restored, or a standby took over that lacked it. {_START_AGAIN}"
        )
