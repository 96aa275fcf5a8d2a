"""SQL of deliveries: insert, find due ones, record outcomes."""

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
# A literal, so that the planner can use the partial index of pending deliveries.
_is_pending = _c.state == literal_column("'pending'")


@dataclass(frozen=True, slots=True)
class ReplayFilter:
    """Which deliveries of a webhook to replay; None means no condition."""

    state: str | None = None
    ids: tuple[str, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None


class DeliveryRow(NamedTuple):
    """A row of a delivery; the database assigns its number."""

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
    """A due delivery, and whether its story was killed after the event."""

    row: DeliveryRow
    killed: bool


def add(session: WriteSession, rows: Sequence[DeliveryRow]) -> None:
    """Insert deliveries, in order."""
    session.insert(PushDelivery, rows)


def find_due(
    session: ReadSession,
    now: datetime,
    limit: int,
    *,
    under_way: Collection[int],
    full: Collection[str],
) -> list[DueDelivery]:
    """Return due deliveries, of each subject only the first."""
    # A kill is in the log before it is followed.
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
    """Record the outcome of a delivery, unless it was settled or renewed meanwhile; tell which."""
    statement = update(_deliveries).where(
        _c.number == row.number, _c.serial == row.serial, _is_pending
    )
    return session.execute(statement.values(**values)) == 1


def settle_dropped(
    session: WriteSession, row: DeliveryRow, *, delivered: bool, **tried: Any
) -> None:
    """Record the outcome of a delivery that was dropped while it was in flight.

    It was sent, so it is `delivered` if its receiver accepted it; it is not tried again.
    """
    is_this = (_c.number == row.number) & (_c.serial == row.serial) & (_c.state == "dropped")
    values = {**tried, "state": "delivered" if delivered else "dropped"}
    session.execute(update(_deliveries).where(is_this).values(**values))


def postpone(session: WriteSession, receiver: str, until: datetime) -> None:
    """Postpone the pending deliveries to a receiver."""
    statement = update(_deliveries).where(_c.receiver == receiver, _is_pending, _c.due_at < until)
    session.execute(statement.values(due_at=until))


def hasten(session: WriteSession, receiver: str, failing_since: datetime, now: datetime) -> None:
    """Make all deliveries due that waited for a receiver to recover."""
    late = (_c.tried_at.is_(None)) | (_c.tried_at > failing_since)
    statement = update(_deliveries).where(
        _c.receiver == receiver, _is_pending, _c.due_at > now, late
    )
    session.execute(statement.values(due_at=now))


def hold(session: WriteSession, receiver: str, until: datetime | None) -> None:
    """Postpone all pending deliveries to a receiver, or hold them if `until` is None."""
    statement = update(_deliveries).where(_c.receiver == receiver, _is_pending)
    session.execute(statement.values(due_at=until))


def drop(session: WriteSession, receiver: str) -> None:
    """Drop the pending deliveries to a receiver."""
    statement = update(_deliveries).where(_c.receiver == receiver, _is_pending)
    session.execute(statement.values(state="dropped", due_at=None))


def drop_for_subject(session: WriteSession, subject: str, but_for: str) -> None:
    """Drop pending deliveries about a story and delete all bodies, except one kind of event."""
    is_selected = (_c.subject == subject) & (_c.event != but_for)
    session.execute(update(_deliveries).where(is_selected).values(body=None))
    waiting = update(_deliveries).where(is_selected, _is_pending)
    session.execute(waiting.values(state="dropped", due_at=None))


def erase_for_subject(session: WriteSession, subject: str) -> None:
    """Drop pending deliveries about a story, and delete all bodies and answers."""
    is_selected = _c.subject == subject
    waiting = update(_deliveries).where(is_selected, _is_pending)
    session.execute(waiting.values(state="dropped", due_at=None))
    session.execute(update(_deliveries).where(is_selected).values(body=None, answer=None))


def find_receivers(session: ReadSession, subject: str) -> set[str]:
    """Return the receivers to which deliveries about a story were sent."""
    query = select(_c.receiver).where(_c.subject == subject, _c.attempts > 0).distinct()
    return set(session.scalars(query))


def find_pending_feed(session: ReadSession, receiver: str) -> DeliveryRow | None:
    """Return the pending feed delivery of a subscriber, or None."""
    statement = select(*_columns).where(_c.receiver == receiver, _is_pending, _c.event == "feed")
    return session.first(Query(statement, DeliveryRow))


def find_pending_start(
    session: ReadSession, receiver: str, subject: str, event: str
) -> DeliveryRow | None:
    """Return a delivery of an event about a story that was not tried yet, or None."""
    statement = select(*_columns).where(
        _c.receiver == receiver, _c.subject == subject, _is_pending, _c.event == event
    )
    return session.first(Query(statement.where(_c.attempts == 0), DeliveryRow))


def reschedule(session: WriteSession, number: int, serial: int, due_at: datetime | None) -> None:
    """Note that a pending delivery shows a newer row, and when it is due."""
    statement = update(_deliveries).where(_c.number == number)
    session.execute(statement.values(serial=serial, due_at=due_at))


def renew(session: WriteSession, number: int, serial: int) -> None:
    """Note that a pending delivery has to include a newer row."""
    session.execute(update(_deliveries).where(_c.number == number).values(serial=serial))


def find_delivery(session: ReadSession, receiver: str, id_: str) -> DeliveryRow | None:
    """Return a delivery to a receiver, or None."""
    # `coalesce` hides the receiver from the planner, which then uses the index of ids.
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
    """Return deliveries to a receiver, the newest first, or backwards from a position."""
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
    """Make finished deliveries pending again; return their number."""
    update_ = update(_deliveries).where(
        _c.receiver == receiver, _c.state != "pending", _c.body.is_not(None), *_conditions(filter_)
    )
    values = {"state": "pending", "attempts": 0, "due_at": now, "tried_at": None}
    return session.execute(update_.values(**values))


def find_ids(session: ReadSession, receiver: str, ids: Sequence[str]) -> frozenset[str]:
    """Return those of some ids that are deliveries to a receiver."""
    query = select(_c.id).where(_c.receiver == receiver, is_listed(_c.id, values=ids))
    return frozenset(session.scalars(query))


def delete_for_receiver(session: WriteSession, receiver: str, *, but_for: str = "") -> None:
    """Delete all deliveries to a receiver, except one kind of event, which is dropped."""
    is_selected = _c.receiver == receiver
    session.execute(delete(_deliveries).where(is_selected, _c.event != but_for))
    rest = update(_deliveries).where(is_selected, _is_pending)
    session.execute(rest.values(state="dropped", due_at=None, body=None))


def delete_older(session: WriteSession, before: datetime) -> int:
    """Delete deliveries that were created before an instant, whatever their outcome."""
    return session.execute(delete(_deliveries).where(_c.made_at < before))


def count_pending(session: ReadSession) -> int:
    """Count the pending deliveries."""
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
    """Verifications to one host: in total, pending, and the time of the first one."""

    total: int
    pending: int
    first: datetime


def count_verifications(session: ReadSession, host: str, since: datetime) -> VerificationCounts:
    """Count the verifications to a host since an instant; `host` is their subject."""
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
    """Delete finished verifications that were created before an instant."""
    old = delete(_deliveries).where(_c.made_at < before, _c.kind == "feed", _c.event == event)
    return session.execute(old.where(_c.state != "pending"))


def has_pending_event(session: ReadSession, receiver: str, event: str) -> bool:
    """Tell whether an event of a kind is pending for a receiver."""
    waiting = select(_c.number).where(_c.receiver == receiver, _is_pending, _c.event == event)
    return session.scalar(waiting) is not None
