"""Delivery: search, completions, and stories like a story."""

from typing import Any

from fastapi import Request, Response

from app.api.delivery import search
from app.api.delivery.respond import respond
from app.api.routes.public_router import PublicRouter
from app.api.schemas.reading import HeadlinePage, SearchPage, SuggestionList

router = PublicRouter(tags=["delivery"])
_MOVED: dict[int | str, dict[str, Any]] = {
    301: {"description": "The story has another slug now.", "content": None}
}


@router.read(
    search.SEARCH,
    summary="Stories that hold what somebody typed",
    responses={200: {"model": SearchPage}},
    problems=("bad_parameter", "bad_cursor", "key_required"),
)
async def search_stories(request: Request) -> Response:
    """Search visible stories, by relevance unless they are to be in another order."""
    return await respond(request, search.SEARCH)


@router.read(
    search.SUGGEST,
    summary="Completions of what somebody types",
    responses={200: {"model": SuggestionList}},
    problems=("bad_parameter", "key_required"),
)
async def suggest(request: Request) -> Response:
    """Complete a text to titles, tags, sources and categories."""
    return await respond(request, search.SUGGEST)


@router.read(
    search.RELATED,
    summary="Stories like a story",
    responses={200: {"model": HeadlinePage}, **_MOVED},
    problems=("bad_parameter", "not_found", "gone", "killed", "key_required"),
)
async def list_related(ref: str, request: Request) -> Response:
    """List stories like a visible one: by content and category, never copies of it."""
    return await respond(request, search.RELATED)
