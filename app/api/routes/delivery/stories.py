"""Delivery: headlines and articles."""

from typing import Any

from fastapi import Request, Response

from app.api.delivery import single_stories, story_lists
from app.api.delivery.respond import respond
from app.api.routes.public_router import PublicRouter
from app.api.schemas.documents import StoryWithBody
from app.api.schemas.reading import HeadlinePage, StoryPage
from app.syndication.formats import STORIES

router = PublicRouter(tags=["delivery"])
_TEXT: dict[str, Any] = {"type": "string"}
_PROBLEMS = ("bad_parameter", "bad_cursor", "key_required")


@router.read(
    story_lists.HEADLINES,
    summary="Stories in short form, newest first",
    responses={200: {"model": HeadlinePage}},
    problems=_PROBLEMS,
)
async def list_headlines(request: Request) -> Response:
    """List visible stories in short form."""
    return await respond(request, story_lists.HEADLINES)


@router.read(
    story_lists.ARTICLES,
    summary="Stories in full form, newest first",
    responses={200: {"model": StoryPage}},
    problems=_PROBLEMS,
)
async def list_articles(request: Request) -> Response:
    """List visible stories in full form; `include=body` adds the bodies."""
    return await respond(request, story_lists.ARTICLES)


@router.read(
    single_stories.STORY_AS,
    summary="One story in another format",
    responses={
        200: {
            "description": "The story.",
            "content": {one.media_type: {"schema": _TEXT} for one in STORIES.values()},
        },
        301: {"description": "The story has another slug now.", "content": None},
    },
    problems=("bad_parameter", "not_found", "gone", "killed", "key_required"),
)
async def read_article_as(ref: str, ext: str, request: Request) -> Response:
    """Return one visible story as ninjs, NewsML-G2, JSON-LD or Markdown."""
    return await respond(request, single_stories.STORY_AS)


@router.read(
    single_stories.STORY,
    summary="One story, whole",
    responses={
        200: {"model": StoryWithBody},
        301: {"description": "The story, or the one in its place, is elsewhere.", "content": None},
    },
    problems=("bad_parameter", "not_found", "gone", "killed", "key_required"),
)
async def read_article(ref: str, request: Request) -> Response:
    """Return one visible story by id or slug; a former slug redirects.

    A story that was withdrawn with a word to its readers answers 410 with that word.
    """
    return await respond(request, single_stories.STORY)
