"""The index as of this moment: what the log changed since is taken out, and added from delivery.

So an answer is as new as the database whatever the index has, and a story that was taken back is
in no count, no facet and no suggestion. Time is told in the same way: a story that came out or
expired before the log heard of it counts as changed.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from app.delivery.snapshot import Snapshot
from app.delivery.store import LogPosition
from app.search.following import stands
from app.search.index import Index, Position, Reader
from app.search.stories import indexed

# So many changed stories are searched beside the index. With more it is behind: then those that
# are gone are left out, and of the others it finds what it knows.
MOST_STORIES = 200
# What is under embargo is in no index: for those who read it, it stands beside, all of it.
MOST_HELD = 1_000
_MOST_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class View:
    """The index with what changed since; `exact` says that it is all there.

    `settled` says that nothing had to be changed, so that the answer is the one of tomorrow.
    """

    reader: Reader
    exact: bool
    settled: bool


@dataclass(frozen=True, slots=True)
class _Known:
    """What a view was made of: it holds until the log or time moves on."""

    position: Position
    head: LogPosition
    untold: Mapping[str, int]
    until: datetime | None


class Overlay:
    """Makes views, and keeps the last one for as long as it holds."""

    def __init__(self, index: Index) -> None:
        """Look at an index."""
        self._index = index
        self._making = threading.Lock()
        # For those who read what is under embargo, and for all others.
        self._known: dict[bool, tuple[_Known, View]] = {}
        self._verified: tuple[Position, LogPosition] | None = None

    def view(self, reader: Reader, public: Snapshot) -> View:
        """Return what a reader that is no newer than the database finds as of now."""
        if not self._is_ours(reader.position, public):
            reader = self._index.empty()
        untold = public.find_unlogged(_MOST_ROWS)
        position = reader.position
        if public.log_state.serial == position.serial and not untold:
            return View(reader, exact=position.complete, settled=position.complete)
        wanted = _Known(
            position, public.log_state.position, untold, public.log_state.next_change_at
        )
        with self._making:
            known = self._known.get(public.embargoed)
            if known is None or known[0] != wanted:
                known = self._known[public.embargoed] = wanted, _made(reader, public, untold)
            return known[1]

    def _is_ours(self, position: Position, public: Snapshot) -> bool:
        """Tell whether an index was made of this log, which may lose rows."""
        wanted = position, public.log_state.position
        if wanted[1] == (position.serial, position.mark) or wanted == self._verified:
            return True
        if position.serial and not stands(position, public.load_changes(position.serial, 1)):
            return False
        self._verified = wanted
        return True


def _made(reader: Reader, public: Snapshot, untold: Iterable[str]) -> View:
    rows = public.load_changes(reader.position.serial + 1, _MOST_ROWS + 1)
    changed = dict.fromkeys(row.id for row in rows if row.type == "article")
    ids = list(changed | dict.fromkeys(untold))
    visible = public.find_visible(ids)
    gone = [id_ for id_ in ids if id_ not in visible]
    most = MOST_HELD if public.embargoed else MOST_STORIES
    if len(rows) > _MOST_ROWS or len(visible) > most:
        return View(reader.with_changes(gone, ()), exact=False, settled=False)
    stories = [indexed(one) for one in public.load_stories(list(visible))]
    changed_reader = reader.with_changes(gone, stories)
    return View(changed_reader, exact=reader.position.complete, settled=False)
