"""Articles, sources and categories as the newsroom reads them."""

from typing import Annotated, Any, Literal

from pydantic import Field

from app.api.schemas.access import AuditActor
from app.api.schemas.base import Id, Instant, ResponseModel
from app.api.schemas.documents import (
    DigitalSourceType,
    StoryAuthor,
    StoryCorrection,
    StoryImage,
    StoryRights,
)
from app.api.schemas.reading import PageInfo
from app.api.schemas.system import ProblemDocument
from app.content.article import State, WithdrawalAnswer
from app.content.body_warnings import Code as RemovalCode
from app.content.inputs import BodyFormat, PublicationStatus
from app.content.saving import Action

_VERSION = "The version, for `If-Match`. It rises with each change."
_ArticleState = Annotated[State, Field(title="ArticleState")]


class ArticleView(ResponseModel):
    """An article as the newsroom reads it: the working copy, and the state of its story.

    The text of a killed article is for `admin` alone; others read it empty.
    """

    id: Id = Field(description="The id of the article. It never changes.")
    slug: str = Field(
        description="The name in addresses.", examples=["rooftop-bees-outlast-the-winter"]
    )
    state: _ArticleState = Field(
        description="The state of the story. It follows from the verbs and the clock.",
        examples=["published"],
    )
    status: PublicationStatus = Field(
        title="PublicationStatus",
        description="`published` where the public copy is the working copy, else `draft`.",
        examples=["published"],
    )
    version: int = Field(description=_VERSION, examples=[5])
    published_version: int | None = Field(
        description="The version that is public, or will be; null where there is none.",
        examples=[5],
    )
    title: str = Field(
        description="The headline, as plain text.", examples=["Rooftop bees outlast the winter"]
    )
    language: str = Field(description="The language, as a BCP 47 tag.", examples=["en"])
    summary: str | None = Field(
        description="What the story says, in some sentences of plain text.",
        examples=["All eleven hives came through the frost."],
    )
    body: str = Field(
        description="The body, in the format that `body_format` names. HTML is as it was "
        "sanitised.",
        examples=["<p>All eleven hives were humming.</p>"],
    )
    body_format: BodyFormat = Field(
        title="BodyFormat", description="The format of `body`.", examples=["html"]
    )
    source: str | None = Field(description="The slug of the source.", examples=["ansel-tribune"])
    categories: list[str] = Field(
        description="The slugs of the categories, the main one first.", examples=[["port-ansel"]]
    )
    tags: list[str] = Field(description="Free keywords.", examples=[["bees"]])
    labels: list[str] = Field(
        description="Words for routing, which are never public.", examples=[["print only"]]
    )
    authors: list[StoryAuthor] = Field(description="Who wrote the story, in the order to show.")
    url: str | None = Field(
        description="Where the publisher shows the story.",
        examples=["https://tribune.example/bees"],
    )
    image: StoryImage | None = Field(description="The picture of the story.")
    kind: str = Field(
        description="What kind of text it is, as a word in lower case.", examples=["news"]
    )
    dateline: str | None = Field(
        description="Where the story was reported from.", examples=["PORT ANSEL"]
    )
    urgency: int | None = Field(
        description="How urgent the story is: 1 is the most urgent, 9 the least.",
        examples=[4],
        json_schema_extra={"minimum": 1, "maximum": 9},
    )
    digital_source_type: DigitalSourceType | None = Field(
        description="How the text was made; null where nothing was said."
    )
    rights: StoryRights | None = Field(description="Who holds the rights, and what is allowed.")
    external_id: str | None = Field(
        description="The id that the source gave its story.", examples=["tribune-4711"]
    )
    translation_of: str | None = Field(
        description="The slug of the story that this one translates.", examples=[None]
    )
    published_at: Instant | None = Field(
        description="When the story is or will be published; null where it never was.",
        examples=["2026-11-22T09:18:00Z"],
    )
    expires_at: Instant | None = Field(
        description="When the story stops being public; null if never.", examples=[None]
    )
    embargo_until: Instant | None = Field(
        description="Until when only keys that read under embargo see the story.",
        examples=[None],
    )
    scheduled_at_local: str | None = Field(
        description="The local time of the schedule, where it was given in local time.",
        examples=["2027-03-28T09:00:00"],
    )
    time_zone: str | None = Field(
        description="The IANA time zone of `scheduled_at_local`.", examples=["Europe/Lisbon"]
    )
    corrections: list[StoryCorrection] = Field(description="The public corrections, oldest first.")
    answer: Annotated[WithdrawalAnswer, Field(title="WithdrawalAnswer")] | None = Field(
        description="What readers get where the story was. Null means a `404`, or a public story.",
        examples=["gone"],
    )
    notice: str | None = Field(
        description="What readers are told about a withdrawn story.", examples=["Under review."]
    )
    redirect_to: Id | None = Field(
        description="The id of the story that readers are sent to instead."
    )
    first_published_at: Instant | None = Field(
        description="When the story was first public.", examples=["2026-11-22T09:18:00Z"]
    )
    updated_at: Instant | None = Field(
        description="When the public text last changed, minor changes aside.",
        examples=["2026-11-22T09:20:00Z"],
    )
    created_at: Instant = Field(
        description="When the article was created.", examples=["2026-11-22T09:15:00Z"]
    )
    modified_at: Instant = Field(
        description="When the article last changed.", examples=["2026-11-22T09:20:00Z"]
    )
    deleted_at: Instant | None = Field(
        description="When the article was deleted; null if it is not.", examples=[None]
    )


