"""The interface to a search engine, and the values that cross it.

An implementation stores stories and finds them. It knows nothing of HTTP, of the database, or of
products: each query has the grants of its reader, and the result is ids. Any engine that passes the
tests in `tests/search/contract` can replace the one in `engine`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Literal, Protocol

from app.access.entitlement import GrantForm
from app.access.selection import Selection
from app.search.query.parser import ParsedQuery
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
# Pages by relevance end here.
MOST_RELEVANT = 1_000
# A facet has at most so many values.
MOST_FACET_VALUES = 50


@dataclass(frozen=True, slots=True)
class IndexedStory:
    """A story as the index stores it; instants are microseconds since 1970.

    `branches` has a list for each category of the story: the category and those ancestors that no
    earlier list contains. `languages` are all language ranges that include the story's language.
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
    labels: Sequence[str]
    kind: str
    published_at: int
    updated_at: int

    @property
    def categories(self) -> list[str]:
        """Return its own categories and all their ancestors."""
        return list(chain.from_iterable(self.branches))


@dataclass(frozen=True, slots=True)
class IndexPosition:
    """The log position of an index.

    `serial` is the last row of the log in the index; `mark` tells it from a row with the same
    serial in another state of the database. While the index is being built, newest stories first,
    `older_than` is set: stories older than this are still missing. `sources` are sources whose
    stories have to be written again, each with the id to continue after.
    """

    serial: int = 0
    mark: int | None = None
    older_than: tuple[int, str] | None = None
    complete: bool = False
    sources: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DatePosition:
    """Where a page begins in an order by date: after a story's instant and tie breaker."""

    at: int
    tie: int


# For hits outside an order by date.
NO_DATE_POSITION = DatePosition(0, 0)


@dataclass(frozen=True, slots=True)
class IndexGrant:
    """Stories that may be found; those of the form `headline` only by words of title and summary.

    A story of several grants has the form `full` if a grant with this form includes it.
    """

    selection: Selection = Selection()
    form: GrantForm = "full"


Grants = tuple[IndexGrant, ...]
ALL_STORIES: Grants = (IndexGrant(),)


@dataclass(frozen=True, slots=True)
class IndexQuery:
    """A search in the stories of `grants`. `parsed` is None if only filters are given.

    A page by relevance begins at `offset`, a page by date after `date_position`. Recency is
    measured from `now`.
    """

    parsed: ParsedQuery | None
    now: datetime
    selection: Selection = Selection()
    order: Order = "relevance"
    descending: bool = True
    limit: int = 20
    offset: int = 0
    date_position: DatePosition | None = None
    count_total: bool = False
    facets: tuple[FacetField, ...] = ()
    grants: Grants = ALL_STORIES


@dataclass(frozen=True, slots=True)
class Hit:
    """A matching story; `score` is None in an order by date."""

    id: str
    score: float | None
    date_position: DatePosition


@dataclass(frozen=True, slots=True)
class IndexResult:
    """The result of a search.

    `more` tells whether another page follows. `parsed` is the query as it was searched for;
    `corrected` is that as text if it differs from what the user typed. Facet values are sorted by
    number of stories; `label` is the spelling that stories use.
    """

    hits: Sequence[Hit]
    more: bool
    parsed: ParsedQuery | None
    corrected: str | None = None
    total: int | None = None
    facets: Mapping[FacetField, Sequence["FacetValue"]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value of a facet: the value for filters, its spelling, and the number of stories."""

    value: str
    label: str
    count: int


class Reader(Protocol):
    """One immutable state of an index.

    Methods may raise `IndexUnusable`: if the index has a flaw, discard it.
    """

    @property
    def position(self) -> IndexPosition:
        """Return the log position of this state."""
        ...

    def with_changes(self, removed: Sequence[str], stories: Sequence[IndexedStory]) -> "Reader":
        """Return a state in which some stories are removed and others added or replaced."""
        ...

    def search(self, request: IndexQuery) -> IndexResult:
        """Find stories."""
        ...

    def find_similar(
        self,
        story: IndexedStory,
        selection: Selection,
        limit: int,
        grants: Grants = ALL_STORIES,
    ) -> Sequence[Hit]:
        """Find similar stories, the most similar first, without the story itself and its group.

        If any grant has the form `headline`, no bodies are compared.
        """
        ...

    def complete_tags(
        self, prefix: str, limit: int, grants: Grants = ALL_STORIES
    ) -> Sequence[FacetValue]:
        """Return the tags with a normalized prefix of granted stories, the most used first."""
        ...

    def count(self) -> int:
        """Count the stories."""
        ...


class Writer(Protocol):
    """The only writer of an index; readers see nothing before a commit."""

    @property
    def position(self) -> IndexPosition:
        """Return the log position of the last commit."""
        ...

    def put(self, stories: Sequence[IndexedStory]) -> None:
        """Write stories, and replace those with the same ids."""
        ...

    def add(self, stories: Sequence[IndexedStory]) -> None:
        """Write stories that are not in the index yet."""
        ...

    def remove(self, ids: Sequence[str]) -> None:
        """Remove stories."""
        ...

    def save(self, position: IndexPosition) -> None:
        """Commit everything that was written together with the log position, atomically."""
        ...

    def close(self) -> None:
        """Stop writing; uncommitted changes are lost."""
        ...


class Index(Protocol):
    """An index with many readers and one writer, in this process and in others.

    If the system refuses something that says nothing about the index (no space, too many open
    files, a read-only folder), every method raises `IndexUnavailable`.
    """

    def reader(self) -> Reader:
        """Return the newest committed state; a missing or broken index is empty."""
        ...

    def write_fault(self) -> str | None:
        """Return why the index cannot be written, or None."""
        ...

    def empty_reader(self) -> Reader:
        """Return a state without stories, at the beginning of the log."""
        ...

    def find_flaw(self) -> str | None:
        """Return what is wrong with the index, or None if it is missing or intact."""
        ...

    def discard(self) -> None:
        """Discard a broken index: from now on it is missing."""
        ...

    def writer(self) -> Writer:
        """Return the writer; raise `IndexUnusable` if the index is missing or broken."""
        ...

    def new_writer(self) -> Writer:
        """Return a writer to a new, empty index, which nobody reads yet."""
        ...

    def adopt(self, writer: Writer) -> None:
        """Replace the current index by a new one, at its last commit."""
        ...

    def is_current(self, writer: Writer) -> bool:
        """Tell whether the index of a writer is intact and still the current one."""
        ...

    def close(self) -> None:
        """Close files."""
        ...
