"""SQL of log retention: its position, and the deletion of superseded rows."""

from collections.abc import Mapping

from sqlalchemy import BigInteger, bindparam, delete, func, literal_column, select

from app.delivery.models import FollowerRow, LogRow
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Nothing, Statement

# Log retention is a follower of the log, with a position like the others.
TRIMMING = "trimming"

_followers = table_of(FollowerRow)
_log = table_of(LogRow)
# Up to this serial, the log has only the last row of each story, source and category.
TRIMMED = select(_followers.c.serial).where(_followers.c.name == literal_column(f"'{TRIMMING}'"))
_SUPERSEDED: Statement[Nothing] = Statement(
    delete(_log).where(
        _log.c.type == bindparam("thing"),
        _log.c.id == bindparam("of"),
        _log.c.serial < bindparam("before", type_=BigInteger),
    )
)


def load_slowest_position(session: ReadSession) -> int | None:
    """Return the position of the slowest follower, if there is any."""
    others = _followers.c.name != TRIMMING
    slowest: int | None = session.scalar(select(func.min(_followers.c.serial)).where(others))
    return slowest


def delete_superseded(session: WriteSession, last: Mapping[tuple[str, str], int]) -> None:
    """Delete the rows about things (type and id) that are older than a serial."""
    rows = [{"thing": type_, "of": id_, "before": serial} for (type_, id_), serial in last.items()]
    session.execute(_SUPERSEDED, rows)


def delete_follower(session: WriteSession, name: str) -> None:
    """Delete the position of a follower."""
    session.execute(delete(_followers).where(_followers.c.name == name))
