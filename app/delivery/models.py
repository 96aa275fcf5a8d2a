"""Tables of the delivery side: rendered documents, and the change log."""

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
    """A public story: its attributes, and the pieces of JSON that it is served from.

    `head` and `tail` make the short form, with `extra` the full form. The source, the categories
    and the translations are joined between them at read time.
    """

    __tablename__ = "documents"

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    slug: Mapped[str] = mapped_column(_SLUG, unique=True)
    version: Mapped[int]
    released: Mapped[bool]
    # Earlier than `published_at` only under an embargo: from then on, embargo access may read it.
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
    """The body of a public story as a piece of JSON; a separate table keeps list queries small."""

    __tablename__ = "document_bodies"

    id: Mapped[str] = mapped_column(
        _ID, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True
    )
    body: Mapped[bytes] = mapped_column(LargeBinary)


class DocumentTerm(Base):
    """A value that lists find a public story by, in the order of lists.

    A story has a term for each of its categories and their ancestors, so that "a category and
    everything below it" is one index range. It also has terms for its source and kind, for each
    tag, author and label (folded), for each language range that includes its language, and for
    pairs of these (see `build_terms`). No public filter accepts labels.
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


class TaxonomyRecord(Base):
    """A source or category, rendered: `brief` for use inside stories, `whole` as served itself."""

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
    """A former public slug, and the id of what it leads to."""

    __tablename__ = "redirects"
    __table_args__ = {"sqlite_with_rowid": False}

    type: Mapped[str] = mapped_column(String(10), primary_key=True)
    slug: Mapped[str] = mapped_column(_SLUG, primary_key=True)
    id: Mapped[str] = mapped_column(_ID)


class StoryTombstone(Base):
    """The tombstone of a public story, for readers who could have read the story.

    `attributes` are those of the story, so that an entitlement decides who may see the tombstone.
    Former slugs of the story lead to it. `embargoed` means that only readers with embargo access
    could have read the story. The answer is `not_found` if it was unpublished without a notice.
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
    """A change of what the public sees, in commit order.

    `before` and `after` are the attributes of the story, so that a follower with a filter knows
    whether the story enters, stays in or leaves its selection. `notice` is the text for readers of
    a killed or withdrawn story. `mark` is random: if rows are lost, the rows that get their
    serials later have other marks.
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
    """A change of what only readers with embargo access see.

    It is kept apart from the change log, so that the public log reveals nothing. Its place is
    between the public row `public_serial` and the next one. `before` and `after` are the
    attributes of the story for these readers.
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
    """The position of a follower of the log: the last serial that it has processed."""

    __tablename__ = "followers"

    name: Mapped[str] = mapped_column(key(50), primary_key=True)
    serial: Mapped[int] = mapped_column(BigInteger)
    noted_at: Mapped[datetime] = mapped_column(Instant)
