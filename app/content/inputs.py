"""Request bodies of articles, sources and categories. Unknown fields are refused."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.access.selection import fold
from app.content.digital_source_types import DigitalSourceType
from app.content.slugs import MAX_LENGTH, find_slug_problem
from app.kit.ids import normalize_slug
from app.kit.input_fields import (
    NO_NUL,
    Address,
    Input,
    Instant,
    Line,
    Paragraph,
    ShortLine,
    address,
    text_type,
)

_LANGUAGE = re.compile(
    r"[a-z]{2,3}(?:-[a-z]{3}){0,3}(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?"
    r"(?:-(?:[a-z\d]{5,8}|\d[a-z\d]{3}))*(?:-[a-wy-z\d](?:-[a-z\d]{2,8})+)*"
    r"(?:-x(?:-[a-z\d]{1,8})+)?",
    re.IGNORECASE | re.ASCII,
)
_KIND, _LONGEST_KIND = r"^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$", 40


def _validate_slug(value: str) -> str:
    slug = normalize_slug(value)
    problem = find_slug_problem(slug)
    if problem:
        raise PydanticCustomError("slug", "{problem}", {"problem": problem})
    return slug


def is_kind(word: str) -> bool:
    """Tell whether a word may be the kind of a story."""
    return len(word) <= _LONGEST_KIND and re.fullmatch(_KIND, word) is not None


def normalize_language(tag: str) -> str:
    """Return a BCP 47 tag in its canonical case (RFC 5646, section 2.1.1), or raise."""
    if not _LANGUAGE.fullmatch(tag):
        raise PydanticCustomError("language", "Not a BCP 47 language tag such as en or fr-CA")
    parts = tag.lower().split("-")
    for index, part in enumerate(parts[1:], 1):
        if len(parts[index - 1]) == 1:
            # After a singleton (an extension or private use), everything is in lower case.
            break
        if len(part) == 2:
            parts[index] = part.upper()
        elif len(part) == 4 and part.isalpha():
            parts[index] = part.title()
    return "-".join(parts)


def _validate_licence(value: str) -> str:
    """Validate a licence: a text, or a URL, which programs follow."""
    return address(value) if value.lower().startswith(("http:", "https:")) else value


def _normalize_names(names: dict[str, str]) -> dict[str, str]:
    return {normalize_language(tag): name for tag, name in names.items()}


def _remove_duplicate_tags(tags: list[str]) -> list[str]:
    seen: dict[str, str] = {}
    for tag in tags:
        seen.setdefault(fold(tag), tag)
    return list(seen.values())


Slug = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_LENGTH),
    AfterValidator(_validate_slug),
    Field(description="Letters of any script, digits and single hyphens."),
]
Language = Annotated[
    str,
    StringConstraints(max_length=100),
    AfterValidator(normalize_language),
    Field(description="A BCP 47 tag."),
]
BodyFormat = Literal["html", "markdown", "text"]
Body = Annotated[str, StringConstraints(max_length=4_000_000, pattern=NO_NUL)]
Ref = Annotated[str, text_type(MAX_LENGTH, 1), Field(description="An id or a slug.")]
ExternalId = Annotated[str, text_type(500, 1)]
Kind = Annotated[
    str,
    StringConstraints(pattern=_KIND, max_length=_LONGEST_KIND),
    Field(description="A word in lower case: news, analysis, opinion, …"),
]


DigitalSource = Annotated[
    DigitalSourceType,
    Field(description="How it came about: a code of IPTC's digital source types."),
]


class Author(Input):
    """Who wrote it."""

    name: ShortLine
    url: Address | None = None


class Image(Input):
    """The picture that goes with a story."""

    url: Address
    alt: Paragraph | None = None
    credit: Line | None = None
    width: Annotated[int, Field(ge=1, le=100_000, strict=True)] | None = None
    height: Annotated[int, Field(ge=1, le=100_000, strict=True)] | None = None
    digital_source_type: DigitalSource | None = None


class Rights(Input):
    """Who holds the rights and what may be done."""

    holder: Line | None = None
    usage_terms: Paragraph | None = None
    licence: Annotated[Line, AfterValidator(_validate_licence)] | None = None


class ArticleInput(Input):
    """An article as it is written."""

    title: Line
    language: Language
    slug: Slug | None = None
    summary: Paragraph | None = None
    body: Body = ""
    body_format: BodyFormat = "html"
    source: Ref | None = None
    categories: Annotated[list[Ref], Field(max_length=50)] = []
    tags: Annotated[
        list[ShortLine], Field(max_length=100), AfterValidator(_remove_duplicate_tags)
    ] = []
    authors: Annotated[list[Author], Field(max_length=50)] = []
    url: Address | None = None
    image: Image | None = None
    kind: Kind = "news"
    dateline: ShortLine | None = None
    urgency: Annotated[int, Field(ge=1, le=9, strict=True)] | None = None
    digital_source_type: DigitalSource | None = None
    rights: Rights | None = None
    external_id: ExternalId | None = None
    published_at: Instant | None = None
    expires_at: Instant | None = None
    embargo_until: Instant | None = None
    translation_of: Ref | None = None
    status: Literal["draft", "published"] = "draft"


class SourceInput(Input):
    """A source as it is written."""

    name: Line
    slug: Slug | None = None
    url: Address | None = None
    description: Paragraph | None = None
    language: Language | None = None


class CategoryInput(Input):
    """A category as it is written; `names` are its names in other languages."""

    name: Line
    slug: Slug | None = None
    parent: Ref | None = None
    names: Annotated[dict[str, Line], Field(max_length=100), AfterValidator(_normalize_names)] = {}
