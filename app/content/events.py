"""Events of the content side, processed by the delivery side in the same transaction."""

from dataclasses import dataclass
from typing import Literal

from app.content.article import Article, WithdrawalAnswer
from app.content.taxonomy import Category, Source

PublishReason = Literal["published", "updated", "corrected", "restored"]
WithdrawReason = Literal["unpublished", "killed", "deleted", "expired"]


@dataclass(frozen=True, slots=True)
class ArticlePublished:
    """A story has this public copy; a `new` story had neither a public copy nor a tombstone."""

    article: Article
    reason: PublishReason
    former_slugs: tuple[str, ...] = ()
    new: bool = False


@dataclass(frozen=True, slots=True)
class Tombstone:
    """The answer for readers who could have read a withdrawn story.

    `seen` is set by an import: the story as its readers could have read it elsewhere.
    """

    answer: WithdrawalAnswer
    notice: str | None
    redirect_to: str | None
    seen: Article | None = None


@dataclass(frozen=True, slots=True)
class ArticleWithdrawn:
    """A story has no public copy any more, or its answer for readers changed."""

    article_id: str
    reason: WithdrawReason
    former_slugs: tuple[str, ...] = ()
    tombstone: Tombstone | None = None


@dataclass(frozen=True, slots=True)
class ArticleRemoved:
    """A story was purged; `erased` means that its content must be deleted everywhere."""

    article_id: str
    erased: bool


@dataclass(frozen=True, slots=True)
class SourceSaved:
    """A source was created or changed."""

    source: Source
    former_slugs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceDeleted:
    """A source was deleted."""

    source_id: str


@dataclass(frozen=True, slots=True)
class CategorySaved:
    """A category was created or changed.

    `moved` means that its parent changed, `renamed` that its slug changed, `new` that it was
    created.
    """

    category: Category
    moved: bool = False
    former_slugs: tuple[str, ...] = ()
    renamed: bool = False
    new: bool = False


@dataclass(frozen=True, slots=True)
class CategoryDeleted:
    """A category was deleted."""

    category_id: str
