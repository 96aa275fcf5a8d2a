"""How far each follower of the log has come."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select, update

from app.delivery.models import FollowerRow
from app.delivery.store.log import LOG_END, last_serial
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Query


class _Follower(NamedTuple):
    """How far a follower has come."""

    name: str
    serial: int
    noted_at: datetime


class FollowerStanding(NamedTuple):
    """The last serial that a follower was sent, and the last one of the log."""

    serial: int
    end: int


def follower_standing(session: ReadSession, name: str) -> FollowerStanding | None:
    """Return how far a follower and the log have come, or nothing before it has begun."""
    columns = FollowerRow.serial, LOG_END.label("end")
    return session.first(Query(select(*columns).where(FollowerRow.name == name), FollowerStanding))


def followers(session: ReadSession) -> dict[str, int]:
    """Return the last serial that each follower was told of, by name."""
    names: Query[tuple[str, int]] = Query(select(FollowerRow.name, FollowerRow.serial))
    return dict(session.all(names))


def start_follower(session: WriteSession, name: str, now: datetime) -> None:
    """Let a follower begin at the end of the log, unless it has begun already."""
    begin_follower(session, name, last_serial(session), now)


def begin_follower(session: WriteSession, name: str, serial: int, now: datetime) -> None:
    """Let a follower begin after a serial, unless it has begun already."""
    session.insert(FollowerRow, [_Follower(name, serial, now)], "missing")


def move_follower(session: WriteSession, name: str, serial: int, now: datetime) -> None:
    """Note how far a follower has come; it never goes back, whoever else moves it."""
    statement = update(FollowerRow).where(FollowerRow.name == name, FollowerRow.serial < serial)
    session.execute(statement.values(serial=serial, noted_at=now))


def take_back(session: WriteSession, name: str, now: datetime) -> None:
    """Let a follower that stands beyond the end of the log go on from there."""
    beyond = (FollowerRow.name == name) & (FollowerRow.serial > LOG_END)
    session.execute(update(FollowerRow).where(beyond).values(serial=LOG_END, noted_at=now))


def take_over(session: WriteSession, name: str, before: int, after: int, now: datetime) -> bool:
    """Move a follower on from where it was seen to stand; say no if it stands elsewhere by now."""
    statement = update(FollowerRow).where(FollowerRow.name == name, FollowerRow.serial == before)
    return session.execute(statement.values(serial=after, noted_at=now)) == 1
