"""What the newsroom sees of its articles, sources and categories."""

from typing import Any, Literal

from pydantic import ConfigDict

from app.api.schemas.access import By
from app.api.schemas.base import Answer, Id, Instant
from app.api.schemas.documents import Correction
from app.api.schemas.reading import PageInfo
from app.content.article import State
from app.content.article import WithdrawalAnswer as HttpResponse
from app.content.body_warnings import Code
from app.content.inputs import ArticleInput, CategoryInput, SourceInput


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
    answer: HttpResponse | None
    notice: str | None
    redirect_to: Id | None
    first_published_at: Instant | None
    updated_at: Instant | None
    created_at: Instant
    modified_at: Instant
    deleted_at: Instant | None


class BodyWarning(Answer):
    """Something that was taken out of a body: what, what became of it, and where it stood."""

    pointer: str
    code: Code
    detail: str


class ArticleWritten(ArticleView):
    """An article after a write; `warnings` say what was taken out of its body, if anything."""

    warnings: list[BodyWarning] = []


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
    warnings: list[BodyWarning] = []
    problem: dict[str, Any] | None


class BulkAnswer(Answer):
    """What became of each story, in the order of `refs`."""

    results: list[BulkResult]
    done: int
    refused: int
