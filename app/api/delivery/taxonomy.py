"""Sources and categories."""

from collections.abc import Iterable

from app.api.delivery.answers import delivered, list_links, nothing_here, redirected
from app.api.delivery.resource import ReadRequest, Resource
from app.api.http.access import Reads
from app.api.http.answer import Answer
from app.api.http.fields import CATEGORY, SOURCE, Fields
from app.api.http.paging import Paging, envelope
from app.api.http.parameters import Parameters, bad
from app.bootstrap import Services
from app.content.slugs import normal_ref
from app.delivery.directory import DirectoryEntry
from app.delivery.store.entries import EntryType
from app.kit import json

LIST = ("fields", "limit", "cursor", "count")
CATEGORY_LIST = (*LIST, "tree", "names_in")
_PATHS = {"source": "/v1/sources", "category": "/v1/categories"}
_FIELDS = {"source": SOURCE, "category": CATEGORY}


def list_sources(services: Services, request: ReadRequest) -> Answer:
    """Return a page of sources in the order of slugs."""
    return _list(services, request, Parameters(request.query, LIST), "source")


def read_source(services: Services, request: ReadRequest, ref: str) -> Answer:
    """Return one source by its id or slug."""
    return _one(services, request, Parameters(request.query, ("fields",)), "source", ref)


def list_categories(services: Services, request: ReadRequest) -> Answer:
    """Return a page of categories in the order of slugs, or all of them nested."""
    params = Parameters(request.query, CATEGORY_LIST)
    if not params.flag("tree"):
        return _list(services, request, params, "category")
    directory, head = services.delivery.directory()
    directory = directory.named(params.languages("names_in"))
    body = _category_tree(directory.entries["category"].values(), params)
    return delivered(request, body, head, keys=("categories",))


def read_category(services: Services, request: ReadRequest, ref: str) -> Answer:
    """Return one category by its id or slug."""
    params = Parameters(request.query, ("fields", "names_in"))
    return _one(services, request, params, "category", ref)


def _list(services: Services, request: ReadRequest, params: Parameters, type_: EntryType) -> Answer:
    paging = Paging.read(services.cursors, params, _PATHS[type_], 1)
    fields, names_in = Fields.read(params, _FIELDS[type_]), params.languages("names_in")
    page = services.delivery.entries(
        type_,
        limit=paging.limit,
        position=str(paging.position[0]) if paging.position else None,
        backwards=paging.backwards,
        names_in=names_in,
    )
    items = [fields.keep(item) if fields else item for item in page.items]
    count = page.total if paging.count else None
    body, cursors = envelope(paging, items, page.before, page.after, count)
    links = list_links(services, request, cursors)
    return delivered(request, body, page.head, keys=(_PATHS[type_][4:],), links=links)


def _one(
    services: Services, request: ReadRequest, params: Parameters, type_: EntryType, ref: str
) -> Answer:
    fields, names_in = Fields.read(params, _FIELDS[type_]), params.languages("names_in")
    found = services.delivery.entry(type_, normal_ref(ref), names_in=names_in)
    if found.moved_to is not None:
        return redirected(request, f"{_PATHS[type_]}/{found.moved_to}", found.head)
    if found.body is None:
        raise nothing_here(request, found.head, f"No {type_} has this id or slug.")
    body = fields.keep(found.body) if fields else found.body
    return delivered(request, body, found.head, keys=found.keys)


def _category_tree(categories: Iterable[DirectoryEntry], params: Parameters) -> bytes:
    """Return all categories nested, in the order of slugs, as the JSON of a list."""
    for name in ("limit", "cursor", "fields"):
        if params.has(name):
            raise bad(name, "not_allowed", f"A tree is whole: leave {name!r} out with tree=true.")
    listed = list(categories)
    below: dict[str | None, list[DirectoryEntry]] = {}
    known = {one.id for one in listed}
    for one in listed:
        parent = one.parent_id if one.parent_id in known else None
        below.setdefault(parent, []).append(one)
    nested = b",".join(_nested(one, below) for one in below.get(None, ()))
    count = len(listed) if params.has("count") else None
    page = json.dumps({"next": None, "prev": None, "limit": len(listed), "count": count})
    return b'{"data":[' + nested + b'],"page":' + page + b"}"


def _nested(one: DirectoryEntry, below: dict[str | None, list[DirectoryEntry]]) -> bytes:
    inner = b",".join(_nested(child, below) for child in below.get(one.id, ()))
    return one.whole[:-1] + b',"children":[' + inner + b"]}"


SOURCES = Resource("/v1/sources", Reads.HEADLINES, list_sources)
SOURCE_ENTRY = Resource("/v1/sources/{ref}", Reads.HEADLINES, read_source)
CATEGORIES = Resource("/v1/categories", Reads.HEADLINES, list_categories)
CATEGORY_ENTRY = Resource("/v1/categories/{ref}", Reads.HEADLINES, read_category)
