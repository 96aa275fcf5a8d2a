"""How new answers are, remembered until something is written or a moment comes.

To look up where the log stands and when time changes something takes as long as to read a page of
stories. It is the same for every answer until either happens.
"""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from app.delivery.store import LogPosition
from app.delivery.store.reading import HeadRow
from app.kit.clock import from_micros
from app.kit.watch import Version, Watch


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
