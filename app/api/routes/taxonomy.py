"""Delivery: sources and categories."""

from typing import Any

from fastapi import APIRouter, Request, Response

from app.api.answers import delivered, list_links, nothing_here, redirected
from app.api.dependencies import Parts
from app.api.describe import describe
from app.api.direct import DirectRoute
from app.api.fields import CATEGORY, SOURCE, Fields
from app.api.paging import Paging, envelope
from app.api.params import Parameters
from app.api.reading import short_read
from app.api.schemas.documents import CategoryEntry, SourceEntry
from app.api.schemas.reading import CategoryPage, SourcePage
from app.api.tree import category_tree
from app.bootstrap import Services
from app.content.slugs import normal_ref
from app.delivery.directory import EntryType

router = APIRouter(tags=["delivery"], route_class=DirectRoute)
_LIST = ("fields", "limit", "cursor", "count")
_PATHS = {"source": "/v1/sources", "category": "/v1/categories"}
_FIELDS = {"source": SOURCE, "category": CATEGORY}
_MOVED: dict[int | str, dict[str, Any]] = {
    301: {"description": "It has another slug now.", "content": None}
}


@router.get(
    "/v1/sources",
    summary="Sources, by slug",
    responses={200: {"model": SourcePage}},
    openapi_extra=describe(query=_LIST, problems=("bad_parameter", "bad_cursor", "key_required")),
)
async def list_sources(request: Request, services: Parts) -> Response:
    """List sources in the order of slugs."""
    params = Parameters(request.scope["query_string"], _LIST)
    return await _list(request, services, params, "source")


@router.get(
    "/v1/sources/{ref}",
    summary="One source",
    responses={200: {"model": SourceEntry}, **_MOVED},
    openapi_extra=describe(
        query=("fields",), problems=("bad_parameter", "not_found", "key_required")
    ),
)
async def read_source(ref: str, request: Request, services: Parts) -> Response:
    """Return one source by id or slug; a former slug redirects."""
    return await _one(request, services, "source", ref)


@router.get(
    "/v1/categories",
    summary="Categories, by slug, or the whole tree",
    responses={200: {"model": CategoryPage}},
    openapi_extra=describe(
        query=(*_LIST, "tree", "names_in"), problems=("bad_parameter", "bad_cursor", "key_required")
    ),
)
async def list_categories(request: Request, services: Parts) -> Response:
    """List categories in the order of slugs; `tree=true` nests all of them."""
    params = Parameters(request.scope["query_string"], (*_LIST, "tree", "names_in"))
    if not params.flag("tree"):
        return await _list(request, services, params, "category")
    directory, head = await short_read(services, services.delivery.directory)
    directory = directory.named(params.languages("names_in"))
    body = category_tree(directory.entries["category"].values(), params)
    return delivered(request, body, head, keys=("categories",))


@router.get(
    "/v1/categories/{ref}",
    summary="One category",
    responses={200: {"model": CategoryEntry}, **_MOVED},
    openapi_extra=describe(
        query=("fields", "names_in"), problems=("bad_parameter", "not_found", "key_required")
    ),
)
async def read_category(ref: str, request: Request, services: Parts) -> Response:
    """Return one category by id or slug; a former slug redirects."""
    return await _one(request, services, "category", ref)


async def _list(
    request: Request, services: Services, params: Parameters, type_: EntryType
) -> Response:
    paging = Paging.read(services.cursors, params, _PATHS[type_], 1)
    fields, names_in = Fields.read(params, _FIELDS[type_]), params.languages("names_in")
    page = await short_read(
        services,
        lambda: services.delivery.entries(
            type_,
            limit=paging.limit,
            position=str(paging.position[0]) if paging.position else None,
            backwards=paging.backwards,
            names_in=names_in,
        ),
    )
    items = [fields.keep(one) if fields else one for one in page.items]
    count = page.total if paging.count else None
    body, cursors = envelope(paging, items, page.before, page.after, count)
    links = list_links(request, services, cursors)
    return delivered(request, body, page.head, keys=(_PATHS[type_][4:],), links=links)


async def _one(request: Request, services: Services, type_: EntryType, ref: str) -> Response:
    known = ("fields", "names_in") if type_ == "category" else ("fields",)
    params = Parameters(request.scope["query_string"], known)
    fields, names_in = Fields.read(params, _FIELDS[type_]), params.languages("names_in")
    found = await short_read(
        services, lambda: services.delivery.entry(type_, normal_ref(ref), names_in=names_in)
    )
    if found.moved_to is not None:
        return redirected(request, f"{_PATHS[type_]}/{found.moved_to}", found.head)
    if found.body is None:
        raise nothing_here(request, found.head, f"No {type_} has this id or slug.")
    body = fields.keep(found.body) if fields else found.body
    return delivered(request, body, found.head, keys=found.keys)
