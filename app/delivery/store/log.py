"""The change log: appended to last, read from a serial on."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, select

from app.delivery.models import (
    LogRow,
)
from app.kit.schema import table_of
from app.kit.session import ReadSession, Record, WriteSession, chunks

# The last lock of every writing transaction on PostgreSQL: a sequence there is not commit
# order, and a follower would skip a row that is numbered early and committed late.
LOG_LOCK = "change-log"


def append(session: WriteSession, rows: Sequence[dict[str, Any]]) -> None:
    """Append to the log; nothing may be locked after this."""
    if rows:
        session.lock(LOG_LOCK)
        session.execute(insert(table_of(LogRow)), rows)


@dataclass(frozen=True, slots=True)
class LastChange:
    """The last row that the log has about a story."""

    op: str
    reason: str
    version: int | None
    after: dict[str, Any] | None


def last_log_rows(session: ReadSession, ids: Collection[str]) -> dict[str, LastChange]:
    """Return the last log row of each story that has one, by id."""
    found: dict[str, LastChange] = {}
    for part in chunks(ids):
        last = (
            select(func.max(LogRow.serial))
            .where(LogRow.type == "article", LogRow.id.in_(part))
            .group_by(LogRow.id)
        )
        columns = select(LogRow.id, LogRow.op, LogRow.reason, LogRow.version, LogRow.after)
        for row in session.all(columns.where(LogRow.serial.in_(last))):
            found[row.id] = LastChange(row.op, row.reason, row.version, row.after)
    return found


def last_log_row(session: ReadSession) -> Sequence[Record]:
    """Return the end of the log: one row, or none yet."""
    statement = select(table_of(LogRow)).order_by(LogRow.serial.desc()).limit(1)
    return session.all(statement)


def log_rows(session: ReadSession, after: int, limit: int) -> Sequence[Record]:
    """Return rows of the log after a serial, oldest first."""
    statement = select(table_of(LogRow)).where(LogRow.serial > after)
    return session.all(statement.order_by(LogRow.serial).limit(limit))
