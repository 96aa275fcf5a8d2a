"""Delivery: sitemaps of the archive, by month, and of the news of the last two days."""

from typing import Any

from fastapi import Request, Response

from app.api.delivery import sitemaps
from app.api.delivery.respond import respond
from app.api.routes.public_router import PublicRouter
from app.syndication.formats.sitemap import MEDIA_TYPE

router = PublicRouter(tags=["Feeds"])
_WRITTEN: dict[int | str, dict[str, Any]] = {
    200: {"description": "The sitemap.", "content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}
}
_PROBLEMS = ("bad_parameter", "key_required")


@router.read(
    sitemaps.INDEX,
    summary="Read the index of sitemaps",
    responses=_WRITTEN,
    problems=_PROBLEMS,
)
async def read_sitemap(request: Request) -> Response:
    """Return the index of the sitemaps of all months."""
    return await respond(request, sitemaps.INDEX)


@router.read(
    sitemaps.NEWS,
    summary="Read the news sitemap",
    responses=_WRITTEN,
    problems=_PROBLEMS,
)
async def read_news_sitemap(request: Request) -> Response:
    """Return the stories of the last 48 hours for Google News, or an index of parts."""
    return await respond(request, sitemaps.NEWS)


@router.read(
    sitemaps.PART,
    summary="Read a sitemap",
    responses=_WRITTEN,
    problems=("bad_parameter", "not_found", "key_required"),
)
async def read_sitemap_part(part: str, request: Request) -> Response:
    """Return a part of an index by the name that it has there, such as `2026-11`."""
    return await respond(request, sitemaps.PART)
