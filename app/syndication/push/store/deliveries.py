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
from app.syndication.push.models import PushDelivery

_deliveries = table_of(PushDelivery)
_earlier = _deliveries.alias("earlier")
_log = table_of(LogRow)
_c = _deliveries.c
# Written out, so that the index of what waits is known to hold it.
_is_pending = _c.state == literal_column("'pending'")


@dataclass(frozen=True, slots=True)
class ReplayFilter:
    """Which deliveries of a webhook are meant; what is nothing does not matter."""

    state: str | None = None
    ids: tuple[str, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None


class DeliveryRow(NamedTuple):
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


_columns = [_c[name] for name in DeliveryRow._fields]


class DueDelivery(NamedTuple):
    """A delivery that is due, and whether the story was killed after its event."""

    row: DeliveryRow
    killed: bool


def add(session: WriteSession, rows: Sequence[DeliveryRow]) -> None:
    """Add deliveries, in their order."""
    session.insert(PushDelivery, rows)


def find_due(
    session: ReadSession,
    now: datetime,
    limit: int,
    *,
    under_way: Collection[int],
    full: Collection[str],
) -> list[DueDelivery]:
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
        _is_pending,
        _c.due_at <= now,
        ~is_listed(_c.number, values=under_way),
        ~is_listed(_c.receiver, values=full),
        first,
    )
    query: Query[tuple[Any, ...]] = Query(statement.order_by(_c.due_at, _c.number).limit(limit))
    return [DueDelivery(DeliveryRow(*row), bool(killed)) for *row, killed in session.all(query)]


def settle(session: WriteSession, row: DeliveryRow, **values: Any) -> bool:
    """Write down what came of a delivery, unless it was settled or renewed meanwhile; say so."""
    statement = update(_deliveries).where(
        _c.number == row.number, _c.serial == row.serial, _is_pending
    )
    return session.execute(statement.values(**values)) == 1


def settle_dropped(
    session: WriteSession, row: DeliveryRow, *, delivered: bool, **tried: Any
) -> None:
    """Write down what came of a delivery that was dropped while it was under way.

    It was made, so it is delivered where its receiver took it; it is not tried again.
    """
    is_this = (_c.number == row.number) & (_c.serial == row.serial) & (_c.state == "dropped")
    values = {**tried, "state": "delivered" if delivered else "dropped"}
    session.execute(update(_deliveries).where(is_this).values(**values))


def postpone(session: WriteSession, receiver: str, until: datetime) -> None:
    """Let what a receiver waits for wait longer."""
    statement = update(_deliveries).where(_c.receiver == receiver, _is_pending, _c.due_at < until)
    session.execute(statement.values(due_at=until))


def hasten(session: WriteSession, receiver: str, failing_since: datetime, now: datetime) -> None:
    """Let all be due that waited for a receiver to be there again."""
    late = (_c.tried_at.is_(None)) | (_c.tried_at > failing_since)
    statement = update(_deliveries).where(
        _c.receiver == receiver, _is_pending, _c.due_at > now, late
    )
    session.execute(statement.values(due_at=now))


def hold(session: WriteSession, receiver: str, until: datetime | None) -> None:
    """Let everything of a receiver wait for an instant, or until somebody lets it go."""
    statement = update(_deliveries).where(_c.receiver == receiver, _is_pending)
    session.execute(statement.values(due_at=until))


def drop(session: WriteSession, receiver: str) -> None:
    """Give up what a receiver still waits for."""
    statement = update(_deliveries).where(_c.receiver == receiver, _is_pending)
    session.execute(statement.values(state="dropped", due_at=None))


def drop_for_subject(session: WriteSession, subject: str, but_for: str) -> None:
    """Forget what was to be said, and said, of a story, but for one kind of event."""
    is_selected = (_c.subject == subject) & (_c.event != but_for)
    session.execute(update(_deliveries).where(is_selected).values(body=None))
    waiting = update(_deliveries).where(is_selected, _is_pending)
    session.execute(waiting.values(state="dropped", due_at=None))


def erase_for_subject(session: WriteSession, subject: str) -> None:
    """Forget what was to be said, and said, of a story, and what receivers answered."""
    is_selected = _c.subject == subject
    waiting = update(_deliveries).where(is_selected, _is_pending)
    session.execute(waiting.values(state="dropped", due_at=None))
    session.execute(update(_deliveries).where(is_selected).values(body=None, answer=None))


def find_receivers(session: ReadSession, subject: str) -> set[str]:
    """Return who was told of a story, or may have been."""
    query = select(_c.receiver).where(_c.subject == subject, _c.attempts > 0).distinct()
    return set(session.scalars(query))


def find_pending_feed(session: ReadSession, receiver: str) -> DeliveryRow | None:
    """Return the feed that a subscriber still waits for, or nothing."""
    statement = select(*_columns).where(_c.receiver == receiver, _is_pending, _c.event == "feed")
    return session.first(Query(statement, DeliveryRow))


