"""What the newsroom tells the layers above, inside the transaction in which it happens."""

from dataclasses import dataclass
from typing import Literal

from app.content.article import Answer, Article
from app.content.taxonomy import Category, Source

PublishReason = Literal["published", "updated", "corrected", "restored"]
WithdrawReason = Literal["unpublished", "killed", "deleted", "expired"]


@dataclass(frozen=True, slots=True)
class ArticlePublished:
    """The public copy of a story is now this one; a new one had none before, nor an answer."""

    article: Article
    reason: PublishReason
    former_slugs: tuple[str, ...] = ()
    new: bool = False


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What those get who could have seen a story, where it was.

    `seen` comes with an import: the story as they could have seen it elsewhere.
    """

    answer: Answer
    notice: str | None
    redirect_to: str | None
    seen: Article | None = None


@dataclass(frozen=True, slots=True)
class ArticleWithdrawn:
    """A story has no public copy any more, or another answer stands in its place."""

    article_id: str
    reason: WithdrawReason
    former_slugs: tuple[str, ...] = ()
    tombstone: Tombstone | None = None


@dataclass(frozen=True, slots=True)
class ArticleRemoved:
    """A story is gone for good. `erased` says that nothing that it said may be left."""

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

    `moved` says that it hangs under another one, `renamed` that its slug is another, `new` that it
    was not there before.
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
