"""Results of public queries, rendered."""

from dataclasses import dataclass
from typing import Literal

from app.delivery.freshness import Head
from app.delivery.query import Position
from app.delivery.store.reading import Counted


@dataclass(frozen=True, slots=True)
class Page:
    """A page of rendered objects, with the positions before and after it if there are more."""

    items: list[bytes]
    head: Head
    before: Position | None
    after: Position | None
    count: Counted | None = None


@dataclass(frozen=True, slots=True)
class EntryPage:
    """A page of sources or categories, with the slugs at its ends if there are more."""

    items: list[bytes]
    head: Head
    before: tuple[str] | None
    after: tuple[str] | None
    total: int


@dataclass(frozen=True, slots=True)
class Gone:
    """The answer for readers of a story that is gone or was killed."""

    answer: Literal["gone", "killed"]
    notice: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """A rendered object, or what replaces it: a slug to redirect to, or a notice."""

    body: bytes | None
    head: Head
    keys: tuple[str, ...] = ()
    moved_to: str | None = None
    gone: Gone | None = None
