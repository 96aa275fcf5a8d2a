"""Sources and categories."""

from collections.abc import Iterable
from dataclasses import replace

from app.api.delivery.resource import (
    ReadRequest,
    Resource,
    build_answer,
    build_not_found,
    build_redirect,
    list_links,
)
from app.api.delivery.story_parameters import NAMES_IN
from app.api.http.access import ReadPolicy
from app.api.http.answer import PublicAnswer
from app.api.http.fields import CATEGORY_FIELDS, SOURCE_FIELDS
from app.api.http.paging import COUNT, CURSOR, LIMIT, Paging, envelope
from app.api.http.parameters import ParameterSet, Values, bad, declare_flag
from app.bootstrap import Services
from app.delivery.store.entries import EntryType
from app.delivery.taxonomy_directory import TaxonomyEntry
from app.kit import json
from app.kit.ids import normalize_ref

TREE = declare_flag("tree", "Return the whole tree: each category has its `children`.")
SOURCE_LIST = ParameterSet(SOURCE_FIELDS, LIMIT, CURSOR, COUNT)
CATEGORY_LIST = ParameterSet(CATEGORY_FIELDS, LIMIT, CURSOR, COUNT, TREE, NAMES_IN)
SINGLE_SOURCE = ParameterSet(SOURCE_FIELDS)
SINGLE_CATEGORY = ParameterSet(CATEGORY_FIELDS, NAMES_IN)
_PATHS = {"source": "/v1/sources", "category": "/v1/categories"}
_FIELDS = {"source": SOURCE_FIELDS, "category": CATEGORY_FIELDS}


def list_sources(services: Services, request: ReadRequest) -> PublicAnswer:
    """Return a page of sources in the order of slugs."""
    return _answer_list(services, request, SOURCE_LIST.parse(request.query), "source")


def read_source(services: Services, request: ReadRequest, ref: str) -> PublicAnswer:
    """Return one source by its id or slug."""
    return _answer_entry(services, request, SINGLE_SOURCE.parse(request.query), "source", ref)


def list_categories(services: Services, request: ReadRequest) -> PublicAnswer:
    """Return a page of categories in the order of slugs, or all of them nested."""
    values = CATEGORY_LIST.parse(request.query)
    if not values[TREE]:
        return _answer_list(services, request, values, "category")
    directory, head, _ = services.delivery.load_current()
    directory = directory.with_names_in(values[NAMES_IN])
    entries = directory.entries["category"].values() if _may_read(request) else ()
    body = _render_tree(entries, values)
    return build_answer(request, body, head, surrogate_keys=("categories",))


def read_category(services: Services, request: ReadRequest, ref: str) -> PublicAnswer:
    """Return one category by its id or slug."""
    return _answer_entry(services, request, SINGLE_CATEGORY.parse(request.query), "category", ref)


def _answer_list(
    services: Services, request: ReadRequest, values: Values, type_: EntryType
) -> PublicAnswer:
    paging = Paging.read(services.cursors, values, _PATHS[type_], 1)
    fields, names_in = values[_FIELDS[type_]], values[NAMES_IN]
    page = services.delivery.list_entries(
        type_,
        limit=paging.limit,
        position=str(paging.position[0]) if paging.position else None,
        backwards=paging.backwards,
        names_in=names_in,
    )
    if not _may_read(request):
        page = replace(page, items=[], before=None, after=None, total=0)
    items = [fields.keep(item) if fields else item for item in page.items]
    count = page.total if paging.count else None
    body, cursors = envelope(paging, items, page.before, page.after, count)
    links = list_links(services, request, cursors)
    return build_answer(
        request, body, page.log_state, surrogate_keys=(_PATHS[type_][4:],), links=links
    )


def _answer_entry(
    services: Services, request: ReadRequest, values: Values, type_: EntryType, ref: str
) -> PublicAnswer:
    fields, names_in = values[_FIELDS[type_]], values[NAMES_IN]
    found = services.delivery.find_entry(type_, normalize_ref(ref), names_in=names_in)
    if not _may_read(request):
        found = replace(found, body=None, moved_to=None)
    if found.moved_to is not None:
        return build_redirect(
            services, request, f"{_PATHS[type_]}/{found.moved_to}", found.log_state
        )
    if found.body is None:
        raise build_not_found(request, found.log_state, f"No {type_} has this id or slug.")
    body = fields.keep(found.body) if fields else found.body
    return build_answer(request, body, found.log_state, surrogate_keys=found.keys)


def _may_read(request: ReadRequest) -> bool:
    """Tell whether a reader may read anything: then all sources and categories are readable."""
    return bool(request.reader.entitlement.grants)


def _render_tree(categories: Iterable[TaxonomyEntry], values: Values) -> bytes:
    """Return all categories nested, in the order of slugs, as the JSON of a list."""
    for parameter in (LIMIT, CURSOR, CATEGORY_FIELDS):
        if values.has(parameter):
            name = parameter.name
            raise bad(name, "not_allowed", f"A tree is whole: leave {name!r} out with tree=true.")
    listed = list(categories)
    below: dict[str | None, list[TaxonomyEntry]] = {}
    known = {entry.id for entry in listed}
    for entry in listed:
        parent = entry.parent_id if entry.parent_id in known else None
        below.setdefault(parent, []).append(entry)
    tree = b",".join(_render_subtree(entry, below) for entry in below.get(None, ()))
    page: dict[str, object] = {"next": None, "prev": None, "limit": len(listed), "count": None}
    if values.has(COUNT):
        page |= {"count": len(listed), "count_is": "exact"}
    return b'{"data":[' + tree + b'],"page":' + json.dumps(page) + b"}"


def _render_subtree(entry: TaxonomyEntry, below: dict[str | None, list[TaxonomyEntry]]) -> bytes:
    inner = b",".join(_render_subtree(child, below) for child in below.get(entry.id, ()))
    return entry.whole[:-1] + b',"children":[' + inner + b"]}"


SOURCES = Resource("/v1/sources", ReadPolicy.HEADLINES, list_sources, SOURCE_LIST)
SOURCE_ENTRY = Resource("/v1/sources/{ref}", ReadPolicy.HEADLINES, read_source, SINGLE_SOURCE)
CATEGORIES = Resource("/v1/categories", ReadPolicy.HEADLINES, list_categories, CATEGORY_LIST)
CATEGORY_ENTRY = Resource(
    "/v1/categories/{ref}", ReadPolicy.HEADLINES, read_category, SINGLE_CATEGORY
)
