"""Log positions: the serial of a row, and the random mark that identifies the row.

After a restore, or a failover to a standby that lags, the last rows of a log may be missing, and
other rows get their serials. Rows are appended in one order, so a log that has the row of a
position also has all rows before it, unless they were trimmed.
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
from app.delivery.store.log_retention import TRIMMED
from app.delivery.store.log_state import LogStateRow, add_log_state, split_log_state
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession
from app.kit.sql.statement import Statement


class LogPosition(NamedTuple):
    """A row of a log. `mark` is `None` where no row needs to exist: at the start of the log."""

    serial: int = 0
    mark: int | None = None


class LogMarks(NamedTuple):
    """How far the change log is trimmed, and the marks of both logs at two serials."""

    trimmed_upto: int | None
    public: int | None
    embargoed: int | None

    def is_trimmed(self, serial: int) -> bool:
        """Tell whether rows after a serial were trimmed."""
        return serial < (self.trimmed_upto or 0)


def is_same_row(position: LogPosition, mark: int | None) -> bool:
    """Tell whether a mark at the serial of a position belongs to the row of the position."""
    return position.mark is None or position.mark == mark


def load_log_marks(session: ReadSession, public: int, embargoed: int = 0) -> LogMarks:
    """Return the marks of both logs at these serials."""
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


def load_changes_since(
    session: ReadSession, position: LogPosition, limit: int
) -> list[Change] | None:
    """Return rows of the log after a position, or `None` if some of them are missing."""
    params = {"first": position.serial, "limit": limit + 1}
    return _select_changes_after(position, session.all(_ROWS_SINCE, params))


def build_changes_statement(
    position: LogPosition, limit: int, now: datetime, dialect: str
) -> tuple[Statement[Any], dict[str, Any]]:
    """Return the statement for changes and the log state, for `split_changes_since`."""
    params = {"first": position.serial, "limit": limit + 1, "now": now}
    return _build_changes_statement(dialect), params


def split_changes_since(
    position: LogPosition, rows: Sequence[tuple[Any, ...]]
) -> tuple[LogStateRow, list[Change] | None]:
    """Split rows into the log state and the changes that `load_changes_since` returns."""
    state, found = split_log_state(rows, RowSince)
    # The join with the log state does not keep their order.
    found.sort(key=attrgetter("serial"))
    return state, _select_changes_after(position, found)


def _select_changes_after(position: LogPosition, rows: Sequence[RowSince]) -> list[Change] | None:
    """Return the changes after a position; the rows begin with the row of the position."""
    changes = [Change(*row[:-1]) for row in rows]
    if rows and position.serial < (rows[0].trimmed_upto or 0):
        return None
    if position.mark is None:
        return [change for change in changes if change.serial > position.serial]
    is_there = changes[:1] and (changes[0].serial, changes[0].mark) == position
    return changes[1:] if is_there else None


def load_embargoed_end(session: ReadSession, public: int) -> LogPosition:
    """Return the last row of the embargo log; `public` is the end of the public log.

    If a later public row follows it, it may be trimmed before that row, and it is lost only
    together with that row. Then its mark is not needed.
    """
    row = session.first(_EMBARGOED_END)
    if row is None:
        return LogPosition()
    return LogPosition(row.serial, row.mark if row.public_serial == public else None)


class _EmbargoedEnd(NamedTuple):
    """The last row of the embargo log."""

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
def _build_changes_statement(dialect: str) -> Statement[Any]:
    return Statement(add_log_state(_rows_since, dialect), None)
