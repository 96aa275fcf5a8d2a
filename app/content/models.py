"""Tables of the content side, which editors work on. No public route reads them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kit.sql.schema import Base, Instant, key

_ID = key(36)
_SLUG = key(200)


class SourceRow(Base):
    """A publisher, agency or desk that stories come from."""

    __tablename__ = "sources"

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    slug: Mapped[str] = mapped_column(_SLUG, unique=True)
    name: Mapped[str] = mapped_column(String(1000))
    url: Mapped[str | None] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str | None] = mapped_column(String(100))
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(Instant)
    modified_at: Mapped[datetime] = mapped_column(Instant)


class CategoryRow(Base):
    """A node of the category tree."""

    __tablename__ = "categories"

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    slug: Mapped[str] = mapped_column(_SLUG, unique=True)
    name: Mapped[str] = mapped_column(String(1000))
    names: Mapped[dict[str, str]] = mapped_column(JSON)
    parent_id: Mapped[str | None] = mapped_column(
        _ID, ForeignKey("categories.id", ondelete="RESTRICT"), index=True
    )
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(Instant)
    modified_at: Mapped[datetime] = mapped_column(Instant)


class ArticleRow(Base):
    """A working copy, with the state of its story. The columns are the fields of `Article`."""

    __tablename__ = "articles"

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    slug: Mapped[str] = mapped_column(_SLUG, unique=True)
    stage: Mapped[str] = mapped_column(String(20))
    version: Mapped[int]
    published_version: Mapped[int | None]
    source_id: Mapped[str | None] = mapped_column(
        _ID, ForeignKey("sources.id", ondelete="RESTRICT")
    )
    external_id: Mapped[str | None] = mapped_column(String(500))
    kind: Mapped[str] = mapped_column(String(40))
    language: Mapped[str] = mapped_column(String(100))
    title: Mapped[str] = mapped_column(String(1000))
    summary: Mapped[str | None] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    body_format: Mapped[str] = mapped_column(String(10))
    body_base: Mapped[str | None] = mapped_column(Text)
    url: Mapped[str | None] = mapped_column(Text)
    categories: Mapped[list[str]] = mapped_column(JSON)
    tags: Mapped[list[str]] = mapped_column(JSON)
    authors: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    image: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    rights: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    corrections: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    dateline: Mapped[str | None] = mapped_column(String(200))
    urgency: Mapped[int | None]
    translation_of: Mapped[str | None] = mapped_column(
        _ID, ForeignKey("articles.id", ondelete="SET NULL")
    )
    published_at: Mapped[datetime | None] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)
    embargo_until: Mapped[datetime | None] = mapped_column(Instant)
    first_published_at: Mapped[datetime | None] = mapped_column(Instant)
    updated_at: Mapped[datetime | None] = mapped_column(Instant)
    created_at: Mapped[datetime] = mapped_column(Instant)
    modified_at: Mapped[datetime] = mapped_column(Instant)
    deleted_at: Mapped[datetime | None] = mapped_column(Instant)
    offered_from: Mapped[datetime | None] = mapped_column(Instant)
    public_from: Mapped[datetime | None] = mapped_column(Instant)
    public_until: Mapped[datetime | None] = mapped_column(Instant)
    scheduled_at_local: Mapped[str | None] = mapped_column(String(19))
    time_zone: Mapped[str | None] = mapped_column(String(100))
    answer: Mapped[str | None] = mapped_column(String(10))
    notice: Mapped[str | None] = mapped_column(Text)
    redirect_to: Mapped[str | None] = mapped_column(_ID)
    released: Mapped[bool]
    digital_source_type: Mapped[str | None] = mapped_column(String(40))
    labels: Mapped[list[str]] = mapped_column(JSON)

    __table_args__ = (
        Index("uq_articles_external", "source_id", "external_id", unique=True),
        Index("ix_articles_external_id", "external_id"),
        Index("ix_articles_published_at", "published_at", "id"),
        Index("ix_articles_modified_at", "modified_at", "id"),
        Index("ix_articles_stage", "stage", "published_at", "id"),
        Index("ix_articles_translation_of", "translation_of"),
        Index(
            "ix_articles_deleted_at",
            "deleted_at",
            sqlite_where=text("deleted_at IS NOT NULL"),
            postgresql_where=text("deleted_at IS NOT NULL"),
        ),
        Index(
            "ix_articles_time_zone",
            "public_from",
            sqlite_where=text("time_zone IS NOT NULL"),
            postgresql_where=text("time_zone IS NOT NULL"),
        ),
    )


class ArticleCategoryRow(Base):
    """A category of a working copy; its foreign key prevents deletion of the category."""

    __tablename__ = "article_categories"
    __table_args__ = {"sqlite_with_rowid": False}

    category_id: Mapped[str] = mapped_column(
        _ID, ForeignKey("categories.id", ondelete="RESTRICT"), primary_key=True
    )
    article_id: Mapped[str] = mapped_column(
        _ID, ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class ArticleLabelRow(Base):
    """A tag, author or label of a working copy, folded, for filters of the newsroom."""

    __tablename__ = "article_labels"
    __table_args__ = {"sqlite_with_rowid": False}

    field: Mapped[str] = mapped_column(key(10), primary_key=True)
    value: Mapped[str] = mapped_column(key(1000), primary_key=True)
    article_id: Mapped[str] = mapped_column(
        _ID, ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class RevisionRow(Base):
    """A full snapshot of an article, one for each version."""

    __tablename__ = "revisions"

    article_id: Mapped[str] = mapped_column(
        _ID, ForeignKey("articles.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    action: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(Instant)
    actor_id: Mapped[str | None] = mapped_column(key(36))
    actor_name: Mapped[str] = mapped_column(String(200))
    note: Mapped[str | None] = mapped_column(Text)
    snapshot: Mapped[dict[str, Any]] = mapped_column(JSON)
    actor_type: Mapped[str | None] = mapped_column(String(20))


class PreviewRow(Base):
    """A preview link to a working copy, or to the public side at a time; it can be revoked."""

    __tablename__ = "previews"

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    article_id: Mapped[str] = mapped_column(
        _ID, ForeignKey("articles.id", ondelete="CASCADE"), index=True
    )
    as_of: Mapped[datetime | None] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)


class PublicSlugRow(Base):
    """A slug that is or was public; it belongs to its article, source or category for ever."""

    __tablename__ = "public_slugs"
    __table_args__ = {"sqlite_with_rowid": False}

    type: Mapped[str] = mapped_column(String(10), primary_key=True)
    slug: Mapped[str] = mapped_column(_SLUG, primary_key=True)
    id: Mapped[str] = mapped_column(_ID, index=True)
    since: Mapped[datetime] = mapped_column(Instant)
