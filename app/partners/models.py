"""Tables of partners: products, their partners and tokens, what partners received, and usage."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.slugs import MAX_LENGTH
from app.kit.sql.schema import Base, Instant, key

_ID, _SLUG = key(36), key(MAX_LENGTH)
# A date in UTC, such as 2026-01-12.
_DAY = key(10)


class ProductTable(Base):
    """A product: a selection of stories, and how they are sent."""

    __tablename__ = "products"

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    slug: Mapped[str] = mapped_column(_SLUG, unique=True)
    name: Mapped[str] = mapped_column(String(200))
    selection: Mapped[list[Any]] = mapped_column(JSON)
    form: Mapped[str] = mapped_column(key(10))
    images: Mapped[bool]
    embargoed: Mapped[bool]
    delay_minutes: Mapped[int]
    archive_days: Mapped[int | None]
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(Instant)
    modified_at: Mapped[datetime] = mapped_column(Instant)


class PartnerTable(Base):
    """A partner; `announced_end` is the end of its agreement that an event was sent about."""

    __tablename__ = "partners"

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    slug: Mapped[str] = mapped_column(_SLUG, unique=True)
    name: Mapped[str] = mapped_column(String(200))
    contacts: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    starts_at: Mapped[datetime | None] = mapped_column(Instant)
    ends_at: Mapped[datetime | None] = mapped_column(Instant)
    announced_end: Mapped[datetime | None] = mapped_column(Instant)
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(Instant)
    modified_at: Mapped[datetime] = mapped_column(Instant)
    requests_per_minute: Mapped[int | None]
    stories_per_day: Mapped[int | None]
    stories_per_month: Mapped[int | None]


class PartnerProductTable(Base):
    """A product of a partner, in the order in which they were given."""

    __tablename__ = "partner_products"

    partner_id: Mapped[str] = mapped_column(
        _ID, ForeignKey("partners.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    product_id: Mapped[str] = mapped_column(
        _ID, ForeignKey("products.id", ondelete="RESTRICT"), index=True
    )


class FeedTokenTable(Base):
    """A token for the feeds and the stream, for one product of a partner; only its hash is here."""

    __tablename__ = "feed_tokens"

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    partner_id: Mapped[str] = mapped_column(
        _ID, ForeignKey("partners.id", ondelete="CASCADE"), index=True
    )
    product_id: Mapped[str] = mapped_column(
        _ID, ForeignKey("products.id", ondelete="CASCADE"), index=True
    )
    prefix: Mapped[str] = mapped_column(key(16), unique=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)


class ReceiptTable(Base):
    """What a partner received of a story: the newest version, and its removal.

    `full_version` is the newest version that it received whole. On `last_counted_on` the story last
    counted for the partner; these days are kept for some weeks. There is no foreign key: rows are
    written some seconds later, when the story or the partner may have been deleted.
    """

    __tablename__ = "receipts"
    __table_args__ = {"sqlite_with_rowid": False}

    article_id: Mapped[str] = mapped_column(_ID, primary_key=True)
    partner_id: Mapped[str] = mapped_column(_ID, primary_key=True, index=True)
    first_at: Mapped[datetime] = mapped_column(Instant)
    last_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[int]
    form: Mapped[str] = mapped_column(String(10))
    route: Mapped[str] = mapped_column(String(100))
    removal_at: Mapped[datetime | None] = mapped_column(Instant)
    removal_route: Mapped[str | None] = mapped_column(String(100))
    full_version: Mapped[int | None]
    first_counted_on: Mapped[str | None] = mapped_column(_DAY)
    last_counted_on: Mapped[str | None] = mapped_column(_DAY, index=True)


class UsageTable(Base):
    """What was used with a key or feed token on a day, by a route.

    A webhook has no key (an empty `key_id`), and a key may belong to no partner (an empty
    `partner_id`). The names are those of that day, for invoices about partners that were deleted
    later. `stories` is how many stories counted.
    """

    __tablename__ = "usage"
    __table_args__ = (Index(None, "partner_id", "day"), {"sqlite_with_rowid": False})

    day: Mapped[str] = mapped_column(_DAY, primary_key=True)
    partner_id: Mapped[str] = mapped_column(_ID, primary_key=True)
    key_id: Mapped[str] = mapped_column(_ID, primary_key=True)
    route: Mapped[str] = mapped_column(key(100), primary_key=True)
    partner_slug: Mapped[str | None] = mapped_column(String(200))
    partner_name: Mapped[str | None] = mapped_column(String(200))
    key_prefix: Mapped[str | None] = mapped_column(String(16))
    key_name: Mapped[str | None] = mapped_column(String(200))
    requests: Mapped[int] = mapped_column(BigInteger)
    stories: Mapped[int] = mapped_column(BigInteger)
    bytes: Mapped[int] = mapped_column(BigInteger)
