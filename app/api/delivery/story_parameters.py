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
        "StorySort",
        SORTS,
        "-published_at",
        "The order of the list; a leading minus means newest first. If left out: the order of "
        "`ids`, or `-updated_at` with `updated_after` or `updated_before`, or `-published_at`.",
    ),
    default_text="-published_at",
    default_with={"ids": AS_NAMED, **BY_UPDATE},
)
INCLUDE = declare_words(
    "include", "StoryPart", ("body",), "What to add: `body` adds `body_html` and `body_text`."
)
ONE_PER_STORY = declare_flag(
    "one_per_story",
    "Return one story of each group of translations: the one in the language that comes first "
    "in `prefer`, else in `language`, else in the header `Accept-Language`.",
)
PREFER = declare_languages(
    "prefer",
    "BCP 47 tags in the order of preference, for `one_per_story=true`. Unlike `language`, it "
    "excludes no story.",
)
NAMES_IN = declare_languages(
    "names_in",
    "BCP 47 tags in the order of preference: the language of the names of categories. "
    "Categories without a name in these languages have their own.",
)
Q: Parameter[str | None] = Parameter(
    "q",
    'The search query: words, "phrases", `-not`, `OR`, `title:`. Any text is valid.',
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
