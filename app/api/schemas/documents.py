"""Stories, sources and categories, in all forms in which readers see them."""

from typing import Annotated

from pydantic import Field

from app.api.schemas.base import Id, Instant, Selectable
from app.content.digital_source_types import DigitalSourceType as Code

DigitalSourceType = Annotated[
    Code, Field(title="DigitalSourceType", examples=["trainedAlgorithmicMedia"])
]
_LANGUAGE = "The language, as a BCP 47 tag."
_SOURCE_URL = "The website of the source; null where none is known."


class StorySource(Selectable):
    """The source of a story, in short."""

    id: Id = Field(description="The id of the source. It never changes.")
    slug: str = Field(
        description="The name of the source in addresses.", examples=["ansel-tribune"]
    )
    name: str = Field(description="The name to show.", examples=["The Ansel Tribune"])
    url: str | None = Field(description=_SOURCE_URL, examples=["https://tribune.example"])


class SourceEntry(StorySource):
    """A source: who publishes stories, such as a newspaper or an agency."""

    description: str | None = Field(
        description="What the source is, as plain text.", examples=["The paper of Port Ansel."]
    )
    language: str | None = Field(
        description="The main language of the source, as a BCP 47 tag.", examples=["en"]
    )


class StoryCategory(Selectable):
    """A category of a story, in short."""

    id: Id = Field(description="The id of the category. It never changes.")
    slug: str = Field(description="The name of the category in addresses.", examples=["africa"])
    name: str = Field(
        description="The name to show, in a language of `names_in` where that was sent.",
        examples=["Africa"],
    )


class CategoryEntry(StoryCategory):
    """A category. Categories form a tree."""

    names: dict[str, str] = Field(
        description="The name in other languages, by BCP 47 tag.", examples=[{"fr": "Afrique"}]
    )
    parent: str | None = Field(
        description="The slug of the category above; null at the top of the tree.",
        examples=["world"],
    )
    path: list[str] = Field(
        description="The slugs from the top of the tree down to this category, itself included.",
        examples=[["world", "africa"]],
    )
    children: list["CategoryEntry"] | None = Field(
        default=None,
        description="The categories directly below, in the order of slugs. Present with "
        "`tree=true` alone.",
        examples=[[]],
    )


class StoryAuthor(Selectable):
    """An author of a story."""

    name: str = Field(description="The name of the author.", examples=["Noor Haddad"])
    url: str | None = Field(
        description="A page about the author.", examples=["https://tribune.example/noor-haddad"]
    )


class StoryImage(Selectable):
    """The picture of a story."""

    url: str = Field(
        description="The address of the picture.", examples=["https://tribune.example/hives.jpg"]
    )
    alt: str | None = Field(
        description="What the picture shows, for readers who do not see it.",
        examples=["Eleven beehives on a roof"],
    )
    credit: str | None = Field(description="Whom to credit.", examples=["Photo: Ilse Brandt"])
    width: int | None = Field(description="The width in pixels.", examples=[1200])
    height: int | None = Field(description="The height in pixels.", examples=[800])
    digital_source_type: DigitalSourceType | None = Field(
        description="How the picture was made; null where nothing was said."
    )


class StoryRights(Selectable):
    """The rights in a story."""

    holder: str | None = Field(description="Who holds the rights.", examples=["The Ansel Tribune"])
    usage_terms: str | None = Field(
        description="What may be done with the story, in words.",
        examples=["Not for use after 2027-01-31."],
    )
    licence: str | None = Field(
        description="The licence: its name, or its address.",
        examples=["https://creativecommons.org/licenses/by/4.0/"],
    )


class StoryCorrection(Selectable):
    """A public correction of a story."""

    at: Instant = Field(
        description="When the correction was published.", examples=["2026-11-22T09:20:00Z"]
    )
    note: str = Field(
        description="What was wrong, for readers.",
        examples=["An earlier version said that one hive was lost. None was."],
    )


