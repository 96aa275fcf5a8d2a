"""Where a follower stands, as a value that a cursor can carry."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from app.access.access_rights import PUBLIC, AccessRights
from app.access.selection import Clause, Selection, TimeRange
from app.delivery.store import LogPosition
from app.delivery.story_query import ListPosition
from app.kit.clock import from_micros, to_micros
from app.kit.errors import BadCursor
from app.syndication.errors import CursorTooOld, RightsChanged

Stage = Literal["source", "category", "article"]
_FORM = 4
START = LogPosition()


@dataclass(frozen=True, slots=True)
class Taking:
    """Within a snapshot that began at a row: how far it came in one of its three stages.

    `slug` is the last source or category, `position` the last story. `held` is the last row of the
    log of what is under embargo, for those who are told of that.
    """

    start: LogPosition
    stage: Stage = "source"
    slug: str = ""
    position: ListPosition | None = None
    held: LogPosition = START

    @property
    def after(self) -> int:
        """Return the serial after which the log is needed, once everything is taken."""
        return self.start.serial

    @property
    def ends(self) -> tuple[LogPosition, LogPosition]:
        """Return the last rows of both logs that it knows of."""
        return self.start, self.held

    def taken(self) -> "Following":
        """Return where it goes on once everything is taken."""
        (serial, _), (held, _) = self.ends
        return Following(serial, self.start, serial, Stretch(held, self.held, held))


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is told in a run of the log of what is under embargo, and how far that came."""

    since: int = 0
    upto: LogPosition = START
    told: int = 0


NOTHING = Stretch()


@dataclass(frozen=True, slots=True)
class Following:
    """Behind the log: what happened after `since` and up to `upto` is being told.

    It is told in the order of serials, of each thing once, and `told` is how far that came. `held`
    is the same of the log of what is under embargo, told in one order with it.
    """

    since: int
    upto: LogPosition
    told: int
    held: Stretch = NOTHING

    @property
    def after(self) -> int:
        """Return the serial after which the log is still needed."""
        return self.upto.serial if self.is_over else self.since

    @property
    def ends(self) -> tuple[LogPosition, LogPosition]:
        """Return the last rows of both logs that it knows of."""
        return self.upto, self.held.upto

    @property
    def is_over(self) -> bool:
        """Tell whether all of the run was told."""
        return (self.told, self.held.told) == (self.upto.serial, self.held.upto.serial)

    def at_row(self, serial: int, held: int = 0) -> "Following":
        """Return the place after a row: of the log, or of the other after that serial."""
        if not held:
            return replace(self, told=serial)
        return replace(self, told=serial, held=replace(self.held, told=held))

    def at_end(self) -> "Following":
        """Return the place where all of the run was told."""
        held = replace(self.held, told=self.held.upto.serial)
        return replace(self, told=self.upto.serial, held=held)


Place = Taking | Following


@dataclass(frozen=True, slots=True)
class Follower:
    """A client that follows: its filters, where it stands (nowhere yet: nothing), its rights."""

    selection: Selection
    place: Place | None = None
    rights: AccessRights = PUBLIC


def to_json(follower: Follower) -> list[Any]:
    """Return a follower as a small JSON value, with the digest of its rights."""
    selection, place = follower.selection, follower.place
    if place is None:
        raise ValueError("Who stands nowhere yet has no cursor.")
    clauses = [[one.field, one.included, one.excluded] for one in selection.clauses]
    spans = [_span(selection.published), _span(selection.updated)]
    return [_FORM, follower.rights.digest, clauses, spans, *_placed(place)]


def from_json(value: Any, rights: AccessRights) -> Follower:
    """Read a follower back for a reader with these rights.

    Raise `BadCursor` for a value of another kind, and `RightsChanged` if it was issued for other
    rights.
    """
    digest, clauses, spans, place = _parts(value)
    if digest != rights.digest:
        raise RightsChanged(
            "This cursor was issued for other access rights than you have now. Start again "
            "without a cursor, and delete every story that is not in the new snapshot."
        )
    selection = Selection(
        tuple(Clause(field, tuple(yes), tuple(no)) for field, yes, no in clauses),
        *(TimeRange(_moment(start), _moment(end)) for start, end in spans),
    )
    return Follower(selection, _place(place), rights)


def _parts(value: Any) -> tuple[str, list[Any], list[Any], list[Any]]:
    """Return what a cursor contains: the digest of its rights, clauses, spans, and its place.

    Cursors of versions 1 to 3 contain no marks: whether the log has lost rows that they count is
    not known.
    """
    match value:
        case [4, str() as digest, list() as clauses, list() as spans, *place]:
            return digest, clauses, spans, place
        case [1 | 2 | 3, *_]:
            raise CursorTooOld(
                "This cursor was issued by an earlier version. Start again without a cursor, and "
                "delete every story that is not in the new snapshot."
            )
        case _:
            raise BadCursor("This cursor is not one of changes. Begin without a cursor.")


def _placed(place: Place) -> list[Any]:
    match place:
        case Following(since, upto, told, held):
            also = [] if held == NOTHING else [held.since, [*held.upto], held.told]
            return ["log", since, [*upto], told, *also]
        case Taking(start, stage, slug, position, held):
            also = [[*held]] if held.serial else []
            return ["all", [*start], stage, slug, position, *also]


def _place(value: Sequence[Any]) -> Place:
    kind, *rest = value
    return _followed(rest) if kind == "log" else _taken(rest)


def _followed(value: Sequence[Any]) -> Following:
    since, upto, told, *held = value
    return Following(since, LogPosition(*upto), told, _stretch(*held))


def _stretch(since: int = 0, upto: Sequence[Any] = START, told: int = 0) -> Stretch:
    return Stretch(since, LogPosition(*upto), told)


def _taken(value: Sequence[Any]) -> Taking:
    start, stage, slug, position, *held = value
    place = tuple(position) if position else None
    return Taking(LogPosition(*start), stage, slug, place, *(LogPosition(*one) for one in held))


def _span(span: TimeRange) -> list[int | None]:
    return [to_micros(one) if one is not None else None for one in (span.start, span.end)]


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
