"""Tables of partners."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.sql.schema import Base, Instant, key

_ID = key(36)


class ReceiptTable(Base):
    """What a partner received of a story: the newest version, and its removal.

    There is no foreign key: rows are written some seconds later, when the story or the partner may
    have been deleted.
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