class BodyWarning(ResponseModel):
    """Something that was removed from a body."""

    pointer: str = Field(
        description="A JSON pointer to the member that was changed.", examples=["#/body"]
    )
    code: Annotated[RemovalCode, Field(title="BodyWarningCode")] = Field(
        description="What was removed, for programs.", examples=["element_removed"]
    )
    detail: str = Field(
        description="What was removed and what became of it, for people.",
        examples=["<script> was removed with its content."],
    )


_WARNINGS = "What was removed from the body that was sent. Absent where nothing was."


class ArticleWritten(ArticleView):
    """An article after a write."""

    warnings: list[BodyWarning] = Field(default=[], description=_WARNINGS)


class SourceView(ResponseModel):
    """A source as the newsroom reads it."""

    id: Id = Field(description="The id of the source. It never changes.")
    slug: str = Field(description="The name in addresses.", examples=["ansel-tribune"])
    name: str = Field(description="The name to show.", examples=["The Ansel Tribune"])
    url: str | None = Field(
        description="The website of the source.", examples=["https://tribune.example"]
    )
    description: str | None = Field(
        description="What the source is, as plain text.", examples=["The paper of Port Ansel."]
    )
    language: str | None = Field(description="The main language, as a BCP 47 tag.", examples=["en"])
    version: int = Field(description=_VERSION, examples=[2])
    created_at: Instant = Field(
        description="When the source was created.", examples=["2026-11-22T09:01:00Z"]
    )
    modified_at: Instant = Field(
        description="When the source last changed.", examples=["2026-11-22T09:03:00Z"]
    )


class CategoryView(ResponseModel):
    """A category as the newsroom reads it."""

    id: Id = Field(description="The id of the category. It never changes.")
    slug: str = Field(description="The name in addresses.", examples=["port-ansel"])
    name: str = Field(description="The name to show.", examples=["Port Ansel"])
    parent: str | None = Field(
        description="The slug of the category above; null at the top of the tree.",
        examples=["europe"],
    )
    names: dict[str, str] = Field(
        description="The name in other languages, by BCP 47 tag.",
        examples=[{"fr": "Port-Ansel"}],
    )
    version: int = Field(description=_VERSION, examples=[2])
    created_at: Instant = Field(
        description="When the category was created.", examples=["2026-11-22T09:08:00Z"]
    )
    modified_at: Instant = Field(
        description="When the category last changed.", examples=["2026-11-22T09:10:00Z"]
    )


class ArticleViewPage(ResponseModel):
    """A page of articles."""

    data: list[ArticleView] = Field(description="The articles of this page.")
    page: PageInfo = Field(description="The position of this page in the list.")


class SourceViewPage(ResponseModel):
    """A page of sources."""

    data: list[SourceView] = Field(description="The sources of this page.")
    page: PageInfo = Field(description="The position of this page in the list.")


