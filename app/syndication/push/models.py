"""Tables of push: webhooks, subscriptions and deliveries."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Identity,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.sql.schema import Base, Instant, key

_ID = key(36)


class Webhook(Base):
    """A webhook.

    `filter` is the filter as written, `selection` the same with ids. The secret signs requests, so
    it is stored itself, encrypted if the operator has set a key (see `stored_secrets`). An old
    secret also signs until it expires. `state` is active, paused or disabled, and `reason` says
    why. It receives events of rows after `since`. While it fails, `failures` counts the failures in
    a row, and it is tried again at `retry_at`. One of a partner (`partner_id`) hears only of what
    its agreement grants, with the story in the event if it has `document`.
    """

    __tablename__ = "webhooks"

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    url: Mapped[str] = mapped_column(String(2000))
    events: Mapped[list[str]] = mapped_column(JSON)
    filter: Mapped[dict[str, Any]] = mapped_column(JSON)
    selection: Mapped[list[Any]] = mapped_column(JSON)
    secret: Mapped[str] = mapped_column(String(100))
    old_secret: Mapped[str | None] = mapped_column(String(100))
    old_secret_until: Mapped[datetime | None] = mapped_column(Instant)
    state: Mapped[str] = mapped_column(key(10))
    reason: Mapped[str | None] = mapped_column(String(200))
    failing_since: Mapped[datetime | None] = mapped_column(Instant)
    failures: Mapped[int]
    retry_at: Mapped[datetime | None] = mapped_column(Instant)
    since: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(Instant)
    modified_at: Mapped[datetime] = mapped_column(Instant)
    partner_id: Mapped[str | None] = mapped_column(_ID)
    document: Mapped[bool] = mapped_column(server_default=false())

    __table_args__ = (Index("ix_webhooks_partner_id", "partner_id"),)


class Subscription(Base):
    """A WebSub subscription; `digest` is the unique key of topic and callback.

    Nothing is sent before the callback has confirmed (`active`).
    """

    __tablename__ = "subscriptions"

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    digest: Mapped[str] = mapped_column(key(64), unique=True)
    topic: Mapped[str] = mapped_column(Text)
    callback: Mapped[str] = mapped_column(Text)
    selection: Mapped[list[Any]] = mapped_column(JSON)
    secret: Mapped[str | None] = mapped_column(String(200))
    active: Mapped[bool]
    lease_until: Mapped[datetime | None] = mapped_column(Instant)
    failing_since: Mapped[datetime | None] = mapped_column(Instant)
    failures: Mapped[int]
    retry_at: Mapped[datetime | None] = mapped_column(Instant)
    sent: Mapped[str | None] = mapped_column(String(64))
    since: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(Instant)

    __table_args__ = (Index("ix_subscriptions_lease_until", "lease_until"),)


class PushDelivery(Base):
    """A delivery to a receiver, and its outcome.

    `number` orders deliveries; those about one `subject` reach a receiver one after the other.
    `body` is deleted when it may no longer be sent. `due_at` is set while the state is `pending`.
    Final states are `delivered`, `failed` and `dropped`.
    """

    __tablename__ = "deliveries"

    number: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True
    )
    id: Mapped[str] = mapped_column(key(40), unique=True)
    kind: Mapped[str] = mapped_column(key(12))
    receiver: Mapped[str] = mapped_column(_ID)
    event: Mapped[str] = mapped_column(key(40))
    subject: Mapped[str] = mapped_column(_ID)
    serial: Mapped[int] = mapped_column(BigInteger)
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(key(10))
    attempts: Mapped[int]
    made_at: Mapped[datetime] = mapped_column(Instant)
    due_at: Mapped[datetime | None] = mapped_column(Instant)
    tried_at: Mapped[datetime | None] = mapped_column(Instant)
    status: Mapped[int | None]
    answer: Mapped[str | None] = mapped_column(String(500))

    __table_args__ = (
        Index("ix_deliveries_receiver", "receiver", "number"),
        Index("ix_deliveries_subject", "subject", "receiver", "number"),
        Index("ix_deliveries_made_at", "made_at"),
        Index(
            "ix_deliveries_due_at",
            "due_at",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
        {"sqlite_autoincrement": True},
    )
