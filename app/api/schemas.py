"""What delivery and management answer with, as documented in OpenAPI.

Answers are not built from these (documents are stored rendered); tests hold every answer
against them, and nothing beyond them may leave.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.content.article import Answer as Answered
from app.content.article import State
from app.content.inputs import ArticleInput, CategoryInput, SourceInput

Instant = Annotated[str, Field(json_schema_extra={"format": "date-time"})]
Id = Annotated[str, Field(json_schema_extra={"format": "uuid"})]


class Answer(BaseModel):
    """The root of all answers: nothing undocumented may be in them."""

    model_config = ConfigDict(extra="forbid")


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


class ChangeEntry(Answer):
    """One change: a document that is there now, or one that is gone (`document` is null)."""

    serial: int
    op: Literal["upsert", "remove"]
    type: Literal["article", "source", "category"]
    id: Id
    reason: Literal[
        "published",
        "updated",
        "corrected",
        "unpublished",
        "killed",
        "expired",
        "deleted",
        "left",
        "restored",
    ]
    at: Instant
    document: StoryWithBody | SourceEntry | CategoryEntry | None


class KillEntry(ChangeEntry):
    """The end of a story that was killed, with what its readers are told."""

    notice: str


class ChangeBatch(Answer):
    """Some changes, oldest first; `more` says that others are there already."""

    data: list[ChangeEntry | KillEntry]
    cursor: str
    more: bool


class PageInfo(Answer):
    """Where a page stands; cursors are opaque."""

    next: str | None
    prev: str | None
    limit: int
    count: int | None


class HeadlinePage(Answer):
    """A page of headlines."""

    data: list[Headline | EmbargoedHeadline]
    page: PageInfo


class HighlightsView(Answer):
    """Where the words stand: HTML with `<mark>` around them, safe to show as it is."""

    title: str
    body: list[str]


class SearchHit(Headline):
    """A story that was found; `score` is null in an order by date."""

    score: float | None
    highlights: HighlightsView | None


class FacetCount(Answer):
    """One value of a facet, as the filter takes it, and how many stories found have it."""

    value: str
    label: str
    count: int


class SearchPage(Answer):
    """A page of what was found; `complete` is false while the index is behind or being built."""

    data: list[SearchHit]
    page: PageInfo
    facets: dict[str, list[FacetCount]]
    corrected: str | None
    complete: bool


class SuggestionView(Answer):
    """A completion; `ref` names it in a path or a filter."""

    text: str
    type: Literal["title", "tag", "source", "category"]
    ref: str


class SuggestionList(Answer):
    """Completions, the likeliest first."""

    data: list[SuggestionView]


class StoryPage(Answer):
    """A page of stories; with `include=body` they are whole."""

    data: list[Story | StoryWithBody | EmbargoedStory | EmbargoedStoryWithBody]
    page: PageInfo


class SourcePage(Answer):
    """A page of sources."""

    data: list[SourceEntry]
    page: PageInfo


class CategoryPage(Answer):
    """A page of categories, or with `tree=true` the whole tree."""

    data: list[CategoryNode | CategoryEntry]
    page: PageInfo


class Me(Answer):
    """What the sender of a key may do."""

    name: str
    prefix: str | None
    scopes: list[str]
    embargoed: bool
    anonymous: bool


class ArticleView(ArticleInput, Answer):
    """An article as the newsroom reads it; a killed one has its text for `admin` alone.

    `answer` is what readers get where the story was (nothing: a 404), `notice` why.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Id
    slug: str
    title: str
    state: State
    version: int
    published_version: int | None
    scheduled_at_local: str | None
    time_zone: str | None
    corrections: list[Correction]
    answer: Answered | None
    notice: str | None
    redirect_to: Id | None
    first_published_at: Instant | None
    updated_at: Instant | None
    created_at: Instant
    modified_at: Instant
    deleted_at: Instant | None


class SourceView(SourceInput, Answer):
    """A source as the newsroom reads it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Id
    slug: str
    version: int
    created_at: Instant
    modified_at: Instant


class CategoryView(CategoryInput, Answer):
    """A category as the newsroom reads it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Id
    slug: str
    version: int
    created_at: Instant
    modified_at: Instant


class ArticleViewPage(Answer):
    """A page of articles."""

    data: list[ArticleView]
    page: PageInfo


class SourceViewPage(Answer):
    """A page of sources."""

    data: list[SourceView]
    page: PageInfo


class CategoryViewPage(Answer):
    """A page of categories."""

    data: list[CategoryView]
    page: PageInfo


class By(Answer):
    """Who made a change: the id of a key (nothing for a command line) and its name."""

    key: Id | None
    name: str


class Revision(Answer):
    """One version of an article; `note` says why, where somebody said so."""

    version: int
    action: str
    at: Instant
    by: By
    note: str | None


class RevisionWithArticle(Revision):
    """One version of an article with the whole snapshot."""

    article: ArticleView


class Words(Answer):
    """A stretch of two texts that are compared."""

    op: Literal["same", "removed", "added"]
    text: str


class FieldChange(Answer):
    """A field that differs between two versions; texts are compared word by word, too."""

    field: str
    before: Any
    after: Any
    words: list[Words] | None


class RevisionDifference(Revision):
    """One version of an article with what differs in it from another."""

    compared_with: int
    changes: list[FieldChange]


class RevisionPage(Answer):
    """A page of revisions, newest first."""

    data: list[Revision]
    page: PageInfo


class AuditEntry(Answer):
    """One thing that was done; of two states of a thing, what differs.

    The body of an article stands in its revisions, under the versions that are named here.
    """

    id: Id
    at: Instant
    by: By
    address: str | None
    request_id: str | None
    verb: str
    type: str
    subject: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class AuditPage(Answer):
    """A page of what was done."""

    data: list[AuditEntry]
    page: PageInfo


class KeyView(Answer):
    """A key, without the key."""

    id: Id
    name: str
    prefix: str
    scopes: list[str]
    embargoed: bool
    created_at: Instant
    expires_at: Instant | None
    revoked_at: Instant | None
    last_used_at: Instant | None


class NewKey(KeyView):
    """A new key; `key` is shown this once, and is null when the answer is repeated."""

    key: str | None


class KeyPage(Answer):
    """A page of keys."""

    data: list[KeyView]
    page: PageInfo


class ImportResult(Answer):
    """What became of one line of an import."""

    line: int
    status: Literal["created", "updated", "unchanged", "refused"]
    type: str | None
    id: Id | None
    slug: str | None
    problem: dict[str, Any] | None


class PreviewView(Answer):
    """A preview link; `as_of` is nothing where it shows the working copy."""

    id: Id
    url: str
    as_of: Instant | None
    expires_at: Instant


class BulkArticle(Answer):
    """A story after a verb that was done to many."""

    id: Id
    slug: str
    state: State
    version: int


class BulkResult(Answer):
    """What became of one story of many."""

    ref: str
    status: Literal["done", "refused"]
    article: BulkArticle | None
    problem: dict[str, Any] | None


class BulkAnswer(Answer):
    """What became of each story, in the order of `refs`."""

    results: list[BulkResult]
    done: int
    refused: int


class FieldProblem(Answer):
    """One thing that is wrong with one field or parameter."""

    pointer: str
    code: str
    detail: str


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str | None
    errors: list[FieldProblem] | None = None


class Health(Answer):
    """Whether the process is alive."""

    status: Literal["alive"]


class Ready(Answer):
    """Whether the process can serve, and why not."""

    status: Literal["ready", "not ready"]
    database: str
    migrations: str
    index: str
    detail: str | None
