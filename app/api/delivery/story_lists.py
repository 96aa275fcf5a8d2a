"""Lists of stories: parse parameters to a query, and render a page as JSON.

`ids=` accepts slugs, too; they are replaced by ids before a list is read.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, NoReturn

from app.access.entitlement import PUBLIC, Entitlement
from app.access.selection import Clause, Selection
from app.api.delivery.resource import (
    NeedsWorkerThread,
    ReadRequest,
    Resource,
    build_answer,
    feed_alternates,
)
from app.api.delivery.story_parameters import (
    ARTICLE_LIST,
    AS_NAMED,
    HEADLINE_LIST,
    INCLUDE,
    NAMES_IN,
    ONE_PER_STORY,
    PREFER,
    SORT,
)
from app.api.http.access import ReadPolicy
from app.api.http.answer import PublicAnswer
from app.api.http.fields import HEADLINE_FIELDS, STORY_FIELDS, Fields
from app.api.http.filters import MOST_VALUES, References, read_selection, split_list
from app.api.http.paging import Links, Paging, envelope
from app.api.http.parameters import MOST_PREFERRED, Values, bad
from app.bootstrap import Services
from app.delivery.invalidation import LISTS, list_keys
from app.delivery.results import Page, find_sent_rows
from app.delivery.story_query import Form, StoryQuery
from app.delivery.taxonomy_directory import TaxonomyDirectory, widen_languages
from app.kit.bounded_cache import BoundedCache
from app.kit.errors import BadParameter
from app.kit.ids import is_id, normalize_ref
from app.kit.slugs import find_slug_problem
from app.kit.sql.async_reads import AsyncReads

# Finds the ids of stories by their slugs.
FindIds = Callable[[Collection[str]], Mapping[str, str]]
_IDS = "ids"
# No story has this id; it replaces unknown slugs.
_NO_STORY = "00000000-0000-0000-0000-000000000000"
_Kind = Literal["headlines", "articles"]
# Bytes of cached queries; each takes about 3 kB, and holds its text many times.
_MOST_BYTES, _QUERY_BYTES, _TEXT_COPIES = 8 * 2**20, 3_000, 40


def replace_slugs(values: Values, find_ids: FindIds) -> tuple[Values, bool]:
    """Replace the slugs in `ids` by ids; return whether there were any.

    Other values stay, and are refused when they are parsed.
    """
    if _IDS not in values.sent:
        return values, False
    lists = [split_list(text) for text in values.sent.get(_IDS, ())]
    slugs = {
        ref: _NO_STORY
        for named in lists
        for _, value in named
        if not is_id(value) and find_slug_problem(ref := normalize_ref(value)) is None
    }
    if not slugs or any(len(named) > MOST_VALUES for named in lists):
        return values, False
    slugs |= find_ids(slugs)
    sent = {**values.sent, _IDS: [_format_ids(named, slugs) for named in lists]}
    return replace(values, sent=sent), True


def _format_ids(named: list[tuple[bool, str]], slugs: Mapping[str, str]) -> str:
    return ",".join(
        f"{'-' if negated else ''}{slugs.get(normalize_ref(value), value)}"
        for negated, value in named
    )


@dataclass(frozen=True, slots=True)
class ListRequest:
    """A parsed list request: the query, the fields to keep, and paging.

    With `by_slug`, `ids` had slugs, so the list depends on which stories have them.
    """

    query: StoryQuery
    fields: Fields | None
    paging: Paging
    by_slug: bool = False


def read_query(
    services: Services,
    values: Values,
    path: str,
    form: Form,
    given: tuple[Clause, ...] = (),
    *,
    references: References | None = None,
    entitlement: Entitlement = PUBLIC,
    counts_all: bool = False,
) -> tuple[StoryQuery, Paging]:
    """Parse filters, order and paging; `given` are the clauses of the path.

    `references` resolves categories and sources; if it is missing, the current directory does.
    """
    selection = read_selection(values, references or services.delivery, entitlement)
    selection = replace(selection, clauses=(*given, *selection.clauses))
    sort = values[SORT]
    preferred = _preferences(values, selection)
    asked = f"{path}?{selection!r}&{sort}"
    if preferred is not None:
        asked += f"&{preferred!r}"
    paging = Paging.read(services.cursors, values, asked, 2, entitlement)
    position = paging.position
    query = StoryQuery(
        selection=selection,
        key="updated_at" if "updated" in sort else "published_at",
        descending=sort.startswith("-") or sort == AS_NAMED,
        position=(int(position[0]), str(position[1])) if position else None,
        backwards=paging.backwards,
        form=form,
        limit=paging.limit,
        count=paging.count,
        counts_all=counts_all,
        entitlement=entitlement,
        preferred=preferred,
        names_in=values[NAMES_IN],
        order=_list_named_ids(selection) if sort == AS_NAMED else (),
    )
    return query, paging


def list_body(asked: ListRequest, page: Page) -> tuple[bytes, dict[str, str | None]]:
    """Return the JSON of a page and its cursors by name."""
    items: Sequence[bytes] = page.items
    if asked.fields is not None:
        items = [asked.fields.keep(item) for item in items]
    count, count_is = page.count or (None, "exact")
    return envelope(asked.paging, items, page.before, page.after, count, count_is)


def list_cache_dependencies(asked: ListRequest) -> tuple[str, ...]:
    """Return the cache dependencies of a list, if they are fewer than those of all lists."""
    # Longer forms show translations, and slugs may move: any story may change such lists. A grant
    # may select stories by labels, which no cache dependency has.
    query = asked.query
    has_own_dependencies = (
        query.form == "short" and not asked.by_slug and query.entitlement.is_unlimited
    )
    return list_keys(asked.query.selection) if has_own_dependencies else ()


def _list_named_ids(selection: Selection) -> tuple[str, ...]:
    """Return the ids that a selection lists, in its order."""
    named = (clause.included for clause in selection.clauses if clause.field == "id")
    return next((ids for ids in named if ids), ())


def _preferences(values: Values, selection: Selection) -> tuple[str, ...] | None:
    """Return the preferred languages if one story of each group is requested, or else None.

    They are those of `prefer` (which the cache derives from `Accept-Language`), or else those of
    the filter by language.
    """
    preferred = values[PREFER]
    if not values[ONE_PER_STORY]:
        if preferred:
            raise bad(PREFER.name, "not_allowed", "'prefer' needs 'one_per_story=true'.")
        return None
    filtered = (clause.included for clause in selection.clauses if clause.field == "language")
    return widen_languages(preferred or next((tags for tags in filtered if tags), ()))[
        :MOST_PREFERRED
    ]


def read_form(values: Values) -> tuple[Form, Fields | None]:
    """Return the form of articles that the request needs, and the fields to keep."""
    body, fields = "body" in values[INCLUDE], values[STORY_FIELDS]
    # The body is read only if it is included or one of its fields is named.
    if body or (fields is not None and fields.includes_any("body_html", "body_text")):
        return "whole", fields
    return "full", fields


@dataclass(frozen=True, slots=True)
class _List:
    """A parsed list, its links and alternates, and its cache dependencies."""

    asked: ListRequest
    links: Links
    alternates: Mapping[str, str]
    cache_dependencies: tuple[str, ...]


class _ParsedLists:
    """Cached parsed queries of lists; they are valid until the directory changes.

    Parsing takes as long as all other work for a list.
    """

    def __init__(self) -> None:
        self._known: BoundedCache[tuple[str, bytes, str, bool], _List] = BoundedCache(
            _MOST_BYTES, lambda key, _: _QUERY_BYTES + _TEXT_COPIES * len(key[1])
        )
        self._directory: TaxonomyDirectory | None = None

    def get(
        self,
        services: Services,
        request: ReadRequest,
        kind: _Kind,
        directory: TaxonomyDirectory,
        find_ids: FindIds,
    ) -> _List:
        """Return a parsed query, from the cache if possible."""
        if directory is not self._directory:
            self._known.clear()
            self._directory = directory
        reader = request.reader
        key = (request.path, request.query, reader.entitlement.digest, reader.key_id is not None)
        known = self._known.get(key)
        if known is None:
            known = _parse(services, request, kind, directory, find_ids)
            # Slugs of stories change without a change of the directory.
            if not known.asked.by_slug:
                self._known[key] = known
        return known


parsed_lists = _ParsedLists()


def list_stories(services: Services, request: ReadRequest, kind: _Kind) -> PublicAnswer:
    """Return a page of stories: headlines in short form, articles in full or with their bodies."""
    current = services.delivery.load_current()
    parsed = parsed_lists.get(
        services, request, kind, current.directory, services.delivery.find_ids
    )
    if not parsed.asked.query.is_short:
        request.require_worker_thread()
    return _answer_list(
        request, parsed, services.delivery.list_stories(parsed.asked.query, current)
    )


async def await_stories(
    services: Services, reads: AsyncReads, request: ReadRequest, kind: _Kind
) -> PublicAnswer:
    """Return the same with one awaited statement, if no count is requested."""
    directory = services.delivery.cached_directory
    if directory is None:
        raise NeedsWorkerThread
    try:
        parsed = parsed_lists.get(services, request, kind, directory, _refuse_slugs)
    except BadParameter:
        # It may name a new category or source.
        raise NeedsWorkerThread from None
    query = parsed.asked.query
    if query.count is not None:
        raise NeedsWorkerThread
    statement, params, now = services.delivery.prepare_page(query)
    page = services.delivery.finish_page(query, now, await reads.fetch(statement, params))
    if page is None:
        raise NeedsWorkerThread
    return _answer_list(request, parsed, page)


def _answer_list(request: ReadRequest, parsed: _List, page: Page) -> PublicAnswer:
    body, cursors = list_body(parsed.asked, page)
    has_receipts = request.reader.partner_id is not None
    return build_answer(
        request,
        body,
        page.log_state,
        surrogate_keys=(LISTS,),
        links=parsed.links.by_relation(cursors),
        alternates=parsed.alternates,
        cache_dependencies=parsed.cache_dependencies,
        sent=find_sent_rows(page.rows, parsed.asked.query.entitlement) if has_receipts else (),
    )


def _refuse_slugs(_: Collection[str]) -> NoReturn:
    """Finding ids by slugs would take a second statement."""
    raise NeedsWorkerThread


def _parse(
    services: Services,
    request: ReadRequest,
    kind: _Kind,
    directory: TaxonomyDirectory,
    find_ids: FindIds,
) -> _List:
    reader = request.reader
    form: Form = "short"
    accepted = HEADLINE_LIST if kind == "headlines" else ARTICLE_LIST
    values, by_slug = replace_slugs(accepted.parse(request.query), find_ids)
    if kind == "headlines":
        fields = values[HEADLINE_FIELDS]
    else:
        form, fields = read_form(values)
    query, paging = read_query(
        services,
        values,
        request.path,
        form,
        references=directory,
        entitlement=reader.entitlement,
        counts_all=reader.key_id is not None,
    )
    asked = ListRequest(query, fields, paging, by_slug)
    links = Links.of(request.path, request.query, services.settings.public_url or "")
    alternates = feed_alternates(services, request.query, "/feeds/latest")
    return _List(asked, links, alternates, list_cache_dependencies(asked))


HEADLINES = Resource(
    "/v1/headlines",
    ReadPolicy.HEADLINES,
    partial(list_stories, kind="headlines"),
    HEADLINE_LIST,
    awaited=partial(await_stories, kind="headlines"),
)
ARTICLES = Resource(
    "/v1/articles",
    ReadPolicy.STORIES,
    partial(list_stories, kind="articles"),
    ARTICLE_LIST,
    awaited=partial(await_stories, kind="articles"),
)
