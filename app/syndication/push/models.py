"""Tables of push: who is told, and what each is still to be told."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Identity, Index, Integer, LargeBinary, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.sql.schema import Base, Instant, key

_ID = key(36)


class Webhook(Base):
    """An endpoint that wants to be told of events.

    `filter` is what was written, `selection` the same with ids. Its secret signs what it is sent,
    so it has to be kept as it is; a former one signs as well until its time is over. `state` is
    active, paused or disabled, and `reason` says why. It is told what the log says after `since`.
    While it fails, `failures` counts how often in a row, and it is asked again at `retry_at`.
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


class Subscription(Base):
    """A subscriber of a feed, by WebSub; `digest` is of topic and callback, which are one thing.

    Nobody is told before the callback said that it wants to be (`active`).
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


class Delivery(Base):
    """One thing that a receiver is to be told, and what came of it.

    `number` is their order; of one `subject`, a receiver is told one after the other. `body` is
    what is sent; it is taken away when nobody may be told any more. `due_at` is set while it
    waits (`pending`). Afterwards it is `delivered`, `failed`, or `dropped`.
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
