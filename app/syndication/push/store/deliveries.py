"""Deliveries: added, found when they are due, and what came of them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    delete,
    exists,
    false,
    func,
    literal_column,
    select,
    update,
)

from app.delivery.models import LogRow
from app.kit.sql.list_parameters import is_listed
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Query
from app.syndication.push.models import Delivery

_deliveries = table_of(Delivery)
_earlier = _deliveries.alias("earlier")
_log = table_of(LogRow)
_c = _deliveries.c
# Written out, so that the index of what waits is known to hold it.
_waits = _c.state == literal_column("'pending'")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which deliveries of a webhook are meant; what is nothing does not matter."""

    state: str | None = None
    ids: tuple[str, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None


class Message(NamedTuple):
    """A delivery as it is kept; its number is given to it when it is added."""

    id: str
    kind: str
    receiver: str
    event: str
    subject: str
    serial: int
    body: bytes | None
    state: str
    attempts: int
    made_at: datetime
    due_at: datetime | None
    tried_at: datetime | None = None
    status: int | None = None
    answer: str | None = None
    number: int = 0


_columns = [_c[name] for name in Message._fields]


class Due(NamedTuple):
    """A delivery that is due, and whether the story was killed after its event."""

    row: Message
    killed: bool


def add(session: WriteSession, rows: Sequence[Message]) -> None:
    """Add deliveries, in their order."""
    session.insert(Delivery, rows)


def due(
    session: ReadSession,
    now: datetime,
    limit: int,
    *,
    under_way: Collection[int],
    full: Collection[str],
) -> list[Due]:
    """Return deliveries that are due, and of each subject no other than the first."""
    # The log knows at once that a story was killed.
    killed = exists().where(
        _log.c.type == "article",
        _log.c.id == _c.subject,
        _log.c.serial > _c.serial,
        _log.c.reason == "killed",
    )
    first = ~exists().where(
        _earlier.c.subject == _c.subject,
        _earlier.c.receiver == _c.receiver,
        _earlier.c.number < _c.number,
        (_earlier.c.state == "pending") | is_listed(_earlier.c.number, values=under_way),
    )
    statement = select(*_columns, killed.label("killed")).where(
        _waits,
        _c.due_at <= now,
        ~is_listed(_c.number, values=under_way),
        ~is_listed(_c.receiver, values=full),
        first,
    )
    found: Query[tuple[Any, ...]] = Query(statement.order_by(_c.due_at, _c.number).limit(limit))
    return [Due(Message(*row), bool(killed)) for *row, killed in session.all(found)]


def settle(session: WriteSession, row: Message, **values: Any) -> bool:
    """Write down what came of a delivery, unless it was settled or renewed meanwhile; say so."""
    statement = update(_deliveries).where(_c.number == row.number, _c.serial == row.serial, _waits)
    return session.execute(statement.values(**values)) == 1


def settle_dropped(session: WriteSession, row: Message, *, delivered: bool, **tried: Any) -> None:
    """Write down what came of a delivery that was dropped while it was under way.

    It was made, so it is delivered where its receiver took it; it is not tried again.
    """
    its = (_c.number == row.number) & (_c.serial == row.serial) & (_c.state == "dropped")
    values = {**tried, "state": "delivered" if delivered else "dropped"}
    session.execute(update(_deliveries).where(its).values(**values))


def postpone(session: WriteSession, receiver: str, until: datetime) -> None:
    """Let what a receiver waits for wait longer."""
    statement = update(_deliveries).where(_c.receiver == receiver, _waits, _c.due_at < until)
    session.execute(statement.values(due_at=until))


def hasten(session: WriteSession, receiver: str, failing_since: datetime, now: datetime) -> None:
    """Let all be due that waited for a receiver to be there again."""
    late = (_c.tried_at.is_(None)) | (_c.tried_at > failing_since)
    statement = update(_deliveries).where(_c.receiver == receiver, _waits, _c.due_at > now, late)
    session.execute(statement.values(due_at=now))


def hold(session: WriteSession, receiver: str, until: datetime | None) -> None:
    """Let everything of a receiver wait for an instant, or until somebody lets it go."""
    statement = update(_deliveries).where(_c.receiver == receiver, _waits)
    session.execute(statement.values(due_at=until))


def drop(session: WriteSession, receiver: str) -> None:
    """Give up what a receiver still waits for."""
    statement = update(_deliveries).where(_c.receiver == receiver, _waits)
    session.execute(statement.values(state="dropped", due_at=None))


def silence(session: WriteSession, subject: str, but_for: str) -> None:
    """Forget what was to be said, and said, of a story, but for one kind of event."""
    of_it = (_c.subject == subject) & (_c.event != but_for)
    session.execute(update(_deliveries).where(of_it).values(body=None))
    waiting = update(_deliveries).where(of_it, _waits)
    session.execute(waiting.values(state="dropped", due_at=None))


def erase(session: WriteSession, subject: str) -> None:
    """Forget what was to be said, and said, of a story, and what receivers answered."""
    of_it = _c.subject == subject
    waiting = update(_deliveries).where(of_it, _waits)
    session.execute(waiting.values(state="dropped", due_at=None))
    session.execute(update(_deliveries).where(of_it).values(body=None, answer=None))


def receivers_of(session: ReadSession, subject: str) -> set[str]:
    """Return who was told of a story, or may have been."""
    told = select(_c.receiver).where(_c.subject == subject, _c.attempts > 0).distinct()
    return set(session.scalars(told))


def waiting_for(session: ReadSession, receiver: str) -> Message | None:
    """Return the feed that a subscriber still waits for, or nothing."""
    statement = select(*_columns).where(_c.receiver == receiver, _waits, _c.event == "feed")
    return session.first(Query(statement, Message))


def renew(session: WriteSession, number: int, serial: int) -> None:
    """Note that something newer is to be told in the same delivery."""
    session.execute(update(_deliveries).where(_c.number == number).values(serial=serial))


def delivery(session: ReadSession, receiver: str, id_: str) -> Message | None:
    """Return a delivery to a receiver, or nothing."""
    # Said so that no index has the receiver: the one of ids is to be taken.
    is_its = func.coalesce(_c.receiver == receiver, false())
    return session.first(Query(select(*_columns).where(is_its, _c.id == id_), Message))


def page(
    session: ReadSession,
    receiver: str,
    state: str | None,
    position: int | None,
    limit: int,
    *,
    backwards: bool,
) -> list[Message]:
    """Return deliveries to a receiver, the newest first, or backwards from one."""
    statement = select(*_columns).where(_c.receiver == receiver).limit(limit)
    if state is not None:
        statement = statement.where(_c.state == state)
    if backwards:
        statement = statement.where(_c.number > position).order_by(_c.number)
    else:
        statement = statement.order_by(_c.number.desc())
        statement = statement if position is None else statement.where(_c.number < position)
    return session.all(Query(statement, Message))


def replay(session: WriteSession, receiver: str, wanted: Wanted, now: datetime | None) -> int:
    """Let deliveries that are over be made again, as they were; return how many."""
    again = update(_deliveries).where(
        _c.receiver == receiver, _c.state != "pending", _c.body.is_not(None), *_conditions(wanted)
    )
    values = {"state": "pending", "attempts": 0, "due_at": now, "tried_at": None}
    return session.execute(again.values(**values))


def known(session: ReadSession, receiver: str, ids: Sequence[str]) -> frozenset[str]:
    """Return which of some ids are those of deliveries to a receiver."""
    its = select(_c.id).where(_c.receiver == receiver, is_listed(_c.id, values=ids))
    return frozenset(session.scalars(its))


def forget_of(session: WriteSession, receiver: str, *, but_for: str = "") -> None:
    """Delete all deliveries to a receiver, but for one kind of event, which is sent no more."""
    of_it = _c.receiver == receiver
    session.execute(delete(_deliveries).where(of_it, _c.event != but_for))
    rest = update(_deliveries).where(of_it, _waits)
    session.execute(rest.values(state="dropped", due_at=None, body=None))


def forget(session: WriteSession, before: datetime) -> int:
    """Delete deliveries that were made before an instant, whatever came of them."""
    return session.execute(delete(_deliveries).where(_c.made_at < before))


def count_pending(session: ReadSession) -> int:
    """Count what is still to be delivered."""
    count: int = session.scalar(select(func.count()).select_from(_deliveries).where(_waits))
    return count


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    conditions = []
    if wanted.state is not None:
        conditions.append(_c.state == wanted.state)
    if wanted.ids is not None:
        conditions.append(is_listed(_c.id, values=wanted.ids))
    if wanted.since is not None:
        conditions.append(_c.made_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(_c.made_at < wanted.until)
    return conditions


@dataclass(frozen=True, slots=True)
class Questions:
    """Questions to one host: how many, how many of them wait, and when the first was asked."""

    total: int
    pending: int
    first: datetime


def questions_of(session: ReadSession, host: str, since: datetime) -> Questions:
    """Return what the callbacks of a host were asked since an instant; `host` is the subject."""
    statement = (
        select(_c.state, _c.made_at)
        .where(_c.subject == host, _c.kind == "feed", _c.made_at > since)
        .order_by(_c.made_at)
    )
    asked: Query[tuple[str, datetime]] = Query(statement)
    rows = session.all(asked)
    pending = sum(state == "pending" for state, _ in rows)
    return Questions(len(rows), pending, rows[0][1] if rows else since)


def forget_questions(session: WriteSession, event: str, before: datetime) -> int:
    """Delete questions to subscribers that were asked before an instant and do not wait."""
    old = delete(_deliveries).where(_c.made_at < before, _c.kind == "feed", _c.event == event)
    return session.execute(old.where(_c.state != "pending"))


def asked(session: ReadSession, receiver: str, event: str) -> bool:
    """Tell whether an event of a kind waits for a receiver."""
    waiting = select(_c.number).where(_c.receiver == receiver, _waits, _c.event == event)
    return session.scalar(waiting) is not None
