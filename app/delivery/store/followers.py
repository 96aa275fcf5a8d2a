"""The position of each follower of the log."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, update

from app.delivery.models import FollowerRow
from app.delivery.store.log import LOG_END, load_last_serial
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Query


class _NewFollower(NamedTuple):
    """A new row for a follower."""

    name: str
    serial: int
    noted_at: datetime


class FollowerPosition(NamedTuple):
    """The last serial that a follower processed, and the last serial of the log."""

    serial: int
    end: int


def load_follower_position(session: ReadSession, name: str) -> FollowerPosition | None:
    """Return the positions of a follower and of the log, or `None` before the follower started."""
    columns = FollowerRow.serial, LOG_END.label("end")
    return session.first(Query(select(*columns).where(FollowerRow.name == name), FollowerPosition))


def load_follower_positions(session: ReadSession) -> dict[str, int]:
    """Return the last serial that each follower processed, by name."""
    names: Query[tuple[str, int]] = Query(select(FollowerRow.name, FollowerRow.serial))
    return dict(session.all(names))


def start_follower(session: WriteSession, name: str, now: datetime) -> None:
    """Start a follower at the end of the log, unless it has started before."""
    start_follower_after(session, name, load_last_serial(session), now)


def start_follower_after(session: WriteSession, name: str, serial: int, now: datetime) -> None:
    """Start a follower after a serial, unless it has started before."""
    session.insert(FollowerRow, [_NewFollower(name, serial, now)], "missing")


def move_follower(session: WriteSession, name: str, serial: int, now: datetime) -> None:
    """Store the position of a follower; it never moves back, even with concurrent updates."""
    statement = update(FollowerRow).where(FollowerRow.name == name, FollowerRow.serial < serial)
    session.execute(statement.values(serial=serial, noted_at=now))


def rewind_follower(session: WriteSession, name: str, now: datetime) -> None:
    """Move a follower that is beyond the end of the log back to the end."""
    beyond = (FollowerRow.name == name) & (FollowerRow.serial > LOG_END)
    session.execute(update(FollowerRow).where(beyond).values(serial=LOG_END, noted_at=now))


def try_move_follower(
    session: WriteSession, name: str, before: int, after: int, now: datetime
) -> bool:
    """Move a follower on from an expected position; return false if its position is another."""
    statement = update(FollowerRow).where(FollowerRow.name == name, FollowerRow.serial == before)
    return session.execute(statement.values(serial=after, noted_at=now)) == 1
