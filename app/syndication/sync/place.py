"""Where a follower stands, as a value that a cursor can carry."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from app.access.selection import Clause, Selection, Span
from app.delivery.store.reading import Position
from app.kit.clock import from_micros, to_micros
from app.kit.errors import BadCursor

Stage = Literal["source", "category", "article"]
_FORM, _EMBARGOED_FORM = 1, 2


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


@dataclass(frozen=True, slots=True)
class Gaining:
    """Being given what is under embargo, as of a serial of its log, where it may be had now.

    `after` is the last story that was looked at, `then` where it goes on afterwards.
    """

    held: int
    after_id: str
    then: Following

    @property
    def after(self) -> int:
        """Return the serial after which the log is still needed."""
        return self.then.after


@dataclass(frozen=True, slots=True)
class Losing:
    """Having what is under embargo taken away, by a reader who may not have it any more.

    It was told what the log of that held up to `since`, and could have had what it held up to
    `heard`. `told` is how far that log was looked through, `then` where it goes on afterwards.
    """

    since: int
    heard: int
    told: int
    then: Taking | Following

    @property
    def after(self) -> int:
        """Return the serial after which the log is still needed."""
        return self.then.after


Place = Taking | Following | Gaining | Losing


@dataclass(frozen=True, slots=True)
class Follower:
    """Who follows: the stories that it wants, and where it stands (nowhere yet: nothing).

    `embargoed` says that it was given what is under embargo, and `heard` where the log of that
    ended when it was.
    """

    selection: Selection
    place: Place | None = None
    embargoed: bool = False
    heard: int = 0


def standing(serial: int, held: int) -> Following:
    """Return the place of somebody who has heard all up to two serials."""
    return Following(serial, serial, serial, Stretch(held, held, held))


def to_json(follower: Follower) -> list[Any]:
    """Return a follower as a small JSON value."""
    selection, place = follower.selection, follower.place
    if place is None:
        raise ValueError("Who stands nowhere yet has no cursor.")
    clauses = [[one.field, one.included, one.excluded] for one in selection.clauses]
    spans = [_span(selection.published), _span(selection.updated)]
    if follower.embargoed:
        return [_EMBARGOED_FORM, clauses, spans, follower.heard, *_placed(place)]
    return [_FORM, clauses, spans, *_placed(place)]


def from_json(value: Any) -> Follower:
    """Read a follower back; raise `BadCursor` for a value of another kind."""
    if not isinstance(value, list) or len(value) < 4 or value[0] not in {_FORM, _EMBARGOED_FORM}:
        raise BadCursor("This cursor is not one of changes. Begin without a cursor.")
    form, clauses, spans, *rest = value
    selection = Selection(
        tuple(Clause(field, tuple(yes), tuple(no)) for field, yes, no in clauses),
        *(Span(_moment(start), _moment(end)) for start, end in spans),
    )
    if form == _EMBARGOED_FORM:
        return Follower(selection, _place(rest[1:]), embargoed=True, heard=rest[0])
    return Follower(selection, _place(rest))


def _placed(place: Place) -> list[Any]:
    match place:
        case Following(since, upto, told, held):
            also = [] if held == NOTHING else [held.since, held.upto, held.told]
            return ["log", since, upto, told, *also]
        case Taking(serial, stage, slug, position, held):
            return ["all", serial, stage, slug, position, *([held] if held else [])]
        case Gaining(held, after_id, then):
            return ["gain", held, after_id, *_placed(then)]
        case Losing(since, heard, told, then):
            return ["lose", since, heard, told, *_placed(then)]


def _place(value: Sequence[Any]) -> Place:
    kind, *rest = value
    if kind == "gain":
        held, after_id, _, *then = rest
        return Gaining(held, after_id, _followed(then))
    if kind == "lose":
        since, heard, told, *also = rest
        return Losing(since, heard, told, _lasting(also))
    return _lasting(value)


def _lasting(value: Sequence[Any]) -> Taking | Following:
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