def renew(session: WriteSession, number: int, serial: int) -> None:
    """Note that something newer is to be told in the same delivery."""
    session.execute(update(_deliveries).where(_c.number == number).values(serial=serial))


def find_delivery(session: ReadSession, receiver: str, id_: str) -> DeliveryRow | None:
    """Return a delivery to a receiver, or nothing."""
    # Said so that no index has the receiver: the one of ids is to be taken.
    is_receiver = func.coalesce(_c.receiver == receiver, false())
    return session.first(Query(select(*_columns).where(is_receiver, _c.id == id_), DeliveryRow))


def load_page(
    session: ReadSession,
    receiver: str,
    state: str | None,
    position: int | None,
    limit: int,
    *,
    backwards: bool,
) -> list[DeliveryRow]:
    """Return deliveries to a receiver, the newest first, or backwards from one."""
    statement = select(*_columns).where(_c.receiver == receiver).limit(limit)
    if state is not None:
        statement = statement.where(_c.state == state)
    if backwards:
        statement = statement.where(_c.number > position).order_by(_c.number)
    else:
        statement = statement.order_by(_c.number.desc())
        statement = statement if position is None else statement.where(_c.number < position)
    return session.all(Query(statement, DeliveryRow))


def replay(
    session: WriteSession, receiver: str, filter_: ReplayFilter, now: datetime | None
) -> int:
    """Let deliveries that are over be made again, as they were; return how many."""
    update_ = update(_deliveries).where(
        _c.receiver == receiver, _c.state != "pending", _c.body.is_not(None), *_conditions(filter_)
    )
    values = {"state": "pending", "attempts": 0, "due_at": now, "tried_at": None}
    return session.execute(update_.values(**values))


def find_ids(session: ReadSession, receiver: str, ids: Sequence[str]) -> frozenset[str]:
    """Return which of some ids are those of deliveries to a receiver."""
    query = select(_c.id).where(_c.receiver == receiver, is_listed(_c.id, values=ids))
    return frozenset(session.scalars(query))


def delete_for_receiver(session: WriteSession, receiver: str, *, but_for: str = "") -> None:
    """Delete all deliveries to a receiver, but for one kind of event, which is sent no more."""
    is_selected = _c.receiver == receiver
    session.execute(delete(_deliveries).where(is_selected, _c.event != but_for))
    rest = update(_deliveries).where(is_selected, _is_pending)
    session.execute(rest.values(state="dropped", due_at=None, body=None))


def delete_older(session: WriteSession, before: datetime) -> int:
    """Delete deliveries that were made before an instant, whatever came of them."""
    return session.execute(delete(_deliveries).where(_c.made_at < before))


def count_pending(session: ReadSession) -> int:
    """Count what is still to be delivered."""
    count: int = session.scalar(select(func.count()).select_from(_deliveries).where(_is_pending))
    return count


def _conditions(filter_: ReplayFilter) -> list[ColumnElement[bool]]:
    conditions = []
    if filter_.state is not None:
        conditions.append(_c.state == filter_.state)
    if filter_.ids is not None:
        conditions.append(is_listed(_c.id, values=filter_.ids))
    if filter_.since is not None:
        conditions.append(_c.made_at >= filter_.since)
    if filter_.until is not None:
        conditions.append(_c.made_at < filter_.until)
    return conditions


@dataclass(frozen=True, slots=True)
class VerificationCounts:
    """Questions to one host: how many, how many of them wait, and when the first was asked."""

    total: int
    pending: int
    first: datetime


def count_verifications(session: ReadSession, host: str, since: datetime) -> VerificationCounts:
    """Return what the callbacks of a host were asked since an instant; `host` is the subject."""
    statement = (
        select(_c.state, _c.made_at)
        .where(_c.subject == host, _c.kind == "feed", _c.made_at > since)
        .order_by(_c.made_at)
    )
    query: Query[tuple[str, datetime]] = Query(statement)
    rows = session.all(query)
    pending = sum(state == "pending" for state, _ in rows)
    return VerificationCounts(len(rows), pending, rows[0][1] if rows else since)


def delete_verifications(session: WriteSession, event: str, before: datetime) -> int:
    """Delete questions to subscribers that were asked before an instant and do not wait."""
    old = delete(_deliveries).where(_c.made_at < before, _c.kind == "feed", _c.event == event)
    return session.execute(old.where(_c.state != "pending"))


def has_pending_event(session: ReadSession, receiver: str, event: str) -> bool:
    """Tell whether an event of a kind waits for a receiver."""
    waiting = select(_c.number).where(_c.receiver == receiver, _is_pending, _c.event == event)
    return session.scalar(waiting) is not None
