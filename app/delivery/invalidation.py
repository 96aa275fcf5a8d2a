"""Cache invalidation: the state of the log, and the surrogate keys of answers and changes.

Reading the log position and the next scheduled change costs as much as reading a page of stories.
Both are the same for every answer until a write or a scheduled change, so they are cached until
then.

A change invalidates an answer if they share a surrogate key. CDN purging uses these keys. The
response cache uses narrower keys for some lists (see `list_keys`), because most new stories do
not appear in them.
"""

import hmac
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from app.access.selection import Clause, Field, Selection
from app.delivery.store import LogPosition
from app.delivery.store.log_state import LogStateRow
from app.kit.clock import from_micros
from app.kit.sql.change_watch import Version, Watch

# Every answer of the delivery side depends on this.
EVERYTHING = "all"
# Lists of stories: any change of a story may change them.
LISTS = "stories"
# Answers for stories that do not exist or have moved: any change of a story may change them.
NOT_FOUND_KEY = "absent"
_GROUP_BYTES = 16
_NARROWEST_FIRST: tuple[Field, ...] = (
    "id",
    "author",
    "tag",
    "category",
    "source",
    "language",
    "kind",
)


class LogState(NamedTuple):
    """The state of the log at `now`: its position, its last change, and the next scheduled change.

    `taxonomy` is the serial and mark of the last row about a source or category.

    `next_change_at` is the next time at which a story appears or expires without a write;
    `unlogged_at` is the last such time that has no log row yet.
    """

    serial: int
    taxonomy: tuple[int, int | None]
    now: datetime
    last_change_at: datetime | None
    next_change_at: datetime | None
    unlogged_at: datetime | None = None
    mark: int | None = None

    @property
    def position(self) -> LogPosition:
        """Return the position of the last row of the log."""
        return LogPosition(self.serial, self.mark)


def build_log_state(row: LogStateRow, now: datetime) -> LogState:
    """Convert a row with the log position and the scheduled changes around `now`."""
    source, category = row.source_serial or 0, row.category_serial or 0
    turned = [instant for instant in (row.due_at, row.expired_at) if instant is not None]
    before = [*turned, *([row.changed_at] if row.changed_at is not None else [])]
    ahead = [instant for instant in (row.next_due_at, row.next_expiry_at) if instant is not None]
    return LogState(
        serial=row.serial or 0,
        taxonomy=(
            (source, row.source_mark) if source > category else (category, row.category_mark)
        ),
        now=now,
        last_change_at=from_micros(max(before)) if before else None,
        next_change_at=from_micros(min(ahead)) if ahead else None,
        unlogged_at=from_micros(max(turned)) if turned else None,
        mark=row.mark,
    )


class LogStateCache:
    """A cache of the last log state, with the database version that it belongs to.

    Only an embedded database has a version that reflects every write before a read. With
    PostgreSQL, other processes write, so nothing is cached.
    """

    def __init__(self, watch: Watch | None) -> None:
        """Use the version counter of an embedded database."""
        self._known: tuple[Version, LogState] | None = None
        # The database version. A log state belongs to the version that was read before it.
        self.version: Callable[[], Version | None] = (
            watch.version if watch is not None else lambda: None
        )

    def get(self, version: Version | None, now: datetime) -> LogState | None:
        """Return the log state at a version and time if it is cached.

        It also holds for rows that were read since, if the version is still the same afterwards.
        """
        known = self._known
        if known is None or known[0] != version:
            return None
        state = known[1]
        over = state.next_change_at is not None and state.next_change_at <= now
        # Not valid if the clock was set back. `_replace` would take three times as long.
        return None if over or now < state.now else LogState(state[0], state[1], now, *state[3:])

    def put(self, version: Version | None, state: LogState) -> None:
        """Cache a log state that was read after `version`, unless the database changed since."""
        if version is not None and self.version() == version:
            self._known = version, state


class SurrogateKeys:
    """The surrogate keys of stories, and the keys that a change invalidates."""

    def __init__(self, secret: str) -> None:
        """Derive the key that hides the ids of translation groups from a deployment secret."""
        self._secret = hmac.digest(secret.encode(), b"surrogate", "sha256")

    def story_keys(self, id_: str, group: str) -> tuple[str, ...]:
        """Return the keys of an answer with a story: the story and its translation group."""
        return f"story:{id_}", self._group_key(group)

    def keys_of_changes(self, rows: Iterable[Any]) -> tuple[str, ...]:
        """Return the surrogate keys that rows of the log invalidate, each once.

        Every answer may show sources and categories, so a change to one of them invalidates all.
        """
        keys: dict[str, None] = {}
        for row in rows:
            if row.type != "article":
                return (EVERYTHING,)
            groups = map(self._group_key, _groups(row))
            keys |= dict.fromkeys((LISTS, NOT_FOUND_KEY, f"story:{row.id}", *groups))
        return tuple(keys)

    def cache_keys_of_changes(self, rows: Iterable[Any]) -> set[str]:
        """Return the keys that rows of the log invalidate, including those of `list_keys`."""
        rows = list(rows)
        keys = set(self.keys_of_changes(rows))
        if EVERYTHING in keys:
            return keys
        for row in rows:
            if not _has_attributes(row):
                # The row does not say which lists the story was in.
                return {EVERYTHING}
            keys.update(_lists_with(row))
        return keys

    def _group_key(self, group: str) -> str:
        """Return the key of a translation group.

        A group has the id of its original, which may not be public. A plain hash would still reveal
        whether a story is its own original.
        """
        return f"group:{hmac.digest(self._secret, group.encode(), 'sha256')[:_GROUP_BYTES].hex()}"


def list_keys(selection: Selection) -> tuple[str, ...]:
    """Return the cache dependencies of a list that shows only fields of the selected stories.

    A story that enters, leaves or changes in the list has, or had, one of the values of each
    filter. So the values of one filter are sufficient; the narrowest is taken.
    """
    chosen: Clause | None = None
    narrowest = (len(_NARROWEST_FIRST), 0)
    for clause in selection.clauses:
        # Roughly how many stories a filter includes.
        width = (_NARROWEST_FIRST.index(clause.field), len(clause.included))
        if clause.included and width < narrowest:
            chosen, narrowest = clause, width
    if chosen is None:
        return (LISTS,)
    return tuple(map(f"in:{chosen.field}:".__add__, chosen.included))


def _has_attributes(row: Any) -> bool:
    """Tell whether a row has the story's attributes; rows of erased stories have none."""
    facts = [attributes for attributes in (row.before, row.after) if attributes]
    return bool(facts) and all(
        field in attributes for attributes in facts for field in _NARROWEST_FIRST
    )


def _lists_with(row: Any) -> Iterable[str]:
    """Yield the keys of the lists that a story is in, or was in before a change."""
    for attributes in (row.before, row.after):
        if attributes:
            for field in _NARROWEST_FIRST:
                yield from (f"in:{field}:{value}" for value in attributes[field])


def _groups(row: Any) -> Iterator[str]:
    for attributes in (row.before, row.after):
        if attributes:
            yield from attributes.get("group", ())
