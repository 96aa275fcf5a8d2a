"""The sync state of a client, as a value that a cursor can carry."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from app.access.entitlement import PUBLIC, Entitlement
from app.access.errors import RightsChanged
from app.access.selection import Clause, Selection, TimeRange
from app.delivery.store import LogPosition
from app.delivery.story_query import ListPosition
from app.kit.clock import from_micros, to_micros
from app.kit.errors import BadCursor
from app.syndication.errors import CursorTooOld

Stage = Literal["source", "category", "article"]
# Cursors with progress in time have the later form.
_FORM, _TIMED_FORM = 4, 5
LOG_START = LogPosition()


@dataclass(frozen=True, slots=True)
class RunEnds:
    """Where a run ends that starts now: the last rows of both logs, and the last boundary.

    A boundary is an instant at which time changed what timed grants include, in microseconds. At
    `next_boundary` it changes next.
    """

    public: LogPosition
    embargoed: LogPosition
    boundary: int
    next_boundary: datetime | None


@dataclass(frozen=True, slots=True)
class SnapshotProgress:
    """Progress in a snapshot that began at a row of the log, in one of three stages.

    `slug` is the last source or category, `position` the last story. `embargoed` is the last row of
    the embargo log, for clients that are entitled to it. `boundary` is the last one before the
    snapshot (see `RunEnds`).
    """

    start: LogPosition
    stage: Stage = "source"
    slug: str = ""
    position: ListPosition | None = None
    embargoed: LogPosition = LOG_START
    boundary: int = 0

    @property
    def needed_after(self) -> int:
        """Return the serial after which the log is needed when the snapshot is complete."""
        return self.start.serial

    @property
    def log_ends(self) -> tuple[LogPosition, LogPosition]:
        """Return the last known rows of both logs."""
        return self.start, self.embargoed

    def to_log_progress(self) -> "LogProgress":
        """Return the progress at which the log is followed after the snapshot."""
        (serial, _), (embargoed, _) = self.log_ends
        return LogProgress(
            serial,
            self.start,
            serial,
            EmbargoedProgress(embargoed, self.embargoed, embargoed),
            TimeProgress.at_end(self.boundary),
        )


@dataclass(frozen=True, slots=True)
class EmbargoedProgress:
    """Progress in a run of the embargo log."""

    since: int = 0
    until: LogPosition = LOG_START
    sent: int = 0


@dataclass(frozen=True, slots=True)
class TimeProgress:
    """Progress in time, for clients with timed grants, in microseconds since 1970.

    Stories that enter or leave a grant after `since` and up to `until` are being sent, after the
    rows of the log; those up to the position `sent` were sent.
    """

    since: int = 0
    until: int = 0
    sent: ListPosition = (1, "")

    @classmethod
    def at_end(cls, until: int) -> "TimeProgress":
        """Return the progress of a client that has everything up to an instant."""
        return cls(until, until, (until + 1, ""))

    @property
    def is_finished(self) -> bool:
        """Tell whether everything was sent."""
        return self.sent[0] > self.until

    def start_run(self, until: int) -> "TimeProgress":
        """Return the progress at the start of the next run."""
        return TimeProgress(self.until, until, (self.until + 1, ""))

    def after_all(self) -> "TimeProgress":
        """Return the progress at the end of the run."""
        return replace(self, sent=(self.until + 1, ""))


NO_EMBARGOED, NO_TIME = EmbargoedProgress(), TimeProgress()


@dataclass(frozen=True, slots=True)
class LogProgress:
    """Progress in the log: rows after `since` and up to `until` are being sent.

    They are sent by serial, each thing once; `sent` is the last serial so far. `embargoed` is the
    same for the embargo log, which is sent in one order with the other. `time` follows both.
    """

    since: int
    until: LogPosition
    sent: int
    embargoed: EmbargoedProgress = NO_EMBARGOED
    time: TimeProgress = NO_TIME

    @property
    def needed_after(self) -> int:
        """Return the serial after which the log is still needed."""
        return self.until.serial if self.is_finished else self.since

    @property
    def log_ends(self) -> tuple[LogPosition, LogPosition]:
        """Return the last known rows of both logs."""
        return self.until, self.embargoed.until

    @property
    def is_finished(self) -> bool:
        """Tell whether the whole run was sent."""
        return self.has_sent_rows and self.time.is_finished

    @property
    def has_sent_rows(self) -> bool:
        """Tell whether all rows of the run were sent."""
        return (self.sent, self.embargoed.sent) == (self.until.serial, self.embargoed.until.serial)

    def start_run(self, ends: RunEnds) -> "LogProgress":
        """Return the progress at the start of the next run."""
        held = self.embargoed.sent
        embargoed = EmbargoedProgress(held, ends.embargoed, held)
        time = self.time.start_run(ends.boundary)
        return LogProgress(self.sent, ends.public, self.sent, embargoed, time)

    def after_row(self, serial: int, embargoed: int = 0) -> "LogProgress":
        """Return the progress after a row of the log, or of the embargo log."""
        if not embargoed:
            return replace(self, sent=serial)
        return replace(self, sent=serial, embargoed=replace(self.embargoed, sent=embargoed))

    def after_rows(self) -> "LogProgress":
        """Return the progress after all rows of the run."""
        embargoed = replace(self.embargoed, sent=self.embargoed.until.serial)
        return replace(self, sent=self.until.serial, embargoed=embargoed)

    def after_crossing(self, crossing: ListPosition) -> "LogProgress":
        """Return the progress after a position in time, which follows all rows."""
        return replace(self.after_rows(), time=replace(self.time, sent=crossing))


Progress = SnapshotProgress | LogProgress


@dataclass(frozen=True, slots=True)
class SyncState:
    """A client's filters, its progress (None before it starts), and its entitlement."""

    selection: Selection
    progress: Progress | None = None
    entitlement: Entitlement = PUBLIC


