"""Tables."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, DateTime, ForeignKey, Index, Table
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    """The root of the models."""


article_categories = Table(
    "article_categories",
    Base.metadata,
    Column("article_id", ForeignKey("articles.id"), primary_key=True),
    Column("category_id", ForeignKey("categories.id"), primary_key=True),
)


class Source(Base):
    """Where stories come from."""

    __tablename__ = "sources"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    url: Mapped[str | None]


class Category(Base):
    """What stories are about."""

    __tablename__ = "categories"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("categories.id"))


class Article(Base):
    """A story."""

    __tablename__ = "articles"
    __table_args__ = (Index("ix_articles_latest", "status", "published_at", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(unique=True)
    status: Mapped[str]
    kind: Mapped[str]
    language: Mapped[str]
    version: Mapped[int]
    title: Mapped[str]
    summary: Mapped[str | None]
    url: Mapped[str | None]
    published_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    tags: Mapped[list[str]] = mapped_column(JSON)
    authors: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    image: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    urgency: Mapped[int | None]
    dateline: Mapped[str | None]
    body_html: Mapped[str]
    source_id: Mapped[int] = mapped_column(ForeignKey("sources.id"))

    source: Mapped[Source] = relationship()
    categories: Mapped[list[Category]] = relationship(secondary=article_categories)
