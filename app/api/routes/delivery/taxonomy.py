"""Delivery: sources and categories."""

from fastapi import Request, Response

from app.api.delivery import taxonomy
from app.api.delivery.respond import respond
from app.api.openapi.operations import LISTED, MOVED
from app.api.routes.public_router import PublicRouter
from app.api.schemas.documents import CategoryEntry, SourceEntry
from app.api.schemas.reading import CategoryPage, SourcePage

router = PublicRouter(tags=["Sources and categories"])


@router.read(
    taxonomy.SOURCES,
    summary="List sources",
    sends=LISTED,
    responses={200: {"model": SourcePage}},
    problems=("bad_parameter", "bad_cursor", "key_required"),
)
async def list_sources(request: Request) -> Response:
    """List sources in the order of slugs."""
    return await respond(request, taxonomy.SOURCES)


@router.read(
    taxonomy.SOURCE_ENTRY,
    summary="Read a source",
    responses={200: {"model": SourceEntry}, **MOVED},
    problems=("bad_parameter", "not_found", "key_required"),
)
async def read_source(ref: str, request: Request) -> Response:
    """Return a source by id or slug; a former slug redirects."""
    return await respond(request, taxonomy.SOURCE_ENTRY)


@router.read(
    taxonomy.CATEGORIES,
    summary="List categories",
    sends=LISTED,
    responses={200: {"model": CategoryPage}},
    problems=("bad_parameter", "bad_cursor", "key_required"),
)
async def list_categories(request: Request) -> Response:
    """List categories in the order of slugs; `tree=true` nests all of them."""
    return await respond(request, taxonomy.CATEGORIES)


@router.read(
    taxonomy.CATEGORY_ENTRY,
    summary="Read a category",
    responses={200: {"model": CategoryEntry}, **MOVED},
    problems=("bad_parameter", "not_found", "key_required"),
)
async def read_category(ref: str, request: Request) -> Response:
    """Return a category by id or slug; a former slug redirects."""
    return await respond(request, taxonomy.CATEGORY_ENTRY)
