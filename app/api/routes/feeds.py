"""Delivery: feeds of all, a category, source, language, tag or search, in every format."""

from typing import Any

from fastapi import APIRouter, Request, Response

from app.api import channels
from app.api.dependencies import Parts
from app.api.describe import describe
from app.api.direct import DirectRoute
from app.api.feeds import FEED_PARAMETERS, SEARCH_FEED_PARAMETERS, answer_feed
from app.api.reading import long_read, short_read
from app.syndication.formats import FEEDS

router = APIRouter(tags=["feeds"], route_class=DirectRoute)
_WRITTEN: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The feed.",
        "content": {one.media_type: {"schema": {"type": "string"}} for one in FEEDS.values()},
    },
}
_MOVED: dict[int | str, dict[str, Any]] = {
    301: {"description": "The feed has another path now.", "content": None}
}
_PROBLEMS = ("bad_parameter", "bad_cursor", "not_found", "key_required")
_DESCRIBED = describe(query=FEED_PARAMETERS, problems=_PROBLEMS)


@router.get(
    "/feeds/latest.{ext}", summary="All stories", responses=_WRITTEN, openapi_extra=_DESCRIBED
)
async def read_feed(ext: str, request: Request, services: Parts) -> Response:
    """Return the newest stories as a feed."""
    return await answer_feed(request, services, channels.EVERYTHING, ext)


@router.get(
    "/feeds/search.{ext}",
    summary="Stories that hold what somebody typed",
    responses=_WRITTEN,
    openapi_extra=describe(query=SEARCH_FEED_PARAMETERS, problems=_PROBLEMS),
)
async def read_search_feed(ext: str, request: Request, services: Parts) -> Response:
    """Return what a search finds as a feed, newest first."""
    return await answer_feed(request, services, channels.SEARCH, ext)


@router.get(
    "/feeds/categories/{slug}.{ext}",
    summary="Stories in a category and all below it",
    responses={**_WRITTEN, **_MOVED},
    openapi_extra=_DESCRIBED,
)
async def read_category_feed(slug: str, ext: str, request: Request, services: Parts) -> Response:
    """Return a category as a feed; a former slug redirects."""
    channel = await short_read(services, lambda: channels.category(request, services, slug))
    return await answer_feed(request, services, channel, ext)


@router.get(
    "/feeds/sources/{slug}.{ext}",
    summary="Stories of a source",
    responses={**_WRITTEN, **_MOVED},
    openapi_extra=_DESCRIBED,
)
async def read_source_feed(slug: str, ext: str, request: Request, services: Parts) -> Response:
    """Return a source as a feed; a former slug redirects."""
    channel = await short_read(services, lambda: channels.source(request, services, slug))
    return await answer_feed(request, services, channel, ext)


@router.get(
    "/feeds/languages/{tag}.{ext}",
    summary="Stories in a language",
    responses={**_WRITTEN, **_MOVED},
    openapi_extra=_DESCRIBED,
)
async def read_language_feed(tag: str, ext: str, request: Request, services: Parts) -> Response:
    """Return a language, with all its regions, as a feed; another case redirects."""
    channel = await short_read(services, lambda: channels.language(request, services, tag))
    return await answer_feed(request, services, channel, ext)


@router.get(
    "/feeds/tags/{tag}.{ext}",
    summary="Stories with a tag",
    responses={**_WRITTEN, **_MOVED},
    openapi_extra=_DESCRIBED,
)
async def read_tag_feed(tag: str, ext: str, request: Request, services: Parts) -> Response:
    """Return a tag, named by its form as a slug, as a feed; without stories it is empty."""
    channel = await long_read(lambda: channels.tag(request, services, tag))
    return await answer_feed(request, services, channel, ext)