class StoryTranslation(Selectable):
    """The same story in another language."""

    language: str = Field(description=_LANGUAGE, examples=["fr"])
    id: Id = Field(description="The id of the translation.")
    slug: str = Field(
        description="The slug of the translation.", examples=["les-abeilles-des-toits"]
    )


class MayBeEmbargoed(Selectable):
    """What stories under embargo have in addition."""

    # Not a constant: openapi-generator takes constants for strings.
    embargoed: bool | None = Field(
        default=None,
        description="Present and `true` while the story is under embargo: do not publish it. "
        "Only keys that may read under embargo receive such stories. `fields=` never removes it.",
        examples=[True],
    )
    embargo_until: Instant | None = Field(
        default=None,
        description="When the embargo ends. Present where `embargoed` is.",
        examples=["2026-11-23T06:00:00Z"],
    )


class Headline(MayBeEmbargoed):
    """A story in short form."""

    id: Id = Field(description="The id of the story. It never changes.")
    slug: str = Field(
        description="The name of the story in addresses. It may change; former slugs redirect.",
        examples=["rooftop-bees-outlast-the-winter"],
    )
    kind: str = Field(
        description="What kind of text it is: `news`, `analysis`, `opinion` or another word in "
        "lower case.",
        examples=["news"],
    )
    language: str = Field(description=_LANGUAGE, examples=["en"])
    version: int = Field(
        description="The version of the working copy that was published. It rises with each "
        "publication, and may skip numbers.",
        examples=[5],
    )
    title: str = Field(
        description="The headline, as plain text.", examples=["Rooftop bees outlast the winter"]
    )
    summary: str | None = Field(
        description="What the story says, in some sentences of plain text.",
        examples=["All eleven hives came through the frost."],
    )
    url: str | None = Field(
        description="Where the publisher shows the story; null where that is not known.",
        examples=["https://tribune.example/bees"],
    )
    published_at: Instant = Field(
        description="When the story was published. Lists are in this order.",
        examples=["2026-11-22T09:18:00Z"],
    )
    updated_at: Instant = Field(
        description="When the public text last changed, minor changes aside.",
        examples=["2026-11-22T09:20:00Z"],
    )
    source: StorySource | None = Field(description="Who published the story.")
    categories: list[StoryCategory] = Field(
        description="The categories of the story, the main one first."
    )
    tags: list[str] = Field(description="Free keywords.", examples=[["bees"]])
    authors: list[StoryAuthor] = Field(description="Who wrote the story, in the order to show.")
    image: StoryImage | None = Field(description="The picture of the story.")
    urgency: int | None = Field(
        description="How urgent the story is: 1 is the most urgent, 9 the least.",
        examples=[4],
        json_schema_extra={"minimum": 1, "maximum": 9},
    )


class Story(Headline):
    """A story in full form.

    The bodies are present in one story, in changes, and in lists with `include=body`.
    """

    first_published_at: Instant = Field(
        description="When the story was first public.", examples=["2026-11-22T09:18:00Z"]
    )
    dateline: str | None = Field(
        description="Where the story was reported from.", examples=["PORT ANSEL"]
    )
    word_count: int = Field(description="The number of words in the body.", examples=[12])
    reading_minutes: int = Field(
        description="How long reading takes, in whole minutes.", examples=[1]
    )
    rights: StoryRights | None = Field(description="Who holds the rights, and what is allowed.")
    corrections: list[StoryCorrection] = Field(
        description="What was corrected since the story was first public, oldest first."
    )
    digital_source_type: DigitalSourceType | None = Field(
        description="How the text was made; null where nothing was said."
    )
    translations: list[StoryTranslation] = Field(
        description="The public stories that say the same in other languages."
    )
    body_html: str | None = Field(
        default=None,
        description="The body as HTML. It was sanitised by an allow-list and is safe to show.",
        examples=["<p>When the lids came off on Tuesday, all eleven hives were humming.</p>"],
    )
    body_text: str | None = Field(
        default=None,
        description="The body as plain text.",
        examples=["When the lids came off on Tuesday, all eleven hives were humming."],
    )
