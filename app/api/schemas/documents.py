"""Finished documents, in all forms in which readers see them."""

from typing import Literal

from app.api.schemas.base import Answer, Id, Instant
from app.content.digital_source_types import DigitalSourceType


class SourceBrief(Answer):
    """A source as a story shows it."""

    id: Id
    slug: str
    name: str
    url: str | None


class SourceEntry(SourceBrief):
    """A source."""

    description: str | None
    language: str | None


class CategoryBrief(Answer):
    """A category as a story shows it."""

    id: Id
    slug: str
    name: str


class CategoryEntry(CategoryBrief):
    """A category; `path` is the slugs from the top of the tree down to its own."""

    names: dict[str, str]
    parent: str | None
    path: list[str]


class CategoryNode(CategoryEntry):
    """A category with those right below it."""

    children: list["CategoryNode"]


class AuthorView(Answer):
    """Who wrote it."""

    name: str
    url: str | None


class ImageView(Answer):
    """The picture that goes with a story."""

    url: str
    alt: str | None
    credit: str | None
    width: int | None
    height: int | None
    digital_source_type: DigitalSourceType | None


class RightsView(Answer):
    """Who holds the rights and what may be done."""

    holder: str | None
    usage_terms: str | None
    licence: str | None


class Correction(Answer):
    """A public note about what was wrong."""

    at: Instant
    note: str


class Translation(Answer):
    """The same story in another language."""

    language: str
    id: Id
    slug: str


class Headline(Answer):
    """A story in short form."""

    id: Id
    slug: str
    kind: str
    language: str
    version: int
    title: str
    summary: str | None
    url: str | None
    published_at: Instant
    updated_at: Instant
    source: SourceBrief | None
    categories: list[CategoryBrief]
    tags: list[str]
    authors: list[AuthorView]
    image: ImageView | None
    urgency: int | None


class Story(Headline):
    """A story in full form, without its body."""

    first_published_at: Instant
    dateline: str | None
    word_count: int
    reading_minutes: int
    rights: RightsView | None
    corrections: list[Correction]
    digital_source_type: DigitalSourceType | None
    translations: list[Translation]


class StoryWithBody(Story):
    """A story, whole."""

    body_html: str
    body_text: str


class Embargoed(Answer):
    """What stories under embargo carry for those who may read them before it ends."""

    embargoed: Literal[True]
    embargo_until: Instant


class EmbargoedHeadline(Headline, Embargoed):
    """A story under embargo in short form, for keys that may read it."""


class EmbargoedStory(Story, Embargoed):
    """A story under embargo in full form, for keys that may read it."""


class EmbargoedStoryWithBody(StoryWithBody, Embargoed):
    """A story under embargo, whole, for keys that may read it."""
