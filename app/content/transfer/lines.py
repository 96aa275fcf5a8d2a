"""The NDJSON lines of imports and exports, and the outcome of an imported line."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from app.content.article import WithdrawalAnswer
from app.content.inputs import ArticleInput, CategoryInput, SourceInput
from app.kit.input_fields import Address, Input, Instant, Note, Paragraph, Ref, Slug, text_type

Id = Annotated[
    str,
    text_type(36, 36),
    Field(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"),
]
Version = Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)]
Status = Literal["created", "updated", "unchanged", "refused"]


class CorrectionLine(Input):
    """A public note about what was wrong."""

    at: Instant
    note: Paragraph


class ExportedFields(Input):
    """What an export adds, so that an import gives back the same thing."""

    id: Id | None = None
    version: Version | None = None
    created_at: Instant | None = None
    modified_at: Instant | None = None
    former_slugs: list[Slug] = []


class SourceLine(ExportedFields, SourceInput):
    """A source."""

    type: Literal["source"]


class CategoryLine(ExportedFields, CategoryInput):
    """A category."""

    type: Literal["category"]


class TranslationLink(Input):
    """What an export without killed stories says where it leaves the original of a group out.

    `translated_with` is the story of the group that the others, and itself, are tied to where the
    original is not known.
    """

    translated_with: Ref | None = None


class PublicCopy(TranslationLink, ArticleInput):
    """The public copy of a story whose working copy has run ahead of it."""

    version: Version
    body_base: Address | None = None


class ArticleLine(ExportedFields, TranslationLink, ArticleInput):
    """An article."""

    type: Literal["article"]
    state: (
        Literal["draft", "scheduled", "published", "expired", "unpublished", "killed", "deleted"]
        | None
    ) = None
    body_base: Address | None = None
    published_version: Version | None = None
    first_published_at: Instant | None = None
    updated_at: Instant | None = None
    deleted_at: Instant | None = None
    corrections: list[CorrectionLine] = []
    offered_from: Instant | None = None
    scheduled_at_local: Annotated[str, text_type(19)] | None = None
    time_zone: Annotated[str, text_type(100)] | None = None
    answer: WithdrawalAnswer | None = None
    notice: Note | None = None
    redirect_to: Id | None = None
    public: PublicCopy | None = None


Line = Annotated[SourceLine | CategoryLine | ArticleLine, Field(discriminator="type")]
LINE: TypeAdapter[SourceLine | CategoryLine | ArticleLine] = TypeAdapter(Line)


@dataclass(frozen=True, slots=True)
class LineOutcome:
    """The outcome of a line; `error` is set if it was refused.

    `warnings` say what was removed from its body.
    """

    line: int
    status: Status
    type: str | None = None
    id: str | None = None
    slug: str | None = None
    error: Exception | None = None
    warnings: Sequence[dict[str, str]] = ()


def find_type(value: Any) -> str | None:
    """Return the type of a parsed line, if it is a known one."""
    named = value.get("type") if isinstance(value, dict) else None
    return named if named in ("source", "category", "article") else None
