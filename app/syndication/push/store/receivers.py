"""Webhooks and subscribers of feeds: kept, found, and how they fare."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, func, insert, or_, select, update

from app.kit.schema import table_of
from app.kit.session import ReadSession, Record, WriteSession
from app.kit.statement import Statement
from app.syndication.push.models import Subscription, Webhook

_webhooks = table_of(Webhook)
_subscriptions = table_of(Subscription)
TABLES = {"webhook": _webhooks, "feed": _subscriptions}
_ANYBODY: Statement[Any] = Statement(
    select(or_(exists(select(_webhooks.c.id)), exists(select(_subscriptions.c.id))).label("found"))
)


def insert_webhook(session: WriteSession, row: dict[str, Any]) -> None:
    """Add a webhook."""
    session.execute(insert(_webhooks), row)


def webhook(session: ReadSession, id_: str) -> Record | None:
    """Return a webhook, or nothing."""
    return session.first(select(_webhooks).where(_webhooks.c.id == id_))


def webhook_locked(session: WriteSession, id_: str) -> Record | None:
    """Return a webhook that nobody else changes before this transaction ends."""
    return session.first(select(_webhooks).where(_webhooks.c.id == id_).with_for_update())


def webhook_page(
    session: ReadSession, position: str | None, limit: int, *, backwards: bool
) -> Sequence[Record]:
    """Return webhooks after an id, oldest first, or backwards from it."""
    statement = select(_webhooks).limit(limit)
    if backwards:
        return session.all(
            statement.where(_webhooks.c.id < position).order_by(_webhooks.c.id.desc())
        )
    statement = statement.order_by(_webhooks.c.id)
    return session.all(statement.where(_webhooks.c.id > position) if position else statement)


def told_webhooks(session: ReadSession) -> Sequence[Record]:
    """Return the webhooks that events are kept for: all that are not disabled."""
    return session.all(select(_webhooks).where(_webhooks.c.state != "disabled"))


def is_anybody(session: ReadSession) -> bool:
    """Tell whether there is any webhook or subscription, in whatever state."""
    return bool(session.scalar(_ANYBODY))


def paused_webhooks(session: ReadSession) -> int:
    """Count the webhooks that are told nothing, though somebody set them up."""
    count = select(func.count()).select_from(_webhooks).where(_webhooks.c.state != "active")
    found: int = session.scalar(count)
    return found


def change(session: WriteSession, kind: str, id_: str, **values: Any) -> None:
    """Change a webhook or a subscription."""
    table = TABLES[kind]
    session.execute(update(table).where(table.c.id == id_).values(**values))


def remove(session: WriteSession, kind: str, id_: str) -> None:
    """Take a webhook or a subscription away."""
    table = TABLES[kind]
    session.execute(delete(table).where(table.c.id == id_))


def by_ids(session: ReadSession, kind: str, ids: Sequence[str]) -> dict[str, Record]:
    """Return webhooks or subscriptions by id."""
    table = TABLES[kind]
    if not ids:
        return {}
    return {row.id: row for row in session.all(select(table).where(table.c.id.in_(ids)))}


def insert_subscription(session: WriteSession, row: dict[str, Any]) -> None:
    """Add a subscription."""
    session.execute(insert(_subscriptions), row)


def subscription_of(session: ReadSession, digest: str) -> Record | None:
    """Return the subscription of a callback to a topic, or nothing."""
    return session.first(select(_subscriptions).where(_subscriptions.c.digest == digest))


def live_subscriptions(session: ReadSession, now: datetime) -> Sequence[Record]:
    """Return the subscriptions that wish to be told now."""
    statement = select(_subscriptions).where(_subscriptions.c.active.is_(True))
    return session.all(statement.where(_subscriptions.c.lease_until > now))


def count_live(session: ReadSession, now: datetime) -> int:
    """Count the subscriptions that were confirmed and are not over."""
    c = _subscriptions.c
    live = select(func.count()).where(c.active.is_(True), c.lease_until > now)
    count: int = session.scalar(live)
    return count


def count_unconfirmed(session: ReadSession) -> int:
    """Count the unconfirmed subscriptions."""
    count: int = session.scalar(select(func.count()).where(_subscriptions.c.active.is_(False)))
    return count


def ended_subscriptions(session: ReadSession, now: datetime, asked_before: datetime) -> list[str]:
    """Return the ids of those whose lease is over, and of those that nobody confirmed in time."""
    c = _subscriptions.c
    over = (c.lease_until <= now) | (c.active.is_(False) & (c.created_at < asked_before))
    return [row.id for row in session.all(select(c.id).where(over))]
