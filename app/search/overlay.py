"""The index as of now: recent changes are read from the log and applied on top of it.

So an answer is as new as the database, however far behind the index is, and a withdrawn story is in
no count, facet or suggestion. A story whose publication or expiry time has come counts as changed
before the log has a row for it.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.delivery.snapshot import Snapshot
from app.delivery.store import LogPosition
from app.search.index import Index, IndexPosition, Reader
from app.search.index_updater import is_position_in_log
from app.search.stories import to_indexed_story

# So many changed stories are added to a view. With more the index is behind: removed stories are
# left out, and the other changes are missing.
MOST_CHANGED_STORIES = 200
# Stories under embargo are never in the index. All of them are added for readers who are entitled.
MOST_EMBARGOED = 1_000
_MOST_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class IndexView:
    """The index with recent changes; `is_complete` tells whether all changes are included.

    `is_stable` tells whether there were no changes, so that the answer can be cached.
    """

    reader: Reader
    is_complete: bool
    is_stable: bool


@dataclass(frozen=True, slots=True)
class _ViewKey:
    """What a view depends on."""

    position: IndexPosition
    head: LogPosition
    unlogged: Mapping[str, int]
    until: datetime | None


class Overlay:
    """Builds views, and caches the last one until the log or time moves on."""

    def __init__(self, index: Index) -> None:
        """Build views of an index."""
        self._index = index
        self._lock = threading.Lock()
        # By whether the reader may read stories under embargo.
        self._views: dict[bool, tuple[_ViewKey, IndexView]] = {}
        self._verified: tuple[IndexPosition, LogPosition] | None = None

    def view(self, reader: Reader, public: Snapshot) -> IndexView:
        """Return the view of an index state that is no newer than the database.

        It has all public stories, and those under embargo if the reader may see any of them. The
        query and the rendering apply the grants.
        """
        public = public.with_all_stories()
        embargoed = public.entitlement.embargoed
        if not self._is_of_this_log(reader.position, public):
            reader = self._index.empty_reader()
        unlogged = public.find_unlogged(_MOST_ROWS)
        position = reader.position
        if public.log_state.serial == position.serial and not unlogged:
            return IndexView(reader, is_complete=position.complete, is_stable=position.complete)
        key = _ViewKey(
            position, public.log_state.position, unlogged, public.log_state.next_change_at
        )
        with self._lock:
            cached = self._views.get(embargoed)
            if cached is None or cached[0] != key:
                cached = self._views[embargoed] = (
                    key,
                    _build_view(reader, public, unlogged),
                )
            return cached[1]

    def _is_of_this_log(self, position: IndexPosition, public: Snapshot) -> bool:
        """Tell whether an index was made from this log, which may have lost rows."""
        key = position, public.log_state.position
        if key[1] == (position.serial, position.mark) or key == self._verified:
            return True
        if position.serial and not is_position_in_log(
            position, public.load_changes(position.serial, 1)
        ):
            return False
        self._verified = key
        return True


def _build_view(reader: Reader, public: Snapshot, unlogged: Iterable[str]) -> IndexView:
    rows = public.load_changes(reader.position.serial + 1, _MOST_ROWS + 1)
    changed = dict.fromkeys(row.id for row in rows if row.type == "article")
    ids = list(changed | dict.fromkeys(unlogged))
    visible = public.find_visible(ids)
    removed = [id_ for id_ in ids if id_ not in visible]
    most = MOST_EMBARGOED if public.entitlement.embargoed else MOST_CHANGED_STORIES
    if len(rows) > _MOST_ROWS or len(visible) > most:
        return IndexView(reader.with_changes(removed, ()), is_complete=False, is_stable=False)
    stories = [to_indexed_story(story) for story in public.load_stories(list(visible))]
    changed_reader = reader.with_changes(removed, stories)
    return IndexView(changed_reader, is_complete=reader.position.complete, is_stable=False)