def to_json(state: SyncState) -> list[Any]:
    """Return a state as a small JSON value, with the digest of its rights."""
    selection, progress = state.selection, state.progress
    if progress is None:
        raise ValueError("A sync state without progress has no cursor.")
    clauses = [[clause.field, clause.included, clause.excluded] for clause in selection.clauses]
    spans = [_dump_range(selection.published), _dump_range(selection.updated)]
    time = _dump_time(progress)
    start = [_TIMED_FORM, time] if time else [_FORM]
    return [*start, state.entitlement.digest, clauses, spans, *_dump_progress(progress)]


def from_json(value: Any, entitlement: Entitlement) -> SyncState:
    """Parse the state of a reader with these rights.

    Raise `BadCursor` for other values, and `RightsChanged` if the cursor was issued for other
    rights.
    """
    time, digest, clauses, spans, progress = _split_value(value)
    if digest != entitlement.digest:
        raise RightsChanged(
            "This cursor was issued for other access rights than you have now. Start again "
            "without a cursor, and delete every story that is not in the new snapshot."
        )
    selection = Selection(
        tuple(Clause(field, tuple(yes), tuple(no)) for field, yes, no in clauses),
        *(TimeRange(_moment(start), _moment(end)) for start, end in spans),
    )
    return SyncState(selection, _load_progress(progress, time), entitlement)


def _split_value(value: Any) -> tuple[list[Any], str, list[Any], list[Any], list[Any]]:
    """Return the parts of a cursor: time, digest of its rights, clauses, spans, progress.

    Cursors of versions 1 to 3 contain no marks, so lost rows cannot be detected.
    """
    match value:
        case [4, str() as digest, list() as clauses, list() as spans, *progress]:
            return [], digest, clauses, spans, progress
        case [5, list() as time, str() as digest, list() as clauses, list() as spans, *progress]:
            return time, digest, clauses, spans, progress
        case [1 | 2 | 3, *_]:
            raise CursorTooOld(
                "This cursor was issued by an earlier version. Start again without a cursor, and "
                "delete every story that is not in the new snapshot."
            )
        case _:
            raise BadCursor("This cursor is not one of changes. Begin without a cursor.")


def _dump_time(progress: Progress) -> list[Any]:
    """Return the progress in time, which clients without timed grants do not have."""
    match progress:
        case LogProgress(time=time) if time != NO_TIME:
            return [time.since, time.until, *time.sent]
        case SnapshotProgress(boundary=boundary) if boundary:
            return [boundary]
        case _:
            return []


def _dump_progress(progress: Progress) -> list[Any]:
    match progress:
        case LogProgress(since, until, sent, embargoed):
            embargoed_part = (
                []
                if embargoed == NO_EMBARGOED
                else [embargoed.since, [*embargoed.until], embargoed.sent]
            )
            return ["log", since, [*until], sent, *embargoed_part]
        case SnapshotProgress(start, stage, slug, position, embargoed):
            embargoed_part = [[*embargoed]] if embargoed.serial else []
            return ["all", [*start], stage, slug, position, *embargoed_part]


def _load_progress(value: Sequence[Any], time: Sequence[Any]) -> Progress:
    kind, *rest = value
    if kind == "log":
        return replace(_load_log_progress(rest), time=_load_time(*time))
    return replace(_load_snapshot_progress(rest), boundary=time[0] if time else 0)


def _load_time(since: int = 0, until: int = 0, at: int = 1, id_: str = "") -> TimeProgress:
    return TimeProgress(since, until, (at, id_))


def _load_log_progress(value: Sequence[Any]) -> LogProgress:
    since, until, sent, *embargoed = value
    return LogProgress(since, LogPosition(*until), sent, _load_embargoed(*embargoed))


def _load_embargoed(
    since: int = 0, until: Sequence[Any] = LOG_START, sent: int = 0
) -> EmbargoedProgress:
    return EmbargoedProgress(since, LogPosition(*until), sent)


def _load_snapshot_progress(value: Sequence[Any]) -> SnapshotProgress:
    start, stage, slug, position, *embargoed = value
    place = tuple(position) if position else None
    held = LogPosition(*embargoed[0]) if embargoed else LOG_START
    return SnapshotProgress(LogPosition(*start), stage, slug, place, held)


def _dump_range(span: TimeRange) -> list[int | None]:
    return [to_micros(moment) if moment is not None else None for moment in (span.start, span.end)]


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
