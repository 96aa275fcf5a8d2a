"""One state of the public side, as a client may see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import repeat

from app.access.entitlement import Entitlement
from app.access.granted_history import could_have
from app.access.selection import Clause, Selection
from app.delivery.invalidation import LogState
from app.delivery.store import FormerAttributes, story_queries
from app.delivery.store.story_queries import StoryRow
from app.delivery.story_query import ListPosition, StoryQuery
from app.delivery.taxonomy_directory import TaxonomyDirectory, story_pieces
from app.kit.sql.session import ReadSession
from app.syndication.sync.entries import Document
from app.syndication.sync.sync_state import RunEnds

# Number of ids in one query.
_IDS_PER_QUERY = 100


@dataclass(frozen=True, slots=True)
class SubscriberView:
    """What is read for one client, with its selection and entitlement.

    `ends` is where a run ends that starts now.
    """

    session: ReadSession
    head: LogState
    directory: TaxonomyDirectory
    selection: Selection
    entitlement: Entitlement
    ends: RunEnds

    @property
    def embargoed(self) -> bool:
        """Tell whether the client may have stories under embargo."""
        return self.entitlement.embargoed

    @property
    def reads_taxonomy(self) -> bool:
        """Tell whether the client may have sources and categories: if it may read any story."""
        return bool(self.entitlement.grants)

    def load_page(self, position: ListPosition | None, limit: int) -> list[StoryRow]:
        """Return visible stories after a position, oldest first, and one more if there is one."""
        return self._stories(self.selection, position, limit)

    def find_stories(self, ids: Sequence[str]) -> Mapping[str, StoryRow]:
        """Return the visible stories of the selection among some ids, by id."""
        found: dict[str, StoryRow] = {}
        for start in range(0, len(ids), _IDS_PER_QUERY):
            part = ids[start : start + _IDS_PER_QUERY]
            # One statement for every number of ids: the last id is repeated.
            filled = (*part, *repeat(part[-1], _IDS_PER_QUERY - len(part)))
            clauses = (*self.selection.clauses, Clause("id", filled))
            named = replace(self.selection, clauses=clauses)
            found |= {row.id: row for row in self._stories(named, None, _IDS_PER_QUERY)}
        return found

    def build_document(self, row: StoryRow) -> Document:
        """Return the full document of a story, as this client may see it."""
        return story_pieces(row, self.directory, self.entitlement)

    def could_have(
        self, had: FormerAttributes, kept_since: datetime | None, *, embargoed: bool = False
    ) -> bool:
        """Tell whether the client could have a story with these attributes before a change.

        It does not count if it was too old for its grant before `kept_since`, if that is given.
        `embargoed` means that only readers with embargo access could have it.
        """
        return self.selection.matches(had.attributes) and could_have(
            self.entitlement, had.attributes, had.at, kept_since, embargoed=embargoed
        )

    def _stories(
        self, selection: Selection, position: ListPosition | None, limit: int
    ) -> list[StoryRow]:
        query = StoryQuery(
            selection,
            descending=False,
            position=position,
            form="whole",
            limit=limit,
            entitlement=self.entitlement,
        )
        return story_queries.load_page(self.session, query, self.head.now)
