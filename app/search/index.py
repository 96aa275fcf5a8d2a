"""The one interface to a search engine, and the plain values that pass it.

What stands behind it keeps stories and finds them. It knows nothing of HTTP, of the database,
or of who may see what: it is told which stories to leave out, and hands out ids. Any engine
that passes the tests in `tests/search/contract` can be put in the place of the one in `engine`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Literal, Protocol

from app.access.selection import Selection
from app.search.query.parser import Typed
from app.search.text_fields import StoryText

Order = Literal["relevance", "published_at", "updated_at"]
FacetField = Literal["category", "source", "language", "tag", "kind", "published_month"]
FACETS: tuple[FacetField, ...] = (
    "category",
    "source",
    "language",
    "tag",
    "kind",
    "published_month",
)
# As far as pages by relevance reach.
MOST_RELEVANT = 1_000
# As many values a facet has.
MOST_VALUES = 50


@dataclass(frozen=True, slots=True)
class IndexedStory:
    """A story as the index keeps it; instants are microseconds since 1970.

    `branches` are its categories: each of its own with those above it that are in no branch
    before. `languages` are all ranges that take its own in.
    """

    id: str
    slug: str
    url: str | None
    group: str
    text: StoryText
    branches: Sequence[Sequence[str]]
    source: str | None
    languages: Sequence[str]
    tags: Sequence[str]
    authors: Sequence[str]
    kind: str
    published_at: int
    updated_at: int

    @property
    def categories(self) -> list[str]:
        """Return its own categories and all above them."""
        return list(chain.from_iterable(self.branches))


@dataclass(frozen=True, slots=True)
class Position:
    """How far an index has come.

    `serial` is the last row of the log that it holds, and `mark` tells that row from one of the
    same serial that another state of the database has. `older_than` is set while the index is
    being built, newest stories first: those older than this place are still missing. `sources` are
    those whose stories have still to be written anew after their id.
    """

    serial: int = 0
    mark: int | None = None
    older_than: tuple[int, str] | None = None
    complete: bool = False
    sources: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins in an order by date: after this story's instant and tie."""

    at: int
    tie: int


# What has no place in an order by date.
NOWHERE = Place(0, 0)


@dataclass(frozen=True, slots=True)
class Ask:
    """What is searched for. `typed` is nothing where only filters are given.

    By relevance a page begins at `offset`, by date after `place`. `now` is what recency is
    measured from.
    """

    typed: Typed | None
    now: datetime
    selection: Selection = Selection()
    order: Order = "relevance"
    descending: bool = True
    limit: int = 20
    offset: int = 0
    place: Place | None = None
    counted: bool = False
    facets: tuple[FacetField, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A story that was found; `score` is nothing in an order by date."""

    id: str
    score: float | None
    place: Place


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found.

    `more` says that the page is not the last. `typed` is what was looked for in the end, and
    `corrected` is that as text where it is not what was typed. A facet has its values with the
    most stories first; its `label` is how stories spell the value.
    """

    hits: Sequence[Hit]
    more: bool
    typed: Typed | None
    corrected: str | None = None
    total: int | None = None
    facets: Mapping[FacetField, Sequence["FacetValue"]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value of a facet: as filters take it, as stories spell it, and how many have it."""

    value: str
    label: str
    count: int


class Reader(Protocol):
    """One state of an index; it stays as it is while others write.

    Looking at one may raise `IndexUnusable`: if the index has a flaw, it is to be discarded.
    """

    @property
    def position(self) -> Position:
        """Return how far this state has come."""
        ...

    def with_changes(self, without: Sequence[str], stories: Sequence[IndexedStory]) -> "Reader":
        """Return a state in which stories are taken out, and others put in (or in again)."""
        ...

    def search(self, ask: Ask) -> Found:
        """Find stories."""
        ...

    def similar(self, story: IndexedStory, selection: Selection, limit: int) -> Sequence[Hit]:
        """Find stories that are like one, the most like first, never itself or its group."""
        ...

    def tags(self, prefix: str, limit: int) -> Sequence[FacetValue]:
        """Return the tags in use that begin with an evened text, the most used first."""
        ...

    def count(self) -> int:
        """Count the stories."""
        ...


class Writer(Protocol):
    """The one who may write to an index; nothing is seen by readers before a commit."""

    @property
    def position(self) -> Position:
        """Return how far the last commit came."""
        ...

    def put(self, stories: Sequence[IndexedStory]) -> None:
        """Write stories, in the place of those with the same ids."""
        ...

    def add(self, stories: Sequence[IndexedStory]) -> None:
        """Write stories that are known not to be there."""
        ...

    def remove(self, ids: Sequence[str]) -> None:
        """Take stories out."""
        ...

    def save(self, position: Position) -> None:
        """Make all that was written visible, together with how far that comes, or nothing."""
        ...

    def close(self) -> None:
        """Stop writing; what was not committed is lost."""
        ...


class Index(Protocol):
    """An index that many may read and one may write to, in this process and in others.

    Where the system refuses something that tells nothing of the index (no room, too many open
    files, a folder that is read-only), everything here raises `IndexUnavailable`.
    """

    def reader(self) -> Reader:
        """Return the newest committed state; an index that is missing or broken is empty."""
        ...

    def write_fault(self) -> str | None:
        """Return why the index cannot be written, if that is so."""
        ...

    def empty(self) -> Reader:
        """Return a state without stories, as of the beginning of the log."""
        ...

    def flaw(self) -> str | None:
        """Return what is wrong with the index, if it is there and not whole to the last byte."""
        ...

    def discard(self) -> None:
        """Let go of an index that turned out to be broken: from now on it is missing."""
        ...

    def writer(self) -> Writer:
        """Return the writer; raises `IndexUnusable` where the index is missing or broken."""
        ...

    def new(self) -> Writer:
        """Return a writer to a new and empty index, which readers do not see yet."""
        ...

    def adopt(self, writer: Writer) -> None:
        """Let a new index take the place of the old one, from its last commit on."""
        ...

    def is_current(self, writer: Writer) -> bool:
        """Tell whether what a writer writes to is whole, and still what readers see."""
        ...

    def close(self) -> None:
        """Let go of files."""
        ...
