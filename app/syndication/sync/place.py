"""Where a follower stands, as a value that a cursor can carry."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from app.access.selection import Clause, Selection, Span
from app.delivery.store.reading import Position
from app.kit.clock import from_micros, to_micros
from app.kit.errors import BadCursor

Stage = Literal["source", "category", "article"]
_FORM = 1


@dataclass(frozen=True, slots=True)
class Taking:
    """Within a snapshot that began at a serial: how far it came in one of its three stages.

    `slug` is the last source or category, `position` the last story.
    """

    serial: int
    stage: Stage = "source"
    slug: str = ""
    position: Position | None = None

    @property
    def after(self) -> int:
        """Return the serial after which the log is needed, once everything is taken."""
        return self.serial


@dataclass(frozen=True, slots=True)
class Following:
    """Behind the log: what happened after `since` and up to `upto` is being told.

    It is told in the order of serials, of each thing once, and `told` is how far that came.
    """

    since: int
    upto: int
    told: int

    @property
    def after(self) -> int:
        """Return the serial after which the log is still needed."""
        return self.upto if self.told == self.upto else self.since


Place = Taking | Following


@dataclass(frozen=True, slots=True)
class Follower:
    """Who follows: the stories that it wants, and where it stands (nowhere yet: nothing)."""

    selection: Selection
    place: Place | None = None


def at_entry(follower: Follower, serial: int) -> Follower:
    """Return the follower as it stands within a run, after the entry of a serial."""
    assert isinstance(follower.place, Following)
    return replace(follower, place=replace(follower.place, told=serial))


def to_json(follower: Follower) -> list[Any]:
    """Return a follower as a small JSON value."""
    selection, place = follower.selection, follower.place
    clauses = [[one.field, one.included, one.excluded] for one in selection.clauses]
    spans = [_span(selection.published), _span(selection.updated)]
    return [_FORM, clauses, spans, *_placed(place)]


def from_json(value: Any) -> Follower:
    """Read a follower back; raise `BadCursor` for a value of another kind."""
    if not isinstance(value, list) or len(value) < 4 or value[0] != _FORM:
        raise BadCursor("This cursor is not one of changes. Begin without a cursor.")
    _, clauses, spans, kind, *rest = value
    selection = Selection(
        tuple(Clause(field, tuple(yes), tuple(no)) for field, yes, no in clauses),
        *(Span(_moment(start), _moment(end)) for start, end in spans),
    )
    if kind == "log":
        return Follower(selection, Following(*rest))
    serial, stage, slug, position = rest
    return Follower(selection, Taking(serial, stage, slug, tuple(position) if position else None))


def _placed(place: Place | None) -> list[Any]:
    match place:
        case Following(since, upto, told):
            return ["log", since, upto, told]
        case Taking(serial, stage, slug, position):
            return ["all", serial, stage, slug, position]
        case None:
            raise ValueError("Who stands nowhere yet has no cursor.")


def _span(span: Span) -> list[int | None]:
    return [to_micros(one) if one is not None else None for one in (span.start, span.end)]


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)
