"""Management: categories."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter, Request, Response

from app.access.caller import Caller
from app.api.http.dependencies import MERGE_PATCH, Body, Expected, Parts, Publisher, Writer
from app.api.http.idempotency import post
from app.api.http.responses import json_response, list_response
from app.api.openapi.operations import BODY, CHANGING, ONCE, READING, describe
from app.api.routes.management.lists import TAXONOMY, read_taxonomy_list
from app.api.schemas.newsroom import CategoryView, CategoryViewPage
from app.bootstrap import Services
from app.content import queries
from app.content.commands.create_category import create_category
from app.content.commands.delete_category import delete_category
from app.content.commands.edit_category import patch_category, replace_category
from app.content.inputs import CategoryInput
from app.content.taxonomy import Category
from app.kit.unit import Unit

router = APIRouter(prefix="/v1/manage/categories", tags=["management: categories"])

_LIST = describe(query=TAXONOMY, problems=READING)
_WRITE = (*BODY, "slug_taken", "conflict", "database_busy")
_GONE: dict[int | str, dict[str, Any]] = {204: {"description": "Deleted.", "content": None}}


@router.get(
    "",
    summary="Categories, by slug",
    responses={200: {"model": CategoryViewPage}},
    openapi_extra=_LIST,
)
def manage_list_categories(request: Request, services: Parts, _: Writer) -> Response:
    """List categories."""
    page = read_taxonomy_list(services, request.url.path, request.scope["query_string"], "category")
    return list_response(request, services, *page)


@router.post(
    "",
    summary="Create a category",
    status_code=201,
    responses={201: {"model": CategoryView}},
    openapi_extra=describe(
        headers=("Idempotency-Key",), body=CategoryInput, problems=(*_WRITE, *ONCE)
    ),
)
def manage_create_category(
    request: Request, services: Parts, caller: Publisher, body: Body
) -> Response:
    """Create a category, at the top of the tree or below another."""
    written = CategoryInput.model_validate(body)
    return post(
        request,
        services,
        caller,
        body,
        lambda unit: _category(unit, create_category(unit, written), created=True),
    )


@router.get(
    "/{ref}",
    summary="One category",
    responses={200: {"model": CategoryView}},
    openapi_extra=describe(problems=("not_found",)),
)
def manage_read_category(ref: str, services: Parts, _: Writer) -> Response:
    """Return a category with its version."""
    with services.database.read() as session:
        view = queries.category(session, ref)
    return json_response(view, version=view["version"])


@router.put(
    "/{ref}",
    summary="Replace a category",
    responses={200: {"model": CategoryView}},
    openapi_extra=describe(
        headers=("If-Match",), body=CategoryInput, problems=(*CHANGING, *_WRITE)
    ),
)
def manage_replace_category(
    ref: str, services: Parts, caller: Publisher, body: Body, expected: Expected
) -> Response:
    """Replace all that is written; another parent moves all its stories."""
    return _run(
        services,
        caller,
        lambda unit: _category(unit, replace_category(unit, ref, body, expected)),
    )


@router.patch(
    "/{ref}",
    summary="Change a category",
    responses={200: {"model": CategoryView}},
    openapi_extra=describe(
        headers=("If-Match",),
        body=CategoryInput,
        media_type=MERGE_PATCH,
        problems=(*CHANGING, *_WRITE),
    ),
)
def manage_patch_category(
    ref: str, services: Parts, caller: Publisher, body: Body, expected: Expected
) -> Response:
    """Apply a merge patch (RFC 7396); another parent moves all its stories."""
    return _run(
        services,
        caller,
        lambda unit: _category(unit, patch_category(unit, ref, body, expected)),
    )


@router.delete(
    "/{ref}",
    summary="Delete a category",
    status_code=204,
    responses=_GONE,
    openapi_extra=describe(headers=("If-Match",), problems=(*CHANGING, "in_use")),
)
def manage_delete_category(
    ref: str, services: Parts, caller: Publisher, expected: Expected
) -> Response:
    """Delete a category that neither story nor category names."""

    def act(unit: Unit) -> Response:
        delete_category(unit, ref, expected)
        return json_response(None, status=204)

    return _run(services, caller, act)


def _run(services: Services, caller: Caller, act: Callable[[Unit], Response]) -> Response:
    return services.runner.run(caller.actor, act)


def _category(unit: Unit, category: Category, *, created: bool = False) -> Response:
    view = queries.category(unit.session, category.id)
    location = f"/v1/manage/categories/{category.id}" if created else None
    status = 201 if created else 200
    return json_response(view, status=status, version=category.version, location=location)