class CategoryViewPage(ResponseModel):
    """A page of categories."""

    data: list[CategoryView] = Field(description="The categories of this page.")
    page: PageInfo = Field(description="The position of this page in the list.")


class RevisionEntry(ResponseModel):
    """A version of an article."""

    version: int = Field(description="The number of the version.", examples=[4])
    action: Annotated[Action, Field(title="RevisionAction")] = Field(
        description="What made the version.", examples=["edited"]
    )
    at: Instant = Field(description="When it was made.", examples=["2026-11-22T09:19:00Z"])
    by: AuditActor = Field(description="Who made it.")
    note: str | None = Field(
        description="The note of a correction, the notice of a withdrawal, or the reason of a "
        "restoration; null where there is none.",
        examples=["Under review."],
    )


class TextSegment(ResponseModel):
    """A part of two texts that are compared word by word."""

    op: Annotated[Literal["same", "removed", "added"], Field(title="TextSegmentOperation")] = Field(
        description="Whether both texts have it, or one of them.", examples=["added"]
    )
    text: str = Field(description="The words.", examples=["through the frost"])


class FieldChange(ResponseModel):
    """A member that differs between two versions."""

    field: str = Field(description="The name of the member.", examples=["urgency"])
    before: Any = Field(description="The value in the other version: any JSON value.", examples=[5])
    after: Any = Field(description="The value in this version: any JSON value.", examples=[4])
    words: list[TextSegment] | None = Field(
        description="The comparison word by word; null where the values are not texts."
    )


class RevisionDetail(RevisionEntry):
    """A version of an article: whole, or with `diff=` compared with another version."""

    article: ArticleView | None = Field(
        default=None, description="The article as it was. Absent with `diff=`."
    )
    compared_with: int | None = Field(
        default=None,
        description="The number of the other version. Present with `diff=`.",
        examples=[3],
    )
    changes: list[FieldChange] | None = Field(
        default=None, description="What differs from the other version. Present with `diff=`."
    )


class RevisionPage(ResponseModel):
    """A page of the history of an article."""

    data: list[RevisionEntry] = Field(description="The versions of this page, newest first.")
    page: PageInfo = Field(description="The position of this page in the list.")


class PreviewLink(ResponseModel):
    """A link to a story that is not public yet."""

    id: Id = Field(description="The id of the link, as in the audit.")
    url: str = Field(
        description="The address. Anyone who has it can read the story until it expires.",
        examples=["https://api.example/v1/manage/preview/1EXeO3WUc5ZF4DOY"],
    )
    as_of: Instant | None = Field(
        description="The instant at which the public side is shown; null for the working copy.",
        examples=["2027-03-28T08:00:00Z"],
    )
    expires_at: Instant = Field(
        description="When the link stops working.", examples=["2026-11-29T09:50:00Z"]
    )


class BulkArticle(ResponseModel):
    """An article after a verb, in short."""

    id: Id = Field(description="The id of the article.")
    slug: str = Field(
        description="The name in addresses.", examples=["rooftop-bees-outlast-the-winter"]
    )
    state: _ArticleState = Field(description="The state of the story.", examples=["scheduled"])
    version: int = Field(description=_VERSION, examples=[14])


class BulkResult(ResponseModel):
    """The result for one article."""

    ref: str = Field(
        description="The id or slug, as it was sent.",
        examples=["rooftop-bees-outlast-the-winter"],
    )
    status: Annotated[Literal["done", "refused"], Field(title="BulkStatus")] = Field(
        description="Whether the verb was applied.", examples=["done"]
    )
    article: BulkArticle | None = Field(description="The article; null where it was refused.")
    warnings: list[BodyWarning] = Field(default=[], description=_WARNINGS)
    problem: ProblemDocument | None = Field(
        description="Why it was refused; null where it was not."
    )


class BulkAnswer(ResponseModel):
    """The results for all articles."""

    results: list[BulkResult] = Field(description="The results, in the order of `refs`.")
    done: int = Field(description="How many articles the verb was applied to.", examples=[1])
    refused: int = Field(description="How many were refused.", examples=[1])
