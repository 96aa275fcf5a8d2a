"""From parameters to a search, and from what was found to the bytes of an answer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.access.caller import Caller
from app.api.delivery.story_parameters import BY_UPDATE, NAMES_IN, Q
from app.api.http.fields import Fields, declare_fields
from app.api.http.filters import FILTERS, SPANS, read_selection
from app.api.http.paging import COUNT, CURSOR, LIMIT, Paging, envelope
from app.api.http.parameters import (
    Parameter,
    ParameterSet,
    Values,
    bad,
    choice_parser,
    declare_choice,
    declare_flag,
    declare_number,
    declare_words,
)
from app.api.schemas.reading import SearchHit
from app.bootstrap import Services
from app.delivery.store.story_queries import StoryCount
from app.delivery.story_query import StoryQuery
from app.search.index import FACETS as FACET_NAMES
from app.search.index import MOST_RELEVANT, DatePosition, Order
from app.search.queries import SearchAnswer, SearchQuery

# By what each order sorts.
SORTS: dict[str, Order] = {
    "relevance": "relevance",
    "-published_at": "published_at",
    "published_at": "published_at",
    "-updated_at": "updated_at",
    "updated_at": "updated_at",
}
# By relevance, where there is a text to find.
SORT = replace(
    declare_choice(
        "sort",
        "SearchSort",
        SORTS,
        "-published_at",
        "The order of the list; a leading minus means newest first. If left out: `relevance` "
        "with `q`, `-updated_at` with `updated_after` or `updated_before`, else `-published_at`.",
    ),
    default_with=BY_UPDATE,
)
HIT_FIELDS = declare_fields(SearchHit, "SearchHitField")
FACETS = declare_words(
    "facets",
    "Facet",
    FACET_NAMES,
    "Count the stories found by the values of these facets.",
)
HIGHLIGHT = declare_flag("highlight", "Mark the words of the query, as HTML that is safe to show.")
REFRESH = Parameter(
    "refresh",
    "`wait` waits until the answer can be `complete`, for two seconds at most.",
    {"type": "string", "enum": ["wait", "none"], "default": "none", "title": "RefreshMode"},
    choice_parser(("wait", "none")),
    "none",
    default_text="none",
)
SEARCH_LIST = ParameterSet(
    *(Q, *FILTERS, *SPANS, SORT, HIT_FIELDS, LIMIT, CURSOR, COUNT),
    *(FACETS, HIGHLIGHT, NAMES_IN, REFRESH),
)
SUGGESTION_LIMIT = declare_number(
    "limit", 10, 1, 50, "The largest number of completions to return."
)
SUGGESTION_LIST = ParameterSet(Q, SUGGESTION_LIMIT)
Position = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A parsed search request: the query, the fields to keep, and paging."""

    query: SearchQuery
    fields: Fields | None
    paging: Paging
    counts_all: bool


def read_search(services: Services, values: Values, caller: Caller) -> SearchRequest:
    """Parse the parameters of a search, or refuse them."""
    typed = read_search_text(values)
    selection = read_selection(values, services.delivery, caller.entitlement)
    sort = _sort(values, typed)
    relevance = sort == "relevance"
    bound = f"/v1/search?{typed!r}&{selection!r}&{sort}"
    paging = Paging.read(services.cursors, values, bound, 1 if relevance else 2, caller.entitlement)
    position = [int(value) for value in paging.position or ()]
    query = SearchQuery(
        text=typed,
        selection=selection,
        order=SORTS[sort],
        descending=relevance or sort.startswith("-"),
        backwards=paging.backwards and not relevance,
        limit=paging.limit,
        offset=position[0] if position and relevance else 0,
        date_position=DatePosition(position[0], position[1])
        if position and not relevance
        else None,
        count_total=paging.count is not None,
        facets=values[FACETS],
        highlight=values[HIGHLIGHT],
        entitlement=caller.entitlement,
        names_in=values[NAMES_IN],
    )
    return SearchRequest(query, values[HIT_FIELDS], paging, caller.key_id is not None)


def read_search_text(values: Values) -> str | None:
    """Return the search text, or None if it is blank."""
    typed = values[Q]
    return typed if typed and not typed.isspace() else None


def build_list_search(typed: str | None, query: StoryQuery) -> SearchQuery:
    """Build the search for the stories of a list that match a text, in the order of the list."""
    position = query.position
    return SearchQuery(
        text=typed,
        selection=query.selection,
        order=query.key,
        descending=query.descending,
        backwards=query.backwards,
        limit=query.limit,
        date_position=DatePosition(position[0], int(position[1])) if position else None,
        form=query.form,
        entitlement=query.entitlement,
        names_in=query.names_in,
    )


def search_body(asked: SearchRequest, found: SearchAnswer) -> tuple[bytes, dict[str, str | None]]:
    """Return the JSON of a page of results, and its cursors by name."""
    items: Sequence[bytes] = found.items
    if asked.fields is not None:
        items = [asked.fields.keep(item) for item in items]
    ends = _offsets if asked.query.order == "relevance" else find_page_ends
    before, after = ends(asked.query, found)
    counted = None if found.total is None else StoryCount(found.total)
    if counted is not None and not asked.counts_all:
        counted = counted.cap()
    return envelope(
        asked.paging,
        items,
        before,
        after,
        *(counted or (None,)),
        facets=found.facets,
        corrected=found.corrected,
        complete=found.is_complete,
    )


def _sort(values: Values, typed: str | None) -> str:
    if typed is not None and not values.has(SORT):
        return "relevance"
    sort = values[SORT]
    if typed is None and sort == "relevance":
        raise bad(SORT.name, "not_allowed", "'relevance' orders what 'q' finds; send 'q' with it.")
    return sort


def _offsets(query: SearchQuery, found: SearchAnswer) -> tuple[Position | None, Position | None]:
    """Return the offsets of the previous and next page, in the order of relevance."""
    end = query.offset + query.limit
    after = (end,) if found.more and end < MOST_RELEVANT else None
    before = (max(0, query.offset - query.limit),) if query.offset else None
    return before, after


def find_page_ends(
    query: SearchQuery, found: SearchAnswer
) -> tuple[Position | None, Position | None]:
    """Return the positions of the first and last hit, if there are more hits beyond them."""
    placed = query.date_position is not None
    has_before = found.more if query.backwards else placed
    has_after = placed if query.backwards else found.more
    if not found.hits:
        # All hits on this side of the cursor are gone; the other direction still works.
        behind = (
            (query.date_position.at, query.date_position.tie)
            if query.date_position is not None
            else None
        )
        return (None, behind) if query.backwards else (behind, None)
    first, last = found.hits[0].date_position, found.hits[-1].date_position
    return (
        (first.at, first.tie) if has_before else None,
        (last.at, last.tie) if has_after else None,
    )
