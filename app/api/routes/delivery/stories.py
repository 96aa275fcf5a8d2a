"""Delivery: headlines and articles."""

from typing import Annotated

from fastapi import Request, Response

from app.api.delivery import single_stories, story_lists
from app.api.delivery.respond import respond
from app.api.openapi.operations import MOVED, extension, text_contents
from app.api.routes.public_router import PublicRouter
from app.api.schemas.documents import Story
from app.api.schemas.reading import HeadlinePage, StoryPage
from app.syndication.formats import STORIES

router = PublicRouter(tags=["Stories"])
_SENDS = ("Link", "Content-Location")
_PROBLEMS = ("bad_parameter", "bad_cursor", "rights_changed", "key_required")
_OF_STORY = ("bad_parameter", "not_found", "gone", "killed", "key_required", "quota_exceeded")
_Ext = Annotated[str, extension("StoryFormat", STORIES)]


@router.read(
    story_lists.HEADLINES,
    summary="List headlines",
    sends=_SENDS,
    responses={200: {"model": HeadlinePage}},
    problems=_PROBLEMS,
)
async def list_headlines(request: Request) -> Response:
    """List public stories in short form, the newest first."""
    return await respond(request, story_lists.HEADLINES)


@router.read(
    story_lists.ARTICLES,
    summary="List stories",
    sends=_SENDS,
    responses={200: {"model": StoryPage}},
    problems=(*_PROBLEMS, "quota_exceeded"),
)
async def list_articles(request: Request) -> Response:
    """List public stories in full form, the newest first; `include=body` adds the bodies."""
    return await respond(request, story_lists.ARTICLES)


@router.read(
    single_stories.STORY_AS,
    summary="Read a story in another format",
    responses={
        200: {"description": "The story.", "content": text_contents(STORIES)},
        **MOVED,
    },
    sends=("Content-Location",),
    problems=_OF_STORY,
)
async def read_article_as(ref: str, ext: _Ext, request: Request) -> Response:
    """Return a public story as ninjs, NewsML-G2, JSON-LD or Markdown."""
    return await respond(request, single_stories.STORY_AS)


@router.read(
    single_stories.STORY,
    summary="Read a story",
    sends=_SENDS,
    responses={200: {"model": Story}, **MOVED},
    problems=_OF_STORY,
)
async def read_article(ref: str, request: Request) -> Response:
    """Return a public story by id or slug, with its body; a former slug redirects.

    A story that was withdrawn with a notice answers `410`, with the notice as `detail`.
    """
    return await respond(request, single_stories.STORY)
