"""Log positions: the serial of a row, and the random mark that identifies the row.

After a restore, or a failover to a standby that lags, the last rows of a log may be missing, and
other rows get their serials. Rows are appended in one order, so a log that has the row of a
position also has all rows before it, unless they were trimmed.
"""

from typing import NamedTuple

from sqlalchemy import BigInteger, bindparam, select

from app.delivery.models import EmbargoedRow, LogRow
from app.delivery.store.log import Change, load_changes
from app.delivery.store.log_retention import TRIMMED
from app.kit.schema import table_of
from app.kit.session import ReadSession
from app.kit.statement import Statement


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


def load_changes_since(
    session: ReadSession, position: LogPosition, limit: int
) -> list[Change] | None:
    """Return rows of the log after a position, or `None` if some of them are missing."""
    marks = load_log_marks(session, position.serial)
    if marks.is_trimmed(position.serial) or not is_same_row(position, marks.public):
        return None
    return load_changes(session, position.serial, limit)


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
