"""Delivery: feeds of all, a category, source, language, tag or search, in every format."""

from typing import Any

from fastapi import Request, Response

from app.api.delivery import feeds
from app.api.delivery.respond import respond
from app.api.routes.public_router import PublicRouter
from app.syndication.formats import FEEDS

router = PublicRouter(tags=["feeds"])
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


@router.read(feeds.LATEST, summary="All stories", responses=_WRITTEN, problems=_PROBLEMS)
async def read_feed(ext: str, request: Request) -> Response:
    """Return the newest stories as a feed."""
    return await respond(request, feeds.LATEST)


@router.read(
    feeds.SEARCH,
    summary="Stories that hold what somebody typed",
    responses=_WRITTEN,
    problems=_PROBLEMS,
)
async def read_search_feed(ext: str, request: Request) -> Response:
    """Return what a search finds as a feed, newest first."""
    return await respond(request, feeds.SEARCH)


@router.read(
    feeds.CATEGORY,
    summary="Stories in a category and all below it",
    responses={**_WRITTEN, **_MOVED},
    problems=_PROBLEMS,
)
async def read_category_feed(slug: str, ext: str, request: Request) -> Response:
    """Return a category as a feed; a former slug redirects."""
    return await respond(request, feeds.CATEGORY)


@router.read(
    feeds.SOURCE,
    summary="Stories of a source",
    responses={**_WRITTEN, **_MOVED},
    problems=_PROBLEMS,
)
async def read_source_feed(slug: str, ext: str, request: Request) -> Response:
    """Return a source as a feed; a former slug redirects."""
    return await respond(request, feeds.SOURCE)


@router.read(
    feeds.LANGUAGE,
    summary="Stories in a language",
    responses={**_WRITTEN, **_MOVED},
    problems=_PROBLEMS,
)
async def read_language_feed(tag: str, ext: str, request: Request) -> Response:
    """Return a language, with all its regions, as a feed; another case redirects."""
    return await respond(request, feeds.LANGUAGE)


@router.read(
    feeds.TAG,
    summary="Stories with a tag",
    responses={**_WRITTEN, **_MOVED},
    problems=_PROBLEMS,
)
async def read_tag_feed(tag: str, ext: str, request: Request) -> Response:
    """Return a tag, named by its form as a slug, as a feed; without stories it is empty."""
    return await respond(request, feeds.TAG)
