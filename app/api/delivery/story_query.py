"""From parameters to a query for stories, and from a page to the bytes of a list."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from app.access.selection import Clause, Selection
from app.api.http.fields import FULL, SHORT, WHOLE, Fields
from app.api.http.paging import Paging, envelope
from app.api.http.parameters import FILTERS, MOST_PREFERRED, SPANS, Parameters, bad
from app.bootstrap import Services
from app.delivery.directory import wider
from app.delivery.query import Form, StoryQuery
from app.delivery.results import Page
from app.delivery.surrogates import list_keys

LIST_PARAMETERS = (
    *(*FILTERS, *SPANS, "sort", "fields", "limit", "cursor", "count"),
    *("one_per_story", "prefer", "names_in"),
)
_OF_FEEDS = (*FILTERS, *SPANS, "sort", "limit", "cursor")
FEED_PARAMETERS = (*_OF_FEEDS, "one_per_story", "prefer", "names_in")
SEARCH_FEED_PARAMETERS = ("q", *_OF_FEEDS, "names_in")
_SORTS = ("published_at", "-published_at", "updated_at", "-updated_at")


@dataclass(frozen=True, slots=True)
class ListRequest:
    """A list as it was asked for: the query, which fields to keep, and how to page on."""

    query: StoryQuery
    fields: Fields | None
    paging: Paging


def read_list(
    services: Services,
    path: str,
    query_string: bytes,
    kind: Literal["headlines", "articles"],
    *,
    embargoed: bool,
) -> ListRequest:
    """Understand the query string of a list, or refuse it."""
    known = LIST_PARAMETERS if kind == "headlines" else (*LIST_PARAMETERS, "include")
    params = Parameters(query_string, known)
    form, fields = _form(params, kind)
    query, paging = read_query(services, params, path, form)
    return ListRequest(replace(query, embargoed=embargoed), fields, paging)


def read_query(
    services: Services, params: Parameters, path: str, form: Form, given: tuple[Clause, ...] = ()
) -> tuple[StoryQuery, Paging]:
    """Understand what selects, orders and pages stories; `given` is what the path selects."""
    selection = params.selection(services.delivery.resolve, services.delivery.slugs)
    selection = replace(selection, clauses=(*given, *selection.clauses))
    sort = params.choice("sort", _SORTS, _default_sort(params))
    preferred = preferences(params, selection)
    asked = f"{path}?{selection!r}&{sort}"
    if preferred is not None:
        asked += f"&{preferred!r}"
    paging = Paging.read(services.cursors, params, asked, 2)
    position = paging.position
    query = StoryQuery(
        selection=selection,
        key="updated_at" if "updated" in sort else "published_at",
        descending=sort.startswith("-"),
        position=(int(position[0]), str(position[1])) if position else None,
        backwards=paging.backwards,
        form=form,
        limit=paging.limit,
        count=paging.count,
        preferred=preferred,
        names_in=params.languages("names_in"),
    )
    return query, paging


def preferences(params: Parameters, selection: Selection) -> tuple[str, ...] | None:
    """Return the languages that readers prefer, where they want one story of each group.

    They are those of `prefer` (which the cache makes of `Accept-Language`), or else the languages
    that the list is filtered by, in their order.
    """
    preferred = params.languages("prefer")
    if not params.flag("one_per_story"):
        if preferred:
            raise bad("prefer", "not_allowed", "'prefer' needs 'one_per_story=true'.")
        return None
    filtered = (one.included for one in selection.clauses if one.field == "language")
    return wider(preferred or next((one for one in filtered if one), ()))[:MOST_PREFERRED]


def list_body(asked: ListRequest, page: Page) -> tuple[bytes, dict[str, str | None]]:
    """Return the JSON of a page and its cursors by name."""
    items: Sequence[bytes] = page.items
    if asked.fields is not None:
        items = [asked.fields.keep(item) for item in items]
    return envelope(asked.paging, items, page.before, page.after, page.count)


def _default_sort(params: Parameters) -> str:
    changed = params.has("updated_after", "updated_before")
    return "-updated_at" if changed else "-published_at"


def _form(params: Parameters, kind: Literal["headlines", "articles"]) -> tuple[Form, Fields | None]:
    if kind == "headlines":
        return "short", Fields.read(params, SHORT)
    body = "body" in params.words("include", ("body",))
    fields = Fields.read(params, WHOLE)
    # Who names a field of the body wants it; who names others need not have it read.
    if body or (fields is not None and fields.touch("body_html", "body_text")):
        return "whole", fields
    return "full", fields or Fields.read(params, FULL)


def narrow_keys(query: StoryQuery) -> tuple[str, ...]:
    """Return what a list hangs on, where that is less than all lists."""
    # Longer forms show translations, which any story may be.
    return list_keys(query.selection) if query.form == "short" else ()
