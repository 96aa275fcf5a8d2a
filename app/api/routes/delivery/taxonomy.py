"""Delivery: sources and categories."""

from typing import Any

from fastapi import Request, Response

from app.api.delivery import taxonomy
from app.api.delivery.respond import respond
from app.api.routes.public_router import PublicRouter
from app.api.schemas.documents import CategoryEntry, SourceEntry
from app.api.schemas.reading import CategoryPage, SourcePage

router = PublicRouter(tags=["delivery"])
_MOVED: dict[int | str, dict[str, Any]] = {
    301: {"description": "It has another slug now.", "content": None}
}


@router.read(
    taxonomy.SOURCES,
    summary="Sources, by slug",
    responses={200: {"model": SourcePage}},
    problems=("bad_parameter", "bad_cursor", "key_required"),
)
async def list_sources(request: Request) -> Response:
    """List sources in the order of slugs."""
    return await respond(request, taxonomy.SOURCES)


@router.read(
    taxonomy.SOURCE_ENTRY,
    summary="One source",
    responses={200: {"model": SourceEntry}, **_MOVED},
    problems=("bad_parameter", "not_found", "key_required"),
)
async def read_source(ref: str, request: Request) -> Response:
    """Return one source by id or slug; a former slug redirects."""
    return await respond(request, taxonomy.SOURCE_ENTRY)


@router.read(
    taxonomy.CATEGORIES,
    summary="Categories, by slug, or the whole tree",
    responses={200: {"model": CategoryPage}},
    problems=("bad_parameter", "bad_cursor", "key_required"),
)
async def list_categories(request: Request) -> Response:
    """List categories in the order of slugs; `tree=true` nests all of them."""
    return await respond(request, taxonomy.CATEGORIES)


@router.read(
    taxonomy.CATEGORY_ENTRY,
    summary="One category",
    responses={200: {"model": CategoryEntry}, **_MOVED},
    problems=("bad_parameter", "not_found", "key_required"),
)
async def read_category(ref: str, request: Request) -> Response:
    """Return one category by id or slug; a former slug redirects."""
    return await respond(request, taxonomy.CATEGORY_ENTRY)
