"""Delivery: feeds of all, a category, source, language, tag or search, in every format."""

from typing import Annotated, Any

from fastapi import Request, Response

from app.api.delivery import feeds
from app.api.delivery.respond import respond
from app.api.openapi.operations import MOVED, extension, text_contents
from app.api.routes.public_router import PublicRouter
from app.syndication.formats import FEEDS

router = PublicRouter(tags=["Feeds"])
_CONTENTS = {
    **text_contents(FEEDS),
    # A document for each story, where one story is an object.
    FEEDS["ninjs"].media_type: {"schema": {"type": "array", "items": {"type": "object"}}},
}
_WRITTEN: dict[int | str, dict[str, Any]] = {
    200: {"description": "The feed.", "content": _CONTENTS},
}
_SENDS = ("Link", "Content-Location")
_Ext = Annotated[str, extension("FeedFormat", FEEDS)]
_PROBLEMS = (
    *("bad_parameter", "bad_cursor", "rights_changed"),
    *("not_found", "key_required", "quota_exceeded"),
)


@router.read(
    feeds.LATEST,
    summary="Read the feed of all stories",
    responses=_WRITTEN,
    sends=_SENDS,
    problems=_PROBLEMS,
)
async def read_feed(ext: _Ext, request: Request) -> Response:
    """Return the newest stories as a feed."""
    return await respond(request, feeds.LATEST)


@router.read(
    feeds.SEARCH,
    summary="Read the feed of a search",
    responses=_WRITTEN,
    sends=_SENDS,
    problems=_PROBLEMS,
)
async def read_search_feed(ext: _Ext, request: Request) -> Response:
    """Return the stories that a search finds as a feed, newest first."""
    return await respond(request, feeds.SEARCH)


@router.read(
    feeds.CATEGORY,
    summary="Read the feed of a category",
    responses={**_WRITTEN, **MOVED},
    sends=_SENDS,
    problems=_PROBLEMS,
)
async def read_category_feed(slug: str, ext: _Ext, request: Request) -> Response:
    """Return the stories of a category and all below it as a feed; a former slug redirects."""
    return await respond(request, feeds.CATEGORY)


@router.read(
    feeds.SOURCE,
    summary="Read the feed of a source",
    responses={**_WRITTEN, **MOVED},
    sends=_SENDS,
    problems=_PROBLEMS,
)
async def read_source_feed(slug: str, ext: _Ext, request: Request) -> Response:
    """Return the stories of a source as a feed; a former slug redirects."""
    return await respond(request, feeds.SOURCE)


@router.read(
    feeds.LANGUAGE,
    summary="Read the feed of a language",
    responses={**_WRITTEN, **MOVED},
    sends=_SENDS,
    problems=_PROBLEMS,
)
async def read_language_feed(tag: str, ext: _Ext, request: Request) -> Response:
    """Return the stories in a language and its regions as a feed; another case redirects."""
    return await respond(request, feeds.LANGUAGE)


@router.read(
    feeds.TAG,
    summary="Read the feed of a tag",
    responses={**_WRITTEN, **MOVED},
    sends=_SENDS,
    problems=_PROBLEMS,
)
async def read_tag_feed(tag: str, ext: _Ext, request: Request) -> Response:
    """Return the stories with a tag, named as a slug, as a feed; it may be empty."""
    return await respond(request, feeds.TAG)
