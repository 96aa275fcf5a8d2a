"""What public reading finds, finished."""

from dataclasses import dataclass
from typing import Literal

from app.delivery.freshness import Head
from app.delivery.query import Position
from app.delivery.store.reading import Counted


@dataclass(frozen=True, slots=True)
class Page:
    """A page of finished objects, with the positions before and after it where there is more."""

    items: list[bytes]
    head: Head
    before: Position | None
    after: Position | None
    count: Counted | None = None


@dataclass(frozen=True, slots=True)
class EntryPage:
    """A page of sources or categories, with the slugs at its ends where there is more."""

    items: list[bytes]
    head: Head
    before: tuple[str] | None
    after: tuple[str] | None
    total: int


@dataclass(frozen=True, slots=True)
class Gone:
    """What the readers of a story are told where it was."""

    answer: Literal["gone", "killed"]
    notice: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """One finished object (nothing, if it is not visible), or the slug where it is now."""

    body: bytes | None
    head: Head
    keys: tuple[str, ...] = ()
    moved_to: str | None = None
    gone: Gone | None = None
