"""How far each follower of the log has come."""

from datetime import datetime

from sqlalchemy import select, update

from app.delivery.models import FollowerRow
from app.delivery.store.log import last_log_row
from app.kit.session import ReadSession, WriteSession


def follower_position(session: ReadSession, name: str) -> int | None:
    """Return the last serial that a follower was told of, or nothing before it has begun."""
    position: int | None = session.scalar(
        select(FollowerRow.serial).where(FollowerRow.name == name)
    )
    return position


def followers(session: ReadSession) -> dict[str, int]:
    """Return the last serial that each follower was told of, by name."""
    rows = session.all(select(FollowerRow.name, FollowerRow.serial))
    return {row.name: row.serial for row in rows}


def start_follower(session: WriteSession, name: str, now: datetime) -> None:
    """Let a follower begin at the end of the log, unless it has begun already."""
    last = last_log_row(session)
    begin_follower(session, name, last[0].serial if last else 0, now)


def begin_follower(session: WriteSession, name: str, serial: int, now: datetime) -> None:
    """Let a follower begin after a serial, unless it has begun already."""
    session.insert_missing(FollowerRow, [{"name": name, "serial": serial, "noted_at": now}])


def move_follower(session: WriteSession, name: str, serial: int, now: datetime) -> None:
    """Note how far a follower has come; it never goes back, whoever else moves it."""
    statement = update(FollowerRow).where(FollowerRow.name == name, FollowerRow.serial < serial)
    session.execute(statement.values(serial=serial, noted_at=now))


def take_over(session: WriteSession, name: str, before: int, after: int, now: datetime) -> bool:
    """Move a follower on from where it was seen to stand; say no if it stands elsewhere by now."""
    statement = update(FollowerRow).where(FollowerRow.name == name, FollowerRow.serial == before)
    return session.execute(statement.values(serial=after, noted_at=now)) == 1
