"""One state of the public side, as a follower may see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import repeat

from app.access.selection import Clause, Selection, SelectionFields
from app.delivery.freshness import LogState
from app.delivery.store import LogPosition, story_queries
from app.delivery.store.story_queries import StoryRow
from app.delivery.story_query import ListPosition, StoryQuery
from app.delivery.taxonomy_directory import TaxonomyDirectory, story_pieces
from app.kit.sql.session import ReadSession
from app.syndication.sync.entries import Document

# Stories are looked up by id so many at a time.
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Sight:
    """What is read for one follower, of whom no more is asked than what it selects.

    `end` is the last row of the log of what is under embargo, for those who are told of it.
    """

    session: ReadSession
    head: LogState
    end: LogPosition
    directory: TaxonomyDirectory
    selection: Selection
    embargoed: bool

    def page(self, position: ListPosition | None, limit: int) -> list[StoryRow]:
        """Return visible stories after a position, oldest first, and one more if there is more."""
        return self._stories(self.selection, position, limit)

    def found(self, ids: Sequence[str]) -> Mapping[str, StoryRow]:
        """Return the visible stories of the selection among ids, by id."""
        found: dict[str, StoryRow] = {}
        for start in range(0, len(ids), _AT_ONCE):
            part = ids[start : start + _AT_ONCE]
            # One statement for all numbers of ids: the last is said again to fill it up.
            filled = (*part, *repeat(part[-1], _AT_ONCE - len(part)))
            clauses = (*self.selection.clauses, Clause("id", filled))
            named = replace(self.selection, clauses=clauses)
            found |= {row.id: row for row in self._stories(named, None, _AT_ONCE)}
        return found

    def whole(self, row: StoryRow) -> Document:
        """Return a story whole, as this follower may see it."""
        return story_pieces(row, self.directory)

    def matches(self, attributes: SelectionFields) -> bool:
        """Tell whether a story with these attributes was one of the selection."""
        return self.selection.matches(attributes)

    def _stories(
        self, selection: Selection, position: ListPosition | None, limit: int
    ) -> list[StoryRow]:
        query = StoryQuery(
            selection,
            descending=False,
            position=position,
            form="whole",
            limit=limit,
            embargoed=self.embargoed,
        )
        return story_queries.load_page(self.session, query, self.head.now)
