"""Response models, and the request model for creating a story."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict


class Schema(BaseModel):
    """A response model that is filled from a row."""

    model_config = ConfigDict(from_attributes=True)


class SourceOut(Schema):
    """A source, as a story shows it."""

    id: int
    slug: str
    name: str
    url: str | None


class CategoryOut(Schema):
    """A category, as a story shows it."""

    id: int
    slug: str
    name: str


class AuthorOut(Schema):
    """An author of a story."""

    name: str
    url: str | None = None


class ImageOut(Schema):
    """The picture of a story."""

    url: str
    alt: str | None
    credit: str | None
    width: int | None
    height: int | None


class Headline(Schema):
    """A story in short form."""

    id: int
    slug: str
    kind: str
    language: str
    version: int
    title: str
    summary: str | None
    url: str | None
    published_at: datetime
    updated_at: datetime
    source: SourceOut
    categories: list[CategoryOut]
    tags: list[str]
    authors: list[AuthorOut]
    image: ImageOut | None
    urgency: int | None


class Story(Headline):
    """A story in full form."""

    dateline: str | None
    body_html: str


class Headlines(BaseModel):
    """A list of stories."""

    data: list[Headline]


class ArticleIn(BaseModel):
    """A story to publish; source and categories are named by their slugs."""

    external_id: str
    status: Literal["published"]
    source: str
    categories: list[str]
    kind: str
    language: str
    title: str
    summary: str | None
    body: str
    url: str | None
    tags: list[str]
    authors: list[AuthorOut]
    image: ImageOut | None
    urgency: int | None
    dateline: str | None
