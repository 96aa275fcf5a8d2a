"""How far the log has been trimmed, and the rows that need not be kept."""

from collections.abc import Mapping

from sqlalchemy import BigInteger, bindparam, delete, func, literal_column, select

from app.delivery.models import FollowerRow, LogRow
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Nothing, Statement

# Trimming follows the log like others do, and keeps its place beside theirs.
TRIMMING = "trimming"

_followers = table_of(FollowerRow)
_log = table_of(LogRow)
# The serial up to which the log has but the last row of each thing.
TRIMMED = select(_followers.c.serial).where(_followers.c.name == literal_column(f"'{TRIMMING}'"))
_SUPERSEDED: Statement[Nothing] = Statement(
    delete(_log).where(
        _log.c.type == bindparam("thing"),
        _log.c.id == bindparam("of"),
        _log.c.serial < bindparam("before", type_=BigInteger),
    )
)


def slowest_follower(session: ReadSession) -> int | None:
    """Return the place of the follower that has read the least, if there is any."""
    others = _followers.c.name != TRIMMING
    slowest: int | None = session.scalar(select(func.min(_followers.c.serial)).where(others))
    return slowest


def forget_superseded(session: WriteSession, last: Mapping[tuple[str, str], int]) -> None:
    """Delete the rows of things (type and id) that are older than a serial."""
    rows = [{"thing": type_, "of": id_, "before": serial} for (type_, id_), serial in last.items()]
    session.execute(_SUPERSEDED, rows)


def forget_follower(session: WriteSession, name: str) -> None:
    """Forget the place of a follower that there is no more."""
    session.execute(delete(_followers).where(_followers.c.name == name))
