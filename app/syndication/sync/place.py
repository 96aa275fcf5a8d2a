"""Where a follower stands, as a value that a cursor can carry."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from app.access.rights import PUBLIC, Rights
from app.access.selection import Clause, Selection, Span
from app.delivery.query import Position
from app.kit.clock import from_micros, to_micros
from app.kit.errors import BadCursor
from app.syndication.errors import RightsChanged

Stage = Literal["source", "category", "article"]
_FORM = 3


@dataclass(frozen=True, slots=True)
class Taking:
    """Within a snapshot that began at a serial: how far it came in one of its three stages.

    `slug` is the last source or category, `position` the last story. `held` is the serial of the
    log of what is under embargo, for those who are told of that; 0 for all others.
    """

    serial: int
    stage: Stage = "source"
    slug: str = ""
    position: Position | None = None
    held: int = 0

    @property
    def after(self) -> int:
        """Return the serial after which the log is needed, once everything is taken."""
        return self.serial

    def taken(self) -> "Following":
        """Return where it goes on once everything is taken."""
        return standing(self.serial, self.held)


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is told in a run of the log of what is under embargo, and how far that came."""

    since: int = 0
    upto: int = 0
    told: int = 0


NOTHING = Stretch()


@dataclass(frozen=True, slots=True)
class Following:
    """Behind the log: what happened after `since` and up to `upto` is being told.

    It is told in the order of serials, of each thing once, and `told` is how far that came. `held`
    is the same of the log of what is under embargo, told in one order with it.
    """

    since: int
    upto: int
    told: int
    held: Stretch = NOTHING

    @property
    def after(self) -> int:
        """Return the serial after which the log is still needed."""
        return self.upto if self.is_over else self.since

    @property
    def is_over(self) -> bool:
        """Tell whether all of the run was told."""
        return self.told == self.upto and self.held.told == self.held.upto

    def at_row(self, serial: int, held: int = 0) -> "Following":
        """Return the place after a row: of the log, or of the other after that serial."""
        if not held:
            return replace(self, told=serial)
        return replace(self, told=serial, held=replace(self.held, told=held))

    def at_end(self) -> "Following":
        """Return the place where all of the run was told."""
        return replace(self, told=self.upto, held=replace(self.held, told=self.held.upto))


Place = Taking | Following


@dataclass(frozen=True, slots=True)
class Follower:
    """A client that follows: its filters, where it stands (nowhere yet: nothing), its rights."""

    selection: Selection
    place: Place | None = None
    rights: Rights = PUBLIC


def standing(serial: int, held: int) -> Following:
    """Return the place of somebody who has heard all up to two serials."""
    return Following(serial, serial, serial, Stretch(held, held, held))


def to_json(follower: Follower) -> list[Any]:
    """Return a follower as a small JSON value, with the digest of its rights."""
    selection, place = follower.selection, follower.place
    if place is None:
        raise ValueError("Who stands nowhere yet has no cursor.")
    clauses = [[one.field, one.included, one.excluded] for one in selection.clauses]
    spans = [_span(selection.published), _span(selection.updated)]
    return [_FORM, follower.rights.digest, clauses, spans, *_placed(place)]


def from_json(value: Any, rights: Rights) -> Follower:
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
        *(Span(_moment(start), _moment(end)) for start, end in spans),
    )
    return Follower(selection, _place(place), rights)


def _parts(value: Any) -> tuple[str, list[Any], list[Any], list[Any]]:
    """Return what a cursor contains: the digest of its rights, clauses, spans, and its place.

    Cursors of version 1 and 2 were issued before they contained a digest. The rights of version 1
    are public, unless it is in the middle of a change of rights; those of version 2 are unclear,
    so its digest is that of no rights.
    """
    match value:
        case [3, str() as digest, list() as clauses, list() as spans, *place]:
            return digest, clauses, spans, place
        case [1, list() as clauses, list() as spans, "log" | "all" as kind, *rest]:
            return PUBLIC.digest, clauses, spans, [kind, *rest]
        case [1 | 2, *_]:
            return "", [], [], []
        case _:
            raise BadCursor("This cursor is not one of changes. Begin without a cursor.")


def _placed(place: Place) -> list[Any]:
    match place:
        case Following(since, upto, told, held):
            also = [] if held == NOTHING else [held.since, held.upto, held.told]
            return ["log", since, upto, told, *also]
        case Taking(serial, stage, slug, position, held):
            return ["all", serial, stage, slug, position, *([held] if held else [])]


def _place(value: Sequence[Any]) -> Place:
    kind, *rest = value
    return _followed(rest) if kind == "log" else _taken(rest)


def _followed(value: Sequence[Any]) -> Following:
    since, upto, told, *held = value
    return Following(since, upto, told, Stretch(*held))


def _taken(value: Sequence[Any]) -> Taking:
    serial, stage, slug, position, *held = value
    return Taking(serial, stage, slug, tuple(position) if position else None, *held)


def _span(span: Span) -> list[int | None]:
    return [to_micros(one) if one is not None else None for one in (span.start, span.end)]


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
