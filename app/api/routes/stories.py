"""Delivery: headlines and articles."""

from functools import partial
from typing import Any, Literal

from fastapi import APIRouter, Request, Response

from app.api import alternates
from app.api.answers import (
    NO_STORY,
    delivered,
    list_links,
    nothing_here,
    redirected,
    withdrawn,
)
from app.api.dependencies import Parts
from app.api.describe import describe
from app.api.direct import DirectRoute
from app.api.feeds import MUCH, no_format
from app.api.fields import WHOLE, Fields
from app.api.params import Parameters
from app.api.reading import long_read, reads_embargoed, short_read
from app.api.schemas.documents import StoryWithBody
from app.api.schemas.reading import HeadlinePage, StoryPage
from app.api.stories import LIST_PARAMETERS, list_body, narrow_keys, read_list
from app.bootstrap import Services
from app.content.slugs import normal_ref
from app.delivery.results import Found
from app.delivery.surrogates import LISTS
from app.syndication.formats import STORIES, StoryFormat

router = APIRouter(tags=["delivery"], route_class=DirectRoute)
_TEXT: dict[str, Any] = {"type": "string"}
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
    "/v1/articles/{ref}.{ext}",
    summary="One story in another format",
    responses={
        200: {
            "description": "The story.",
            "content": {one.media_type: {"schema": _TEXT} for one in STORIES.values()},
        },
        301: {"description": "The story has another slug now.", "content": None},
    },
    openapi_extra=describe(
        problems=("bad_parameter", "not_found", "gone", "killed", "key_required")
    ),
)
async def read_article_as(ref: str, ext: str, request: Request, services: Parts) -> Response:
    """Return one visible story as ninjs, NewsML-G2, JSON-LD or Markdown."""
    Parameters(request.scope["query_string"], ())
    form = STORIES.get(ext)
    if form is None:
        head = await short_read(services, services.delivery.head)
        raise nothing_here(request, head, no_format(ext, STORIES))
    found = await _story(request, services, ref, tells_embargo=form.tells_embargo)
    document = _body_of(request, found, f".{ext}")
    if isinstance(document, Response):
        return document
    written = partial(_written, services, form, document)
    much = len(document) > MUCH
    body = await (long_read(written) if much else short_read(services, written))
    return delivered(request, body, found.head, keys=found.keys, media_type=form.media_type)


def _written(services: Services, form: StoryFormat, document: bytes) -> bytes:
    return form.render(services.items.of(document))


@router.get(
    "/v1/articles/{ref}",
    summary="One story, whole",
    responses={
        200: {"model": StoryWithBody},
        301: {"description": "The story, or the one in its place, is elsewhere.", "content": None},
    },
    openapi_extra=describe(
        query=("fields", "names_in"),
        problems=("bad_parameter", "not_found", "gone", "killed", "key_required"),
    ),
)
async def read_article(ref: str, request: Request, services: Parts) -> Response:
    """Return one visible story by id or slug; a former slug redirects.

    A story that was withdrawn with a word to its readers answers 410 with that word.
    """
    params = Parameters(request.scope["query_string"], ("fields", "names_in"))
    fields, names_in = Fields.read(params, WHOLE), params.languages("names_in")
    found = await _story(request, services, ref, names_in=names_in)
    body = _body_of(request, found)
    if isinstance(body, Response):
        return body
    others = alternates.of_story(services, request.scope["path"])
    body = fields.keep(body) if fields else body
    return delivered(request, body, found.head, keys=found.keys, alternates=others)


async def _story(
    request: Request,
    services: Services,
    ref: str,
    *,
    tells_embargo: bool = True,
    names_in: tuple[str, ...] = (),
) -> Found:
    embargoed = tells_embargo and reads_embargoed(request)
    return await short_read(
        services,
        lambda: services.delivery.story(normal_ref(ref), embargoed=embargoed, names_in=names_in),
    )


def _body_of(request: Request, found: Found, ext: str = "") -> bytes | Response:
    """Return the document that was found, or what leads to where it is now."""
    varies = not ext
    if found.moved_to is not None:
        location = f"/v1/articles/{found.moved_to}{ext}"
        return redirected(request, location, found.head, varies=varies)
    if found.gone is not None:
        raise withdrawn(request, found.head, found.gone, varies=varies)
    if found.body is None:
        raise nothing_here(request, found.head, NO_STORY, varies=varies)
    return found.body


async def _list(
    request: Request, services: Services, kind: Literal["headlines", "articles"]
) -> Response:
    path, query_string = request.scope["path"], request.scope["query_string"]
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
    others = alternates.of_list(services, query_string)
    narrow = narrow_keys(asked.query)
    return delivered(
        request, body, page.head, keys=(LISTS,), links=links, alternates=others, narrow=narrow
    )
