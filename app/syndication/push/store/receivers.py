"""SQL of webhooks and subscriptions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import delete, exists, func, or_, select, update

from app.kit.sql.list_parameters import is_listed
from app.kit.sql.schema import table_of
from app.kit.sql.session import ReadSession, WriteSession
from app.kit.sql.statement import Query, Statement
from app.syndication.push.models import Subscription, Webhook


class WebhookRow(NamedTuple):
    """A row of a webhook."""

    id: str
    url: str
    events: list[str]
    filter: dict[str, Any]
    selection: list[Any]
    secret: str
    old_secret: str | None
    old_secret_until: datetime | None
    state: str
    reason: str | None
    failing_since: datetime | None
    failures: int
    retry_at: datetime | None
    since: int
    version: int
    created_at: datetime
    modified_at: datetime
    partner_id: str | None = None
    document: bool = False


class WebhookSecret(NamedTuple):
    """The secrets of a webhook, as they are stored."""

    id: str
    secret: str
    old_secret: str | None

    @property
    def values(self) -> list[str]:
        """Return the secrets that there are."""
        return [value for value in (self.secret, self.old_secret) if value is not None]


class SubscriptionRow(NamedTuple):
    """A row of a subscription."""

    id: str
    digest: str
    topic: str
    callback: str
    selection: list[Any]
    secret: str | None
    active: bool
    lease_until: datetime | None
    failing_since: datetime | None
    failures: int
    retry_at: datetime | None
    sent: str | None
    since: int
    created_at: datetime


Receiver = WebhookRow | SubscriptionRow
_webhooks = table_of(Webhook)
_subscriptions = table_of(Subscription)
TABLES = {"webhook": _webhooks, "feed": _subscriptions}
_HAS_RECEIVERS: Statement[tuple[bool]] = Statement(
    select(or_(exists(select(_webhooks.c.id)), exists(select(_subscriptions.c.id))).label("found"))
)


_BY_IDS: dict[str, Statement[Receiver]] = {
    "webhook": Statement(select(_webhooks).where(is_listed(_webhooks.c.id)), WebhookRow),
    "feed": Statement(
        select(_subscriptions).where(is_listed(_subscriptions.c.id)), SubscriptionRow
    ),
}


def insert_webhook(session: WriteSession, row: WebhookRow) -> None:
    """Insert a webhook."""
    session.insert(Webhook, [row])


def find_webhook(session: ReadSession, id_: str) -> WebhookRow | None:
    """Return a webhook, or None."""
    return session.first(Query(select(_webhooks).where(_webhooks.c.id == id_), WebhookRow))


def lock_webhook(session: WriteSession, id_: str) -> WebhookRow | None:
    """Lock a webhook until the transaction ends, and return it."""
    statement = select(_webhooks).where(_webhooks.c.id == id_).with_for_update()
    return session.first(Query(statement, WebhookRow))


def load_webhook_page(
    session: ReadSession,
    position: str | None,
    limit: int,
    *,
    backwards: bool,
    partner_id: str | None = None,
) -> list[WebhookRow]:
    """Return webhooks after an id, oldest first, or backwards from it; or only a partner's."""
    statement = select(_webhooks).limit(limit)
    if partner_id is not None:
        statement = statement.where(_webhooks.c.partner_id == partner_id)
    if backwards:
        statement = statement.where(_webhooks.c.id < position).order_by(_webhooks.c.id.desc())
    else:
        statement = statement.order_by(_webhooks.c.id)
        statement = statement.where(_webhooks.c.id > position) if position else statement
    return session.all(Query(statement, WebhookRow))


def list_webhooks_of_partner(session: ReadSession, partner_id: str) -> list[str]:
    """Return the ids of the webhooks of a partner."""
    return session.scalars(select(_webhooks.c.id).where(_webhooks.c.partner_id == partner_id))


def list_secrets(session: ReadSession) -> list[WebhookSecret]:
    """Return the secrets of all webhooks."""
    columns = (_webhooks.c[name] for name in WebhookSecret._fields)
    return session.all(Query(select(*columns).order_by(_webhooks.c.id), WebhookSecret))


def list_enabled_webhooks(session: ReadSession) -> list[WebhookRow]:
    """Return the webhooks that are not disabled."""
    return session.all(Query(select(_webhooks).where(_webhooks.c.state != "disabled"), WebhookRow))


def has_receivers(session: ReadSession) -> bool:
    """Tell whether there is any webhook or subscription, in any state."""
    return bool(session.scalar(_HAS_RECEIVERS))


def count_stopped_webhooks(session: ReadSession) -> int:
    """Count the webhooks that are paused or disabled."""
    count = select(func.count()).select_from(_webhooks).where(_webhooks.c.state != "active")
    stopped: int = session.scalar(count)
    return stopped


def change(session: WriteSession, kind: str, id_: str, **values: Any) -> None:
    """Update a webhook or a subscription."""
    table = TABLES[kind]
    session.execute(update(table).where(table.c.id == id_).values(**values))


def remove(session: WriteSession, kind: str, id_: str) -> None:
    """Delete a webhook or a subscription."""
    table = TABLES[kind]
    session.execute(delete(table).where(table.c.id == id_))


def load_by_ids(session: ReadSession, kind: str, ids: Sequence[str]) -> dict[str, Receiver]:
    """Return webhooks or subscriptions by id."""
    return {row.id: row for row in session.find(_BY_IDS[kind], ids)}


def insert_subscription(session: WriteSession, row: SubscriptionRow) -> None:
    """Insert a subscription."""
    session.insert(Subscription, [row])


def find_subscription(session: ReadSession, digest: str) -> SubscriptionRow | None:
    """Return the subscription of a callback to a topic, or None."""
    statement = select(_subscriptions).where(_subscriptions.c.digest == digest)
    return session.first(Query(statement, SubscriptionRow))


def list_live_subscriptions(session: ReadSession, now: datetime) -> list[SubscriptionRow]:
    """Return the active subscriptions whose lease has not ended."""
    statement = select(_subscriptions).where(_subscriptions.c.active.is_(True))
    return session.all(Query(statement.where(_subscriptions.c.lease_until > now), SubscriptionRow))


def count_live(session: ReadSession, now: datetime) -> int:
    """Count the active subscriptions whose lease has not ended."""
    c = _subscriptions.c
    live = select(func.count()).where(c.active.is_(True), c.lease_until > now)
    count: int = session.scalar(live)
    return count


def count_unconfirmed(session: ReadSession) -> int:
    """Count the unconfirmed subscriptions."""
    count: int = session.scalar(select(func.count()).where(_subscriptions.c.active.is_(False)))
    return count


def find_ended_subscriptions(
    session: ReadSession, now: datetime, asked_before: datetime
) -> list[str]:
    """Return the ids of subscriptions whose lease ended, or that were not confirmed in time."""
    c = _subscriptions.c
    over = (c.lease_until <= now) | (c.active.is_(False) & (c.created_at < asked_before))
    return session.scalars(select(c.id).where(over))
