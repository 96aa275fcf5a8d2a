"""Management: sources."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response

from app.access.caller import Caller
from app.api.http.dependencies import MERGE_PATCH, Body, Expected, Parts, Publisher, Writer
from app.api.http.idempotency import post
from app.api.http.responses import json_response, list_response
from app.api.openapi.operations import BODY, CHANGING, ONCE, READING, describe
from app.api.routes.management.lists import TAXONOMY, read_taxonomy_list
from app.api.schemas.newsroom import SourceView, SourceViewPage
from app.bootstrap import Services
from app.content import queries
from app.content.commands.create_source import create_source
from app.content.commands.delete_source import delete_source
from app.content.commands.edit_source import patch_source, replace_source
from app.content.inputs import SourceInput
from app.content.taxonomy import Source
from app.kit.unit import Unit

router = APIRouter(prefix="/v1/manage/sources", tags=["management: sources"])

_LIST = describe(query=TAXONOMY, problems=READING)
_WRITE = (*BODY, "slug_taken", "conflict", "database_busy")
_GONE: dict[int | str, dict[str, Any]] = {204: {"description": "Deleted.", "content": None}}


@router.get(
    "",
    summary="Sources, by slug",
    responses={200: {"model": SourceViewPage}},
    openapi_extra=_LIST,
)
def manage_list_sources(request: Request, services: Parts, _: Writer) -> Response:
    """List sources."""
    page = read_taxonomy_list(services, request.url.path, request.scope["query_string"], "source")
    return list_response(request, services, *page)


@router.post(
    "",
    summary="Create a source",
    status_code=201,
    responses={201: {"model": SourceView}},
    openapi_extra=describe(
        headers=("Idempotency-Key",), body=SourceInput, problems=(*_WRITE, *ONCE)
    ),
)
def manage_create_source(
    request: Request, services: Parts, caller: Publisher, body: Body
) -> Response:
    """Create a source; it is public at once."""
    written = SourceInput.model_validate(body)
    return post(
        request,
        services,
        caller,
        body,
        lambda unit: _source(unit, create_source(unit, written), created=True),
    )


@router.get(
    "/{ref}",
    summary="One source",
    responses={200: {"model": SourceView}},
    openapi_extra=describe(problems=("not_found",)),
)
def manage_read_source(ref: str, services: Parts, _: Writer) -> Response:
    """Return a source with its version."""
    with services.database.read() as session:
        view = queries.source(session, ref)
    return json_response(view, version=view["version"])


@router.put(
    "/{ref}",
    summary="Replace a source",
    responses={200: {"model": SourceView}},
    openapi_extra=describe(headers=("If-Match",), body=SourceInput, problems=(*CHANGING, *_WRITE)),
)
def manage_replace_source(
    ref: str, services: Parts, caller: Publisher, body: Body, expected: Expected
) -> Response:
    """Replace all that is written; its stories show the change at once."""
    return _run(
        services, caller, lambda unit: _source(unit, replace_source(unit, ref, body, expected))
    )


@router.patch(
    "/{ref}",
    summary="Change a source",
    responses={200: {"model": SourceView}},
    openapi_extra=describe(
        headers=("If-Match",),
        body=SourceInput,
        media_type=MERGE_PATCH,
        problems=(*CHANGING, *_WRITE),
    ),
)
def manage_patch_source(
    ref: str, services: Parts, caller: Publisher, body: Body, expected: Expected
) -> Response:
    """Apply a merge patch (RFC 7396); its stories show the change at once."""
    return _run(
        services, caller, lambda unit: _source(unit, patch_source(unit, ref, body, expected))
    )


@router.delete(
    "/{ref}",
    summary="Delete a source",
    status_code=204,
    responses=_GONE,
    openapi_extra=describe(headers=("If-Match",), problems=(*CHANGING, "in_use")),
)
def manage_delete_source(
    ref: str, services: Parts, caller: Publisher, expected: Expected
) -> Response:
    """Delete a source that no story names."""

    def act(unit: Unit) -> Response:
        delete_source(unit, ref, expected)
        return json_response(None, status=204)

    return _run(services, caller, act)


def _run(services: Services, caller: Caller, act: Callable[[Unit], Response]) -> Response:
    return services.runner.run(caller.actor, act)


def _source(unit: Unit, source: Source, *, created: bool = False) -> Response:
    view = queries.source(unit.session, source.id)
    location = f"/v1/manage/sources/{source.id}" if created else None
    status = 201 if created else 200
    return json_response(view, status=status, version=source.version, location=location)
