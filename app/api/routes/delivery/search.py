"""Delivery: search, completions, and stories like a story."""

from fastapi import Request, Response

from app.api.delivery import search
from app.api.delivery.respond import respond
from app.api.openapi.operations import MOVED
from app.api.routes.public_router import PublicRouter
from app.api.schemas.reading import HeadlinePage, SearchPage, SuggestionList

router = PublicRouter(tags=["Search"])


@router.read(
    search.SEARCH,
    summary="Search stories",
    sends=("Link", "Content-Location"),
    responses={200: {"model": SearchPage}},
    problems=("bad_parameter", "bad_cursor", "rights_changed", "key_required"),
)
async def search_stories(request: Request) -> Response:
    """Search public stories. The order is by relevance, unless `sort` is sent."""
    return await respond(request, search.SEARCH)


@router.read(
    search.SUGGEST,
    summary="Suggest completions",
    responses={200: {"model": SuggestionList}},
    problems=("bad_parameter", "key_required"),
)
async def suggest_completions(request: Request) -> Response:
    """Complete a text to titles, tags, sources and categories, for a search box."""
    return await respond(request, search.SUGGEST)


@router.read(
    search.RELATED,
    summary="List related stories",
    responses={200: {"model": HeadlinePage}, **MOVED},
    problems=("bad_parameter", "not_found", "gone", "killed", "key_required"),
)
async def list_related_stories(ref: str, request: Request) -> Response:
    """List stories that are similar to a public story in content and category, without copies."""
    return await respond(request, search.RELATED)
