"""How new answers are, and what makes them outdated: positions in the log, and surrogate keys.

To look up where the log stands and when time changes something takes as long as to read a page of
stories. It is the same for every answer until something is written or a moment comes, so it is
remembered until then.

An answer is outdated by a change if one of its keys is among those of the change. Whoever tells a
CDN goes by it. So does the response cache, which knows of some lists more closely on what they
hang: most stories that are published do not appear in them.
"""

import hmac
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, NamedTuple

from app.access.selection import Clause, Field, Selection
from app.delivery.store import LogPosition
from app.delivery.store.log_head import HeadRow
from app.kit.clock import from_micros
from app.kit.sql.change_watch import Version, Watch

# Every answer of the delivery side shows this.
EVERYTHING = "all"
# Lists of stories: any story may appear in them, move, or go.
LISTS = "stories"
# What does not exist, or stands elsewhere now: any change of a story may change that.
ABSENT = "absent"
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


class Head(NamedTuple):
    """How new an answer is: the log's position, the last change before `now`, and the next.

    `taxonomy` is the serial and mark of the last row about a source or category.

    `changes_at` is the next moment at which time alone makes a story appear or disappear;
    `turned_at` is the last one of which the log has not heard yet.
    """

    serial: int
    taxonomy: tuple[int, int | None]
    now: datetime
    changed_at: datetime | None
    changes_at: datetime | None
    turned_at: datetime | None = None
    mark: int | None = None

    @property
    def position(self) -> LogPosition:
        """Return the last row of the log."""
        return LogPosition(self.serial, self.mark)


def head_of(row: HeadRow, now: datetime) -> Head:
    """Return what a row tells that carries the log's position and the boundaries around now."""
    source, category = row.source_serial or 0, row.category_serial or 0
    turned = [one for one in (row.due_at, row.expired_at) if one is not None]
    before = [*turned, *([row.changed_at] if row.changed_at is not None else [])]
    ahead = [one for one in (row.next_due_at, row.next_expiry_at) if one is not None]
    return Head(
        serial=row.serial or 0,
        taxonomy=(
            (source, row.source_mark) if source > category else (category, row.category_mark)
        ),
        now=now,
        changed_at=from_micros(max(before)) if before else None,
        changes_at=from_micros(min(ahead)) if ahead else None,
        turned_at=from_micros(max(turned)) if turned else None,
        mark=row.mark,
    )


class Heads:
    """The last head that was read, with the version of the database that it belongs to.

    A version tells only on an embedded database what a read will see: elsewhere others write, and
    are heard of later. There, nothing is remembered.
    """

    def __init__(self, watch: Watch | None) -> None:
        """Watch an embedded database."""
        self._known: tuple[Version, Head] | None = None
        # The version of the database; one that is read before a head belongs to it.
        self.version: Callable[[], Version | None] = (
            watch.version if watch is not None else lambda: None
        )

    def at(self, version: Version | None, now: datetime) -> Head | None:
        """Return the head of this version and moment, if it is known.

        It holds for what was read meanwhile if the version is the same afterwards.
        """
        known = self._known
        if known is None or known[0] != version:
            return None
        head = known[1]
        over = head.changes_at is not None and head.changes_at <= now
        # A clock that was set back is asked about again. `_replace` takes three times as long.
        return None if over or now < head.now else Head(head[0], head[1], now, *head[3:])

    def remember(self, version: Version | None, head: Head) -> None:
        """Remember a head that was read after this version, unless it may be newer."""
        if version is not None and self.version() == version:
            self._known = version, head


class Surrogates:
    """The keys of stories, and of what changes of stories make outdated."""

    def __init__(self, secret: str) -> None:
        """Derive from a secret of the deployment what hides the ids of groups."""
        self._secret = hmac.digest(secret.encode(), b"surrogate", "sha256")

    def story_keys(self, id_: str, group: str) -> tuple[str, ...]:
        """Return what a story shows: itself, and the translations of its group."""
        return f"story:{id_}", self._group_key(group)

    def outdated(self, rows: Iterable[Any]) -> tuple[str, ...]:
        """Return the keys of all that rows of the log make outdated, each once.

        Sources and categories are shown everywhere, so a change to one of them is a change to all.
        """
        keys: dict[str, None] = {}
        for row in rows:
            if row.type != "article":
                return (EVERYTHING,)
            groups = map(self._group_key, _groups(row))
            keys |= dict.fromkeys((LISTS, ABSENT, f"story:{row.id}", *groups))
        return tuple(keys)

    def outdated_here(self, rows: Iterable[Any]) -> set[str]:
        """Return the keys of all that rows of the log make outdated, those of `list_keys` too."""
        rows = list(rows)
        keys = set(self.outdated(rows))
        if EVERYTHING in keys:
            return keys
        for row in rows:
            if not _is_known(row):
                # Nothing says in which lists it was.
                return {EVERYTHING}
            keys.update(_appearances(row))
        return keys

    def _group_key(self, group: str) -> str:
        """Return the key of a group of translations.

        A group has the id of its original, which may not be public. A hash without a secret would
        still tell whether a story is its own original.
        """
        return f"group:{hmac.digest(self._secret, group.encode(), 'sha256')[:_GROUP_BYTES].hex()}"


def list_keys(selection: Selection) -> tuple[str, ...]:
    """Return what a list hangs on that shows nothing but fields of the stories selected.

    A story that comes, goes or changes in it has, or had, one of the values of each filter; so
    those of one filter will do.
    """
    chosen: Clause | None = None
    narrowest = (len(_NARROWEST_FIRST), 0)
    for clause in selection.clauses:
        # Roughly how many stories a filter takes in.
        width = (_NARROWEST_FIRST.index(clause.field), len(clause.included))
        if clause.included and width < narrowest:
            chosen, narrowest = clause, width
    if chosen is None:
        return (LISTS,)
    return tuple(map(f"in:{chosen.field}:".__add__, chosen.included))


def _is_known(row: Any) -> bool:
    """Tell whether a row says what the story was selected by; that of an erased story does not."""
    facts = [attributes for attributes in (row.before, row.after) if attributes]
    return bool(facts) and all(field in one for one in facts for field in _NARROWEST_FIRST)


def _appearances(row: Any) -> Iterable[str]:
    """Yield the keys of the lists in which a story appears, or did before a change."""
    for attributes in (row.before, row.after):
        if attributes:
            for field in _NARROWEST_FIRST:
                yield from (f"in:{field}:{value}" for value in attributes[field])


def _groups(row: Any) -> Iterator[str]:
    for attributes in (row.before, row.after):
        if attributes:
            yield from attributes.get("group", ())
