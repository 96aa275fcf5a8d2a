"""Delivery: headlines and articles."""

from typing import Literal

from fastapi import APIRouter, Request, Response

from app.api.answers import delivered, list_links, nothing_here, redirected, withdrawn
from app.api.dependencies import Parts
from app.api.describe import describe
from app.api.direct import DirectRoute
from app.api.fields import WHOLE, Fields
from app.api.params import Parameters
from app.api.reading import long_read, reads_embargoed, short_read
from app.api.schemas import HeadlinePage, StoryPage, StoryWithBody
from app.api.stories import LIST_PARAMETERS, list_body, read_list
from app.bootstrap import Services
from app.content.slugs import normal_ref
from app.delivery.surrogates import LISTS

router = APIRouter(tags=["delivery"], route_class=DirectRoute)
_PROBLEMS = ("bad_parameter", "bad_cursor", "key_required")


@router.get(
    "/v1/headlines",
    summary="Stories in short form, newest first",
    responses={200: {"model": HeadlinePage}},
    openapi_extra=describe(query=LIST_PARAMETERS, problems=_PROBLEMS),
)
async def list_headlines(request: Request, services: Parts) -> Response:
    """List visible stories in short form."""
    return await _list(request, services, "headlines")


@router.get(
    "/v1/articles",
    summary="Stories in full form, newest first",
    responses={200: {"model": StoryPage}},
    openapi_extra=describe(query=(*LIST_PARAMETERS, "include"), problems=_PROBLEMS),
)
async def list_articles(request: Request, services: Parts) -> Response:
    """List visible stories in full form; `include=body` adds the bodies."""
    return await _list(request, services, "articles")


@router.get(
    "/v1/articles/{ref}",
    summary="One story, whole",
    responses={
        200: {"model": StoryWithBody},
        301: {"description": "The story, or the one in its place, is elsewhere.", "content": None},
    },
    openapi_extra=describe(
        query=("fields",),
        problems=("bad_parameter", "not_found", "gone", "killed", "key_required"),
    ),
)
async def read_article(ref: str, request: Request, services: Parts) -> Response:
    """Return one visible story by id or slug; a former slug redirects.

    A story that was withdrawn with a word to its readers answers 410 with that word.
    """
    params = Parameters(request.scope["query_string"], ("fields",))
    fields = Fields.read(params, WHOLE)
    embargoed = reads_embargoed(request)
    found = await short_read(
        services, lambda: services.delivery.story(normal_ref(ref), embargoed=embargoed)
    )
    if found.moved_to is not None:
        return redirected(request, f"/v1/articles/{found.moved_to}", found.head)
    if found.gone is not None:
        raise withdrawn(request, found.head, found.gone)
    if found.body is None:
        raise nothing_here(request, found.head, "No story with this id or slug is public.")
    body = fields.keep(found.body) if fields else found.body
    return delivered(request, body, found.head, keys=found.keys)


async def _list(
    request: Request, services: Services, kind: Literal["headlines", "articles"]
) -> Response:
    path, query_string = request.url.path, request.scope["query_string"]
    embargoed = reads_embargoed(request)
    asked = await short_read(
        services, lambda: read_list(services, path, query_string, kind, embargoed=embargoed)
    )
    if asked.query.is_short:
        page = await short_read(services, lambda: services.delivery.stories(asked.query))
    else:
        page = await long_read(lambda: services.delivery.stories(asked.query))
    body, cursors = list_body(asked, page)
    links = list_links(request, services, cursors)
    return delivered(request, body, page.head, keys=(LISTS,), links=links)
