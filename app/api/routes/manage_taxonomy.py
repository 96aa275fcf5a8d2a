"""Management: sources and categories."""

from collections.abc import Callable
from enum import Enum
from typing import Any

from fastapi import APIRouter, Request, Response

from app.access.caller import Caller
from app.api.answers import managed, managed_list
from app.api.dependencies import MERGE_PATCH, Body, Expected, Parts, Publisher, Writer
from app.api.describe import describe
from app.api.managing import TAXONOMY_PARAMETERS, read_taxonomy_list
from app.api.posting import post
from app.api.schemas import CategoryView, CategoryViewPage, SourceView, SourceViewPage
from app.bootstrap import Services
from app.content import queries
from app.content.commands.create_category import create_category
from app.content.commands.create_source import create_source
from app.content.commands.delete_category import delete_category
from app.content.commands.delete_source import delete_source
from app.content.commands.edit_category import patch_category, replace_category
from app.content.commands.edit_source import patch_source, replace_source
from app.content.inputs import CategoryInput, SourceInput
from app.content.taxonomy import Category, Source
from app.kit.unit import Unit

router = APIRouter(prefix="/v1/manage")

_SOURCES: list[str | Enum] = ["management: sources"]
_CATEGORIES: list[str | Enum] = ["management: categories"]
_LIST = describe(query=TAXONOMY_PARAMETERS, problems=("bad_parameter", "bad_cursor"))
_WRITE = (
    "malformed_json",
    "unsupported_media_type",
    "body_too_large",
    "invalid_input",
    "slug_taken",
    "conflict",
    "database_busy",
)
_CHANGE = ("not_found", "version_required", "version_mismatch", "conflict", "database_busy")
_ONCE = ("idempotency_running", "idempotency_mismatch")
_GONE: dict[int | str, dict[str, Any]] = {204: {"description": "Deleted.", "content": None}}


@router.get(
    "/sources",
    tags=_SOURCES,
    summary="Sources, by slug",
    responses={200: {"model": SourceViewPage}},
    openapi_extra=_LIST,
)
def manage_list_sources(request: Request, services: Parts, _: Writer) -> Response:
    """List sources."""
    page = read_taxonomy_list(services, request.url.path, request.scope["query_string"], "source")
    return managed_list(request, services, *page)


@router.post(
    "/sources",
    tags=_SOURCES,
    summary="Create a source",
    status_code=201,
    responses={201: {"model": SourceView}},
    openapi_extra=describe(
        headers=("Idempotency-Key",), body=SourceInput, problems=(*_WRITE, *_ONCE)
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
    "/sources/{ref}",
    tags=_SOURCES,
    summary="One source",
    responses={200: {"model": SourceView}},
    openapi_extra=describe(problems=("not_found",)),
)
def manage_read_source(ref: str, services: Parts, _: Writer) -> Response:
    """Return a source with its version."""
    with services.database.read() as session:
        view = queries.source(session, ref)
    return managed(view, version=view["version"])


@router.put(
    "/sources/{ref}",
    tags=_SOURCES,
    summary="Replace a source",
    responses={200: {"model": SourceView}},
    openapi_extra=describe(headers=("If-Match",), body=SourceInput, problems=(*_CHANGE, *_WRITE)),
)
def manage_replace_source(
    ref: str, services: Parts, caller: Publisher, body: Body, expected: Expected
) -> Response:
    """Replace all that is written; its stories show the change at once."""
    return _run(
        services, caller, lambda unit: _source(unit, replace_source(unit, ref, body, expected))
    )


@router.patch(
    "/sources/{ref}",
    tags=_SOURCES,
    summary="Change a source",
    responses={200: {"model": SourceView}},
    openapi_extra=describe(
        headers=("If-Match",),
        body=SourceInput,
        media_type=MERGE_PATCH,
        problems=(*_CHANGE, *_WRITE),
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
    "/sources/{ref}",
    tags=_SOURCES,
    summary="Delete a source",
    status_code=204,
    responses=_GONE,
    openapi_extra=describe(headers=("If-Match",), problems=(*_CHANGE, "in_use")),
)
def manage_delete_source(
    ref: str, services: Parts, caller: Publisher, expected: Expected
) -> Response:
    """Delete a source that no story names."""

    def act(unit: Unit) -> Response:
        delete_source(unit, ref, expected)
        return managed(None, status=204)

    return _run(services, caller, act)


@router.get(
    "/categories",
    tags=_CATEGORIES,
    summary="Categories, by slug",
    responses={200: {"model": CategoryViewPage}},
    openapi_extra=_LIST,
)
def manage_list_categories(request: Request, services: Parts, _: Writer) -> Response:
    """List categories."""
    page = read_taxonomy_list(services, request.url.path, request.scope["query_string"], "category")
    return managed_list(request, services, *page)


@router.post(
    "/categories",
    tags=_CATEGORIES,
    summary="Create a category",
    status_code=201,
    responses={201: {"model": CategoryView}},
    openapi_extra=describe(
        headers=("Idempotency-Key",), body=CategoryInput, problems=(*_WRITE, *_ONCE)
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
    "/categories/{ref}",
    tags=_CATEGORIES,
    summary="One category",
    responses={200: {"model": CategoryView}},
    openapi_extra=describe(problems=("not_found",)),
)
def manage_read_category(ref: str, services: Parts, _: Writer) -> Response:
    """Return a category with its version."""
    with services.database.read() as session:
        view = queries.category(session, ref)
    return managed(view, version=view["version"])


@router.put(
    "/categories/{ref}",
    tags=_CATEGORIES,
    summary="Replace a category",
    responses={200: {"model": CategoryView}},
    openapi_extra=describe(headers=("If-Match",), body=CategoryInput, problems=(*_CHANGE, *_WRITE)),
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
    "/categories/{ref}",
    tags=_CATEGORIES,
    summary="Change a category",
    responses={200: {"model": CategoryView}},
    openapi_extra=describe(
        headers=("If-Match",),
        body=CategoryInput,
        media_type=MERGE_PATCH,
        problems=(*_CHANGE, *_WRITE),
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
    "/categories/{ref}",
    tags=_CATEGORIES,
    summary="Delete a category",
    status_code=204,
    responses=_GONE,
    openapi_extra=describe(headers=("If-Match",), problems=(*_CHANGE, "in_use")),
)
def manage_delete_category(
    ref: str, services: Parts, caller: Publisher, expected: Expected
) -> Response:
    """Delete a category that neither story nor category names."""

    def act(unit: Unit) -> Response:
        delete_category(unit, ref, expected)
        return managed(None, status=204)

    return _run(services, caller, act)


def _run(services: Services, caller: Caller, act: Callable[[Unit], Response]) -> Response:
    return services.runner.run(caller.actor, act)


def _source(unit: Unit, source: Source, *, created: bool = False) -> Response:
    view = queries.source(unit.session, source.id)
    location = f"/v1/manage/sources/{source.id}" if created else None
    status = 201 if created else 200
    return managed(view, status=status, version=source.version, location=location)


def _category(unit: Unit, category: Category, *, created: bool = False) -> Response:
    view = queries.category(unit.session, category.id)
    location = f"/v1/manage/categories/{category.id}" if created else None
    status = 201 if created else 200
    return managed(view, status=status, version=category.version, location=location)
