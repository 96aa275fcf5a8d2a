"""What lists, search and sync answer readers."""

from typing import Literal

from app.api.schemas.base import Answer, Id, Instant
from app.api.schemas.documents import (
    CategoryEntry,
    CategoryNode,
    Embargoed,
    EmbargoedHeadline,
    EmbargoedStory,
    EmbargoedStoryWithBody,
    Headline,
    SourceEntry,
    Story,
    StoryWithBody,
)


class ChangeEntry(Answer):
    """One change: a document that is there now, or one that is gone (`document` is null).

    For keys that read what is under embargo, several in a row may have the same serial.
    """

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
    document: StoryWithBody | EmbargoedStoryWithBody | SourceEntry | CategoryEntry | None


class KillEntry(ChangeEntry):
    """The end of a story that was killed, with what its readers are told."""

    notice: str


class ChangeBatch(Answer):
    """Some changes, oldest first; `more` says that others are there already."""

    data: list[ChangeEntry | KillEntry]
    cursor: str
    more: bool


class _Place(Answer):
    """Where a page stands; cursors are opaque."""

    next: str | None
    prev: str | None
    limit: int


class UncountedPage(_Place):
    """Where a page stands; cursors are opaque."""

    count: None


class CountedPage(_Place):
    """The same where stories were counted: all of them, at least so many, or about so many."""

    count: int
    count_is: Literal["exact", "at_least", "estimated"]


PageInfo = UncountedPage | CountedPage


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


class EmbargoedSearchHit(SearchHit, Embargoed):
    """A story under embargo that was found by somebody who may read it."""


class FacetCount(Answer):
    """One value of a facet, as the filter takes it, and how many stories found have it."""

    value: str
    label: str
    count: int


class SearchPage(Answer):
    """A page of what was found; `complete` is false while the index is behind or being built."""

    data: list[SearchHit | EmbargoedSearchHit]
    page: PageInfo
    facets: dict[str, list[FacetCount]]
    corrected: str | None
    complete: bool


class SuggestionView(Answer):
    """A completion; `ref` names it in a path or a filter."""

    text: str
    type: Literal["title", "tag", "source", "category"]
    ref: str


class EmbargoedSuggestion(SuggestionView, Embargoed):
    """The title of a story under embargo, for those who may read it."""


class SuggestionList(Answer):
    """Completions, the likeliest first."""

    data: list[SuggestionView | EmbargoedSuggestion]


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
