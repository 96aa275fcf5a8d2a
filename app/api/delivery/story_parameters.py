"""The query parameters of stories, and which of them each resource accepts."""

from dataclasses import replace

from app.api.http.fields import HEADLINE_FIELDS, STORY_FIELDS
from app.api.http.filters import FILTERS, SPANS, UPDATED_AFTER, UPDATED_BEFORE
from app.api.http.paging import COUNT, CURSOR, LIMIT
from app.api.http.parameters import (
    STRING,
    Parameter,
    ParameterSet,
    declare_choice,
    declare_flag,
    declare_languages,
    declare_words,
)

SORTS = ("-published_at", "published_at", "-updated_at", "updated_at")
# A list that is limited to what was updated is in the order of updates, unless asked otherwise.
BY_UPDATE = {UPDATED_AFTER.name: "-updated_at", UPDATED_BEFORE.name: "-updated_at"}
# The order in which `ids` names stories; nobody asks for it by this word.
AS_NAMED = "ids"
SORT = replace(
    declare_choice(
        "sort",
        SORTS,
        "-published_at",
        "`-published_at`, or the order of `ids`, or `-updated_at` where `updated_…` is used, "
        "unless said otherwise.",
    ),
    default_text="-published_at",
    default_with={"ids": AS_NAMED, **BY_UPDATE},
)
INCLUDE = declare_words(
    "include", ("body",), "`body` adds the bodies.", {"type": "string", "enum": ["body"]}
)
ONE_PER_STORY = declare_flag(
    "one_per_story",
    "Of each group of translations only the story that readers prefer, of those that the list "
    "has: by `prefer`, else by `language` in its order, else by `Accept-Language`.",
)
PREFER = declare_languages(
    "prefer",
    "BCP 47 tags in the order of preference, for `one_per_story=true`; unlike `language` it "
    "leaves no story out.",
)
NAMES_IN = declare_languages(
    "names_in",
    "BCP 47 tags: give categories the name that they have in the first of these languages; "
    "their own where they have none.",
)
Q: Parameter[str | None] = Parameter(
    "q",
    'What somebody typed: words, "phrases", `-not`, `OR`, `title:`. Nothing is wrong.',
    STRING,
    lambda _, sent: sent.replace("\0", " "),
    None,
    is_free_text=True,
)

FEED = ParameterSet(*FILTERS, *SPANS, SORT, LIMIT, CURSOR, ONE_PER_STORY, PREFER, NAMES_IN)
SEARCH_FEED = ParameterSet(Q, *FEED.without(ONE_PER_STORY, PREFER))
_PAGED = (LIMIT, CURSOR, COUNT, ONE_PER_STORY, PREFER, NAMES_IN)
HEADLINE_LIST = ParameterSet(*FILTERS, *SPANS, SORT, HEADLINE_FIELDS, *_PAGED)
ARTICLE_LIST = ParameterSet(*FILTERS, *SPANS, SORT, STORY_FIELDS, *_PAGED, INCLUDE)
RELATED_LIST = ParameterSet(*FILTERS, *SPANS, HEADLINE_FIELDS, LIMIT, NAMES_IN)
SINGLE_STORY = ParameterSet(STORY_FIELDS, NAMES_IN)
