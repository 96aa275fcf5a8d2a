"""Positions in the logs: the serial of a row, and the random mark that no other row has.

A restore, or a failover to a standby that lacked them, takes the last rows of a log away, and other
rows get their serials. Rows are appended in one order, so a log that has the row of a position has
all rows that were there before it.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, bindparam, select

from app.access.selection import SelectionFields
from app.delivery.models import EmbargoedRow, LogRow
from app.delivery.store.log import Change
from app.delivery.store.log_head import HeadRow, split_head, with_log_head
from app.delivery.store.trimming import TRIMMED
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession
from app.kit.sql.statement import Statement


class LogPosition(NamedTuple):
    """A row of a log. `mark` is `None` if no row has to be there: at the start of the log."""

    serial: int = 0
    mark: int | None = None


class LogMarks(NamedTuple):
    """How far the change log is trimmed, and the marks that both logs have at two serials."""

    trimmed_upto: int | None
    public: int | None
    embargoed: int | None

    def is_trimmed(self, serial: int) -> bool:
        """Tell whether rows after a serial were deleted on purpose."""
        return serial < (self.trimmed_upto or 0)


def is_same(position: LogPosition, mark: int | None) -> bool:
    """Tell whether a mark found at the serial of a position is the one of its row."""
    return position.mark is None or position.mark == mark


def log_marks(session: ReadSession, public: int, embargoed: int = 0) -> LogMarks:
    """Return what both logs have at these serials."""
    return session.all(_MARKS, {"public": public, "embargoed": embargoed})[0]


class RowSince(NamedTuple):
    """A row of the log, as `Change` has it, and how far the log is trimmed."""

    at: datetime
    type: str
    id: str
    op: str
    reason: str
    version: int | None
    notice: str | None
    before: SelectionFields | None
    after: SelectionFields | None
    serial: int
    mark: int
    trimmed_upto: int | None


def rows_since(session: ReadSession, position: LogPosition, limit: int) -> list[Change] | None:
    """Return rows of the log after a position, or nothing if some of them are not there."""
    params = {"first": position.serial, "limit": limit + 1}
    return _changes_after(position, session.all(_ROWS_SINCE, params))


def head_and_rows_since(
    position: LogPosition, limit: int, now: datetime, dialect: str
) -> tuple[Statement[Any], dict[str, Any]]:
    """Return what reads the same together with the head of the log, for `split_rows_since`."""
    params = {"first": position.serial, "limit": limit + 1, "now": now}
    return _head_and_rows_since(dialect), params


def split_rows_since(
    position: LogPosition, rows: Sequence[tuple[Any, ...]]
) -> tuple[HeadRow, list[Change] | None]:
    """Return the head, and what `rows_since` returns."""
    head, found = split_head(rows, RowSince)
    # They are joined with the head, so they come in any order.
    found.sort(key=attrgetter("serial"))
    return head, _changes_after(position, found)


def _changes_after(position: LogPosition, rows: Sequence[RowSince]) -> list[Change] | None:
    """Return the changes of rows that begin with that of the position, if it is there."""
    changes = [Change(*row[:-1]) for row in rows]
    if rows and position.serial < (rows[0].trimmed_upto or 0):
        return None
    if position.mark is None:
        return [change for change in changes if change.serial > position.serial]
    is_there = changes[:1] and (changes[0].serial, changes[0].mark) == position
    return changes[1:] if is_there else None


def embargoed_end(session: ReadSession, public: int) -> LogPosition:
    """Return the last row of the log of what is under embargo, `public` being the other's end.

    A row that another of the change log follows may be trimmed before that one is, and is lost only
    together with it. So its mark is not needed.
    """
    row = session.first(_EMBARGOED_END)
    if row is None:
        return LogPosition()
    return LogPosition(row.serial, row.mark if row.public_serial == public else None)


class _EmbargoedEnd(NamedTuple):
    """The last row of the log of what is under embargo."""

    serial: int
    mark: int
    public_serial: int


_embargoed = table_of(EmbargoedRow)
_log = table_of(LogRow)
_rows_since = (
    select(
        *(_log.c[name] for name in Change._fields),
        TRIMMED.scalar_subquery().label("trimmed_upto"),
    )
    .where(_log.c.serial >= bindparam("first", type_=BigInteger))
    .order_by(_log.c.serial)
    .limit(bindparam("limit"))
)
_ROWS_SINCE = Statement(_rows_since, RowSince)
_MARKS = Statement(
    select(
        TRIMMED.scalar_subquery().label("trimmed_upto"),
        select(_log.c.mark)
        .where(_log.c.serial == bindparam("public", type_=BigInteger))
        .scalar_subquery()
        .label("public"),
        select(_embargoed.c.mark)
        .where(_embargoed.c.serial == bindparam("embargoed", type_=BigInteger))
        .scalar_subquery()
        .label("embargoed"),
    ),
    LogMarks,
)
_EMBARGOED_END = Statement(
    select(*(_embargoed.c[name] for name in _EmbargoedEnd._fields))
    .order_by(_embargoed.c.serial.desc())
    .limit(1),
    _EmbargoedEnd,
)


@lru_cache(maxsize=2)
def _head_and_rows_since(dialect: str) -> Statement[Any]:
    return Statement(with_log_head(_rows_since, dialect), None)
