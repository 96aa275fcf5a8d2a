"""Delivery: sitemaps of the archive, by month, and of the news of the last two days."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response

from app.api import sitemaps
from app.api.answers import delivered, nothing_here
from app.api.dependencies import Parts
from app.api.describe import describe
from app.api.direct import DirectRoute
from app.api.params import Parameters
from app.api.reading import long_read
from app.bootstrap import Services
from app.delivery.surrogates import LISTS
from app.syndication.formats.sitemap import MEDIA_TYPE

router = APIRouter(tags=["feeds"], route_class=DirectRoute)
_WRITTEN: dict[int | str, dict[str, Any]] = {
    200: {"description": "The sitemap.", "content": {MEDIA_TYPE: {"schema": {"type": "string"}}}}
}
_PROBLEMS = ("bad_parameter", "key_required")


@router.get(
    "/sitemap.xml",
    summary="Index of the sitemaps of all stories",
    responses=_WRITTEN,
    openapi_extra=describe(problems=_PROBLEMS),
)
async def read_sitemap(request: Request, services: Parts) -> Response:
    """Return the index of the sitemaps of all months."""
    return await _answered(request, services, lambda: sitemaps.archive_index(services))


@router.get(
    "/sitemap-news.xml",
    summary="Sitemap of the news of two days",
    responses=_WRITTEN,
    openapi_extra=describe(problems=_PROBLEMS),
)
async def read_news_sitemap(request: Request, services: Parts) -> Response:
    """Return the stories of the last 48 hours for Google News, or an index of parts."""
    return await _answered(request, services, lambda: sitemaps.news(services))


@router.get(
    "/sitemap-{part}.xml",
    summary="Sitemap of a month, or a part of one",
    responses=_WRITTEN,
    openapi_extra=describe(problems=("bad_parameter", "not_found", "key_required")),
)
async def read_sitemap_part(part: str, request: Request, services: Parts) -> Response:
    """Return a part of an index by the name that it has there, such as `2026-11`."""
    return await _answered(request, services, lambda: sitemaps.part(services, part))


async def _answered(
    request: Request, services: Services, make: Callable[[], sitemaps.Made | None]
) -> Response:
    Parameters(request.scope["query_string"], ())
    made = await long_read(make)
    if made is None:
        head = await long_read(services.delivery.head)
        raise nothing_here(request, head, "No index has a part of this name.")
    return delivered(
        request, made.body, made.head, keys=(LISTS,), media_type=MEDIA_TYPE, until=made.until
    )
