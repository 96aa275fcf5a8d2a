"""Management: sources."""

from typing import Annotated

from fastapi import Body, Request, Response

from app.access.scopes import Scope
from app.api.http.commands import Commands
from app.api.http.dependencies import Document, DocumentedAs, Expected, Parts
from app.api.http.json_request import MERGE_PATCH
from app.api.http.responses import json_response, list_response
from app.api.openapi.operations import (
    BODY,
    CHANGING,
    DELETED,
    LISTED,
    ONCE,
    READING,
    VERSIONED,
    describe,
)
from app.api.routes.access_router import AccessRouter
from app.api.routes.management.lists import TAXONOMY, read_taxonomy_list
from app.api.schemas.newsroom import SourceView, SourceViewPage
from app.content import queries
from app.content.commands.create_source import create_source
from app.content.commands.delete_source import delete_source
from app.content.commands.edit_source import patch_source, replace_source
from app.content.inputs import SourceInput
from app.content.taxonomy import Source
from app.kit.sql.unit_of_work import UnitOfWork

router = AccessRouter(prefix="/v1/manage/sources", tags=["Newsroom: sources"])
_Replacement = Annotated[Document, Body(), DocumentedAs(SourceInput)]
_Patch = Annotated[Document, Body(media_type=MERGE_PATCH), DocumentedAs(SourceInput)]
_LIST = describe(query=TAXONOMY, problems=READING, sends=LISTED)
_WRITE = (*BODY, "slug_taken", "conflict", "database_busy")


@router.get(
    "",
    access=Scope.write,
    summary="List sources in the newsroom",
    response_model=SourceViewPage,
    openapi_extra=_LIST,
)
def manage_list_sources(request: Request, services: Parts) -> Response:
    """List sources in the order of slugs."""
    page = read_taxonomy_list(services, request.url.path, request.scope["query_string"], "source")
    return list_response(request, services, *page)


@router.post(
    "",
    access=Scope.publish,
    summary="Create a source",
    status_code=201,
    response_model=SourceView,
    openapi_extra=describe(
        headers=("Idempotency-Key",), problems=(*_WRITE, *ONCE), sends=VERSIONED
    ),
)
def manage_create_source(written: SourceInput, commands: Commands) -> Response:
    """Create a source; it is public immediately."""
    return commands.run_idempotent(
        lambda unit: _source(unit, create_source(unit, written), created=True)
    )


@router.get(
    "/{ref}",
    access=Scope.write,
    summary="Read a source in the newsroom",
    response_model=SourceView,
    openapi_extra=describe(problems=("not_found",), sends=VERSIONED),
)
def manage_read_source(ref: str, services: Parts) -> Response:
    """Return a source with its version."""
    with services.database.read() as session:
        view = queries.find_source(session, ref)
    return json_response(view, version=view["version"])


@router.put(
    "/{ref}",
    access=Scope.publish,
    summary="Replace a source",
    response_model=SourceView,
    openapi_extra=describe(headers=("If-Match",), problems=(*CHANGING, *_WRITE), sends=VERSIONED),
)
def manage_replace_source(
    ref: str, document: _Replacement, commands: Commands, expected: Expected
) -> Response:
    """Replace all writable fields; its stories show the change immediately."""
    return commands.run(lambda unit: _source(unit, replace_source(unit, ref, document, expected)))


@router.patch(
    "/{ref}",
    access=Scope.publish,
    summary="Change a source",
    response_model=SourceView,
    openapi_extra=describe(headers=("If-Match",), problems=(*CHANGING, *_WRITE), sends=VERSIONED),
)
def manage_patch_source(
    ref: str, patch: _Patch, commands: Commands, expected: Expected
) -> Response:
    """Apply a merge patch (RFC 7396); its stories show the change immediately."""
    return commands.run(lambda unit: _source(unit, patch_source(unit, ref, patch, expected)))


@router.delete(
    "/{ref}",
    access=Scope.publish,
    summary="Delete a source",
    status_code=204,
    responses=DELETED,
    openapi_extra=describe(headers=("If-Match",), problems=(*CHANGING, "in_use")),
)
def manage_delete_source(ref: str, commands: Commands, expected: Expected) -> Response:
    """Delete a source that no story names."""
    commands.run(lambda unit: delete_source(unit, ref, expected))
    return json_response(None, status=204)


def _source(unit: UnitOfWork, source: Source, *, created: bool = False) -> Response:
    view = queries.find_source(unit.session, source.id)
    location = f"/v1/manage/sources/{source.id}" if created else None
    status = 201 if created else 200
    return json_response(view, status=status, version=source.version, location=location)
