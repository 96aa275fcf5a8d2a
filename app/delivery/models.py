"""Tables of the delivery side: documents in the form in which they leave, and the change log."""

from datetime import datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.access.selection import SelectionFields
from app.kit.sql.schema import Base, Instant, key

_ID = key(36)
_SLUG = key(200)


class Document(Base):
    """A public story: what it is selected by, and the pieces of JSON that it leaves in.

    `head` and `tail` make the short form, with `extra` the full form; between them stand the
    pieces that are joined when it is read (source, categories, translations).
    """

    __tablename__ = "documents"

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    slug: Mapped[str] = mapped_column(_SLUG, unique=True)
    version: Mapped[int]
    released: Mapped[bool]
    # Before `published_at` only where an embargo lies between: for those who may read it then.
    offered_at: Mapped[datetime] = mapped_column(Instant)
    published_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    source_id: Mapped[str | None] = mapped_column(_ID)
    language: Mapped[str] = mapped_column(String(100))
    kind: Mapped[str] = mapped_column(String(40))
    translation_group: Mapped[str] = mapped_column(_ID)
    category_ids: Mapped[str] = mapped_column(Text)
    head: Mapped[bytes] = mapped_column(LargeBinary)
    tail: Mapped[bytes] = mapped_column(LargeBinary)
    extra: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (
        Index("ix_documents_published_at", "published_at", "id"),
        Index("ix_documents_updated_at", "updated_at", "id"),
        Index("ix_documents_translation_group", "translation_group"),
        Index("ix_documents_released", "released", "published_at"),
        Index("ix_documents_released_updated", "released", "updated_at"),
        Index("ix_documents_expires_at", "expires_at"),
    )


class DocumentBody(Base):
    """The body of a public story as a piece of JSON, apart so that lists need not pass it."""

    __tablename__ = "document_bodies"

    id: Mapped[str] = mapped_column(
        _ID, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True
    )
    body: Mapped[bytes] = mapped_column(LargeBinary)


class DocumentTerm(Base):
    """One value that a public story is found by, in the order in which lists want it.

    A story has a term for each of its categories and each category above them, so that "a
    category and all below it" is one stretch of one index; for its source and kind; for each
    tag and author, folded; for each language range that takes in its language; and for pairs
    of these (see `terms`).
    """

    __tablename__ = "document_terms"

    field: Mapped[str] = mapped_column(key(20), primary_key=True)
    value: Mapped[str] = mapped_column(key(1000), primary_key=True)
    published_at: Mapped[datetime] = mapped_column(Instant, primary_key=True)
    id: Mapped[str] = mapped_column(
        _ID, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True
    )

    __table_args__ = (
        Index("ix_document_terms_id", "id", "field", "value"),
        {"sqlite_with_rowid": False},
    )


class Entry(Base):
    """A source or category, rendered: `brief` as stories show it, `whole` as it is served."""

    __tablename__ = "entries"

    type: Mapped[str] = mapped_column(String(10), primary_key=True)
    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    slug: Mapped[str] = mapped_column(_SLUG)
    name: Mapped[str] = mapped_column(String(1000))
    parent_id: Mapped[str | None] = mapped_column(_ID)
    brief: Mapped[bytes] = mapped_column(LargeBinary)
    whole: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (Index("uq_entries_slug", "type", "slug", unique=True),)


class Redirect(Base):
    """A former public slug and the thing that it leads to."""

    __tablename__ = "redirects"
    __table_args__ = {"sqlite_with_rowid": False}

    type: Mapped[str] = mapped_column(String(10), primary_key=True)
    slug: Mapped[str] = mapped_column(_SLUG, primary_key=True)
    id: Mapped[str] = mapped_column(_ID)


class Withdrawn(Base):
    """What stands where a public story was, for those who could have seen it.

    `attributes` are what it was selected by, so that an entitlement can tell who that is. Its
    slugs lead here as they led to the story. `embargoed` says that nobody else could have seen it
    but those who read what is under embargo. They may have seen what was taken back quietly since:
    then the answer is `not_found`.
    """

    __tablename__ = "withdrawn"

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    answer: Mapped[str] = mapped_column(String(10))
    notice: Mapped[str | None] = mapped_column(Text)
    redirect_to: Mapped[str | None] = mapped_column(_ID)
    embargoed: Mapped[bool]
    attributes: Mapped[SelectionFields] = mapped_column(JSON)


class LogRow(Base):
    """One change to what the public may see, in the order of commits.

    `before` and `after` hold what the story was and is selected by, so that a follower with a
    filter knows whether it enters, stays, leaves, or never was there for it. `notice` is what
    they are told of one that was killed or is gone. `mark` is random: if rows are lost, those that
    get their serials later have others.
    """

    __tablename__ = "changes"

    serial: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True
    )
    at: Mapped[datetime] = mapped_column(Instant)
    type: Mapped[str] = mapped_column(String(10))
    id: Mapped[str] = mapped_column(_ID)
    op: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(20))
    version: Mapped[int | None]
    notice: Mapped[str | None] = mapped_column(Text)
    before: Mapped[SelectionFields | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[SelectionFields | None] = mapped_column(JSON(none_as_null=True))
    mark: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))

    __table_args__ = (
        Index("ix_changes_id", "type", "id", "serial"),
        Index("ix_changes_type", "type", "serial"),
        Index(
            "ix_changes_removals",
            "serial",
            sqlite_where=text("op = 'remove'"),
            postgresql_where=text("op = 'remove'"),
        ),
        {"sqlite_autoincrement": True},
    )


class EmbargoedRow(Base):
    """One change to what those alone may see who read what is under embargo.

    It stands beside the log, so that nothing of it shows there: between the row of `public_serial`
    and the next. `before` and `after` are what the story was and is selected by for these readers.
    """

    __tablename__ = "embargoed_changes"

    serial: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), Identity(), primary_key=True
    )
    public_serial: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime] = mapped_column(Instant)
    id: Mapped[str] = mapped_column(_ID)
    op: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(20))
    version: Mapped[int | None]
    notice: Mapped[str | None] = mapped_column(Text)
    before: Mapped[SelectionFields | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[SelectionFields | None] = mapped_column(JSON(none_as_null=True))
    mark: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))

    __table_args__ = (
        Index("ix_embargoed_changes_id", "id", "serial"),
        {"sqlite_autoincrement": True},
    )


class FollowerRow(Base):
    """How far something that follows the log has come: the last serial that it was told of."""

    __tablename__ = "followers"

    name: Mapped[str] = mapped_column(key(50), primary_key=True)
    serial: Mapped[int] = mapped_column(BigInteger)
    noted_at: Mapped[datetime] = mapped_column(Instant)
