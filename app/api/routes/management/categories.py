"""Management: categories."""

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
from app.api.schemas.newsroom import CategoryView, CategoryViewPage
from app.content import queries
from app.content.commands.create_category import create_category
from app.content.commands.delete_category import delete_category
from app.content.commands.edit_category import patch_category, replace_category
from app.content.inputs import CategoryInput
from app.content.taxonomy import Category
from app.kit.sql.unit_of_work import UnitOfWork

router = AccessRouter(prefix="/v1/manage/categories", tags=["Newsroom: categories"])
_Replacement = Annotated[Document, Body(), DocumentedAs(CategoryInput)]
_Patch = Annotated[Document, Body(media_type=MERGE_PATCH), DocumentedAs(CategoryInput)]
_LIST = describe(query=TAXONOMY, problems=READING, sends=LISTED)
_WRITE = (*BODY, "slug_taken", "conflict", "database_busy")


@router.get(
    "",
    access=Scope.write,
    summary="List categories in the newsroom",
    response_model=CategoryViewPage,
    openapi_extra=_LIST,
)
def manage_list_categories(request: Request, services: Parts) -> Response:
    """List categories in the order of slugs."""
    page = read_taxonomy_list(services, request.url.path, request.scope["query_string"], "category")
    return list_response(request, services, *page)


@router.post(
    "",
    access=Scope.publish,
    summary="Create a category",
    status_code=201,
    response_model=CategoryView,
    openapi_extra=describe(
        headers=("Idempotency-Key",), problems=(*_WRITE, *ONCE), sends=VERSIONED
    ),
)
def manage_create_category(written: CategoryInput, commands: Commands) -> Response:
    """Create a category, at the top of the tree or below another."""
    return commands.run_idempotent(
        lambda unit: _category(unit, create_category(unit, written), created=True)
    )


@router.get(
    "/{ref}",
    access=Scope.write,
    summary="Read a category in the newsroom",
    response_model=CategoryView,
    openapi_extra=describe(problems=("not_found",), sends=VERSIONED),
)
def manage_read_category(ref: str, services: Parts) -> Response:
    """Return a category with its version."""
    with services.database.read() as session:
        view = queries.find_category(session, ref)
    return json_response(view, version=view["version"])


@router.put(
    "/{ref}",
    access=Scope.publish,
    summary="Replace a category",
    response_model=CategoryView,
    openapi_extra=describe(headers=("If-Match",), problems=(*CHANGING, *_WRITE), sends=VERSIONED),
)
def manage_replace_category(
    ref: str, document: _Replacement, commands: Commands, expected: Expected
) -> Response:
    """Replace all that is written; another parent moves all its stories."""
    return commands.run(
        lambda unit: _category(unit, replace_category(unit, ref, document, expected))
    )


@router.patch(
    "/{ref}",
    access=Scope.publish,
    summary="Change a category",
    response_model=CategoryView,
    openapi_extra=describe(headers=("If-Match",), problems=(*CHANGING, *_WRITE), sends=VERSIONED),
)
def manage_patch_category(
    ref: str, patch: _Patch, commands: Commands, expected: Expected
) -> Response:
    """Apply a merge patch (RFC 7396); another parent moves all its stories."""
    return commands.run(lambda unit: _category(unit, patch_category(unit, ref, patch, expected)))


@router.delete(
    "/{ref}",
    access=Scope.publish,
    summary="Delete a category",
    status_code=204,
    responses=DELETED,
    openapi_extra=describe(headers=("If-Match",), problems=(*CHANGING, "in_use")),
)
def manage_delete_category(ref: str, commands: Commands, expected: Expected) -> Response:
    """Delete a category that neither story nor category names."""
    commands.run(lambda unit: delete_category(unit, ref, expected))
    return json_response(None, status=204)


def _category(unit: UnitOfWork, category: Category, *, created: bool = False) -> Response:
    view = queries.find_category(unit.session, category.id)
    location = f"/v1/manage/categories/{category.id}" if created else None
    status = 201 if created else 200
    return json_response(view, status=status, version=category.version, location=location)
