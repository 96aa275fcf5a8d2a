"""What lists, search and sync answer readers."""

from typing import Annotated, Literal

from pydantic import Field, RootModel

from app.api.schemas.base import Id, Instant, ResponseModel, Selectable
from app.api.schemas.documents import (
    CategoryEntry,
    Headline,
    MayBeEmbargoed,
    SourceEntry,
    Story,
)

_ENTRY = (
    "The {what} as it is now, whole; null where `op` is `remove`. Replace your copy: do not merge."
)
_COMPLETE = (
    "Whether the answer is up to date with all changes. It is false while the search index is "
    "being built or far behind."
)


class PageInfo(ResponseModel):
    """The position of a page in a list."""

    next: str | None = Field(
        description="The cursor of the next page: send it as `cursor`, with the same filters. "
        "Null on the last page. Cursors are opaque.",
        examples=["qItu5IoHyXEc2FtcGxl"],
    )
    prev: str | None = Field(
        description="The cursor of the previous page; null on the first page.", examples=[None]
    )
    limit: int = Field(description="The largest number of items on a page.", examples=[20])
    count: int | None = Field(
        description="How many items the whole list has. Null unless `count=` asked for it.",
        examples=[1234],
    )
    count_is: (
        Annotated[Literal["exact", "at_least", "estimated"], Field(title="CountPrecision")] | None
    ) = Field(
        default=None,
        description="How exact `count` is. Present where `count` is a number.",
        examples=["exact"],
    )


class HeadlinePage(ResponseModel):
    """A page of headlines."""

    data: list[Headline] = Field(description="The stories of this page.")
    page: PageInfo = Field(description="The position of this page in the list.")


class StoryPage(ResponseModel):
    """A page of stories. With `include=body` they have their bodies."""

    data: list[Story] = Field(description="The stories of this page.")
    page: PageInfo = Field(description="The position of this page in the list.")


class SourcePage(ResponseModel):
    """A page of sources."""

    data: list[SourceEntry] = Field(description="The sources of this page.")
    page: PageInfo = Field(description="The position of this page in the list.")


class CategoryPage(ResponseModel):
    """A page of categories. With `tree=true` it is the whole tree."""

    data: list[CategoryEntry] = Field(
        description="The categories of this page, or the top of the tree."
    )
    page: PageInfo = Field(description="The position of this page in the list.")


class SearchHighlights(Selectable):
    """Where the words of a search are, as HTML with `<mark>` around them. It is safe to show."""

    title: str = Field(
        description="The title.", examples=["Rooftop <mark>bees</mark> outlast the winter"]
    )
    body: list[str] = Field(
        description="Passages of the body, the best first.",
        examples=[["the <mark>bees</mark> were humming"]],
    )


class SearchHit(Headline):
    """A story that a search found."""

    score: float | None = Field(
        description="How well the story fits the query; larger is better. It compares stories of "
        "one answer. Null where the order is by date, and for stories that the reader may see only "
        "as headlines.",
        examples=[16.7518],
    )
    highlights: SearchHighlights | None = Field(
        description="Where the words of the query are. Null without `highlight=true`."
    )


class FacetCount(ResponseModel):
    """How many of the stories found have a value."""

    value: str = Field(description="The value, as the filter takes it.", examples=["europe"])
    label: str = Field(description="The value to show.", examples=["Europe"])
    count: int = Field(description="The number of stories.", examples=[1])


class SearchPage(ResponseModel):
    """A page of search results."""

    data: list[SearchHit] = Field(description="The stories of this page.")
    page: PageInfo = Field(description="The position of this page among the results.")
    facets: dict[str, list[FacetCount]] = Field(
        description="The counts by facet: those that `facets=` names.",
        examples=[{"category": [{"value": "europe", "label": "Europe", "count": 1}]}],
    )
    corrected: str | None = Field(
        description="What was searched for, where that is not what was sent: with another "
        "spelling, without quotation marks, or with a question mark, which means that not all "
        "words were required. Else null.",
        examples=["beehive"],
    )
    complete: bool = Field(description=_COMPLETE, examples=[True])


class SuggestedText(MayBeEmbargoed):
    """A completion of a text."""

    text: str = Field(description="The completion to show.", examples=["bees"])
    type: Annotated[
        Literal["title", "tag", "source", "category"], Field(title="SuggestionType")
    ] = Field(description="What the completion is.", examples=["tag"])
    ref: str = Field(
        description="What names it in a path or a filter: a slug, or the tag itself.",
        examples=["bees"],
    )


class SuggestionList(ResponseModel):
    """Completions of a text, the likeliest first."""

    data: list[SuggestedText] = Field(description="The completions.")


class _ChangeBase(ResponseModel):
    serial: int = Field(
        description="The position of the change in the log. It rises, and may skip numbers. Keys "
        "that read under embargo may receive several changes with one serial.",
        examples=[81],
    )
    op: Annotated[Literal["upsert", "remove"], Field(title="ChangeOperation")] = Field(
        description="What to do with your copy.", examples=["upsert"]
    )
    id: Id = Field(description="The id of the story, source or category.")
    reason: Annotated[
        Literal[
            "published",
            "updated",
            "corrected",
            "unpublished",
            "killed",
            "expired",
            "deleted",
            "left",
            "restored",
        ],
        Field(title="ChangeReason"),
    ] = Field(description="Why it changed.", examples=["published"])
    at: Instant = Field(description="When it changed.", examples=["2026-11-22T09:24:00Z"])


class ArticleChange(_ChangeBase):
    """A change of a story."""

    type: Literal["article"] = Field(description="It is a story.", examples=["article"])
    notice: str | None = Field(
        default=None,
        description="What to tell those who have read the story. Present where the newsroom gave "
        "a notice, as it has to for a kill: then delete every copy.",
        examples=["The beekeeper never said this. We withdraw the story."],
    )
    document: Story | None = Field(description=_ENTRY.format(what="story"))


class SourceChange(_ChangeBase):
    """A change of a source."""

    type: Literal["source"] = Field(description="It is a source.", examples=["source"])
    document: SourceEntry | None = Field(description=_ENTRY.format(what="source"))


class CategoryChange(_ChangeBase):
    """A change of a category."""

    type: Literal["category"] = Field(description="It is a category.", examples=["category"])
    document: CategoryEntry | None = Field(description=_ENTRY.format(what="category"))


class ChangeEntry(
    RootModel[Annotated[ArticleChange | SourceChange | CategoryChange, Field(discriminator="type")]]
):
    """A change of a story, a source or a category, by `type`."""


class ChangeBatch(ResponseModel):
    """The next changes, oldest first."""

    data: list[ChangeEntry] = Field(description="The changes.")
    cursor: str = Field(
        description="Where to go on: send it as `cursor` in the next request. Keep it with your "
        "copy.",
        examples=["dGhlIG5leHQgY3Vyc29y"],
    )
    more: bool = Field(
        description="Whether there are more changes already. If not, wait before the next request, "
        "or send `wait=`.",
        examples=[False],
    )
