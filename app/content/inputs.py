"""Request bodies of articles, sources and categories. Unknown fields are refused."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.access.selection import fold
from app.content.digital_source_types import DigitalSourceType
from app.kit.input_fields import (
    NO_NUL,
    Address,
    Input,
    Instant,
    Line,
    Paragraph,
    Ref,
    ShortLine,
    Slug,
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


def _remove_duplicates(words: list[str]) -> list[str]:
    seen: dict[str, str] = {}
    for word in words:
        seen.setdefault(fold(word), word)
    return list(seen.values())


Language = Annotated[
    str,
    StringConstraints(max_length=100),
    AfterValidator(normalize_language),
    Field(description="The language, as a BCP 47 tag.", examples=["en"]),
]
BodyFormat = Literal["html", "markdown", "text"]
PublicationStatus = Literal["draft", "published"]
Body = Annotated[str, StringConstraints(max_length=4_000_000, pattern=NO_NUL)]
ExternalId = Annotated[str, text_type(500, 1)]
# Compared without regard to case.
Words = Annotated[list[ShortLine], Field(max_length=100), AfterValidator(_remove_duplicates)]
Kind = Annotated[
    str,
    StringConstraints(pattern=_KIND, max_length=_LONGEST_KIND),
    Field(
        description="What kind of text it is, as a word in lower case: `news`, `analysis`, "
        "`opinion`, …",
        examples=["news"],
    ),
]


DigitalSource = Annotated[
    DigitalSourceType,
    Field(
        title="DigitalSourceType",
        description="How it was made: a code of IPTC's digital source types.",
        examples=["trainedAlgorithmicMedia"],
    ),
]


class AuthorInput(Input):
    """An author, as it is written."""

    name: ShortLine = Field(description="The name of the author.", examples=["Noor Haddad"])
    url: Address | None = Field(
        None, description="A page about the author.", examples=["https://tribune.example/haddad"]
    )


class ImageInput(Input):
    """The picture of a story, as it is written."""

    url: Address = Field(
        description="The address of the picture.", examples=["https://tribune.example/hives.jpg"]
    )
    alt: Paragraph | None = Field(
        None,
        description="What the picture shows, for readers who do not see it.",
        examples=["Eleven beehives on a roof"],
    )
    credit: Line | None = Field(
        None, description="Whom to credit.", examples=["Photo: Ilse Brandt"]
    )
    width: Annotated[int, Field(ge=1, le=100_000, strict=True)] | None = Field(
        None, description="The width in pixels.", examples=[1200]
    )
    height: Annotated[int, Field(ge=1, le=100_000, strict=True)] | None = Field(
        None, description="The height in pixels.", examples=[800]
    )
    digital_source_type: DigitalSource | None = Field(
        None, description="How the picture was made: a code of IPTC's digital source types."
    )


class RightsInput(Input):
    """The rights in a story, as they are written."""

    holder: Line | None = Field(
        None, description="Who holds the rights.", examples=["The Ansel Tribune"]
    )
    usage_terms: Paragraph | None = Field(
        None,
        description="What may be done with the story, in words.",
        examples=["Not for use after 2027-01-31."],
    )
    licence: Annotated[Line, AfterValidator(_validate_licence)] | None = Field(
        None,
        description="The licence: its name, or its address.",
        examples=["https://creativecommons.org/licenses/by/4.0/"],
    )


class ArticleInput(Input):
    """An article as it is written."""

    title: Line = Field(
        description="The headline, as plain text.", examples=["Rooftop bees outlast the winter"]
    )
    language: Language
    slug: Slug | None = Field(
        None,
        description="The name in addresses: letters of any script, digits and single hyphens. It "
        "is made from the title if it is left out.",
    )
    summary: Paragraph | None = Field(
        None,
        description="What the story says, in some sentences of plain text.",
        examples=["All eleven hives came through the frost."],
    )
    body: Body = Field(
        "",
        description="The body, in the format that `body_format` names. HTML is sanitised by an "
        "allow-list; `warnings` of the answer name what was removed.",
        examples=["<p>All eleven hives were humming.</p>"],
    )
    body_format: BodyFormat = Field(
        "html", title="BodyFormat", description="The format of `body`.", examples=["html"]
    )
    source: Ref | None = Field(None, description="The id or slug of the source.")
    categories: Annotated[list[Ref], Field(max_length=50)] = Field(
        [],
        description="The ids or slugs of the categories, the main one first.",
        examples=[["port-ansel"]],
    )
    tags: Words = Field([], description="Free keywords.", examples=[["bees"]])
    labels: Words = Field(
        [],
        description="Words for routing, such as `print only`. They are never public: only filters "
        "of products, of webhooks and of lists of the newsroom use them. Case is ignored.",
        examples=[["print only"]],
    )
    authors: Annotated[list[AuthorInput], Field(max_length=50)] = Field(
        [], description="Who wrote the story, in the order to show."
    )
    url: Address | None = Field(
        None,
        description="Where the publisher shows the story. Relative addresses in the body are "
        "resolved against it.",
        examples=["https://tribune.example/bees"],
    )
    image: ImageInput | None = Field(None, description="The picture of the story.")
    kind: Kind = "news"
    dateline: ShortLine | None = Field(
        None, description="Where the story was reported from.", examples=["PORT ANSEL"]
    )
    urgency: Annotated[int, Field(ge=1, le=9, strict=True)] | None = Field(
        None,
        description="How urgent the story is: 1 is the most urgent, 9 the least.",
        examples=[4],
    )
    digital_source_type: DigitalSource | None = Field(
        None, description="How the text was made: a code of IPTC's digital source types."
    )
    rights: RightsInput | None = Field(
        None, description="Who holds the rights, and what is allowed."
    )
    external_id: ExternalId | None = Field(
        None,
        description="The id that the source gave its story. It is unique for each source, and "
        "makes creating again an update.",
        examples=["tribune-4711"],
    )
    published_at: Instant | None = Field(
        None,
        description="When the story is published: a future instant is a schedule. Now where it "
        "is left out.",
        examples=["2026-11-22T09:18:00Z"],
    )
    expires_at: Instant | None = Field(
        None,
        description="When the story stops being public; never if it is left out.",
        examples=["2027-11-22T09:18:00Z"],
    )
    embargo_until: Instant | None = Field(
        None,
        description="Until when only keys that read under embargo see the published story.",
        examples=["2026-11-23T06:00:00Z"],
    )
    translation_of: Ref | None = Field(
        None,
        description="The id or slug of the story that this one translates.",
        examples=["les-abeilles-des-toits"],
    )
    status: PublicationStatus = Field(
        "draft",
        title="PublicationStatus",
        description="`published` makes the working copy public in the same step. It needs the "
        "scope `publish`.",
        examples=["draft"],
    )


class SourceInput(Input):
    """A source as it is written."""

    name: Line = Field(description="The name to show.", examples=["The Ansel Tribune"])
    slug: Slug | None = Field(
        None,
        description="The name in addresses: letters of any script, digits and single hyphens. It "
        "is made from the name if it is left out.",
        examples=["ansel-tribune"],
    )
    url: Address | None = Field(
        None, description="The website of the source.", examples=["https://tribune.example"]
    )
    description: Paragraph | None = Field(
        None,
        description="What the source is, as plain text.",
        examples=["The paper of Port Ansel."],
    )
    language: Language | None = Field(
        None, description="The main language, as a BCP 47 tag.", examples=["en"]
    )


class CategoryInput(Input):
    """A category as it is written."""

    name: Line = Field(description="The name to show.", examples=["Port Ansel"])
    slug: Slug | None = Field(
        None,
        description="The name in addresses: letters of any script, digits and single hyphens. It "
        "is made from the name if it is left out.",
        examples=["port-ansel"],
    )
    parent: Ref | None = Field(
        None,
        description="The id or slug of the category above; none at the top of the tree.",
        examples=["europe"],
    )
    names: Annotated[dict[str, Line], Field(max_length=100), AfterValidator(_normalize_names)] = (
        Field(
            {},
            description="The name in other languages, by BCP 47 tag.",
            examples=[{"fr": "Port-Ansel"}],
        )
    )
