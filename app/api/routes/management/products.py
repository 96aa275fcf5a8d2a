"""Management: products."""

from functools import partial
from typing import Annotated

from fastapi import Body, Request, Response

from app.access.entitlement import NOTHING, Entitlement, combine
from app.access.scopes import Scope
from app.access.selection import Selection, selection_to_json
from app.api.http.answer import JSON
from app.api.http.commands import Commands
from app.api.http.dependencies import Document, DocumentedAs, Expected, Parts
from app.api.http.filter_bodies import read_filter_input
from app.api.http.json_request import MERGE_PATCH
from app.api.http.paging import CURSOR, LIMIT, Paging
from app.api.http.parameters import ParameterSet
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
from app.api.routes.management.lists import build_newsroom
from app.api.schemas.partners import ProductPage, ProductPreview, ProductView
from app.bootstrap import Services
from app.delivery.story_counts import count_included
from app.delivery.story_query import StoryQuery
from app.kit import json
from app.kit.errors import InvalidInput
from app.kit.sql.session import ReadSession
from app.kit.sql.unit_of_work import UnitOfWork
from app.partners import queries
from app.partners.commands.create_product import create_product
from app.partners.commands.delete_product import delete_product
from app.partners.commands.edit_product import patch_product, replace_product
from app.partners.editing import check_terms
from app.partners.errors import AgreementNotFound, UnreadableProduct
from app.partners.inputs import ProductDraft, ProductInput
from app.partners.terms import GrantColumns, ProductRow, build_grant
from app.partners.views import build_product_view

router = AccessRouter(prefix="/v1/manage/products", tags=["Newsroom: products"])
_LIST = ParameterSet(LIMIT, CURSOR)
_WRITE = (*BODY, "slug_taken", "conflict", "database_busy")
_Replacement = Annotated[Document, Body(), DocumentedAs(ProductInput)]
_Patch = Annotated[Document, Body(media_type=MERGE_PATCH), DocumentedAs(ProductInput)]
_NEWEST = 20


@router.get(
    "",
    access=Scope.admin,
    summary="List products",
    response_model=ProductPage,
    openapi_extra=describe(query=_LIST, problems=READING, sends=LISTED),
)
def manage_list_products(request: Request, services: Parts) -> Response:
    """List products in the order of slugs."""
    values = _LIST.parse(request.scope["query_string"])
    paging = Paging.read(services.cursors, values, request.url.path, 1)
    position = str(paging.position[0]) if paging.position else None
    with services.database.read() as session:
        page = queries.list_products(session, paging.limit, position, backwards=paging.backwards)
    return list_response(request, services, paging, page)


@router.post(
    "",
    access=Scope.admin,
    summary="Create a product",
    status_code=201,
    response_model=ProductView,
    openapi_extra=describe(
        headers=("Idempotency-Key",), problems=(*_WRITE, *ONCE), sends=VERSIONED
    ),
)
def manage_create_product(written: ProductInput, commands: Commands) -> Response:
    """Create a product. It stores the ids of what its filter names."""

    def act(unit: UnitOfWork) -> Response:
        return _product(create_product(unit, written, _filter_reader(unit)), created=True)

    return commands.run_idempotent(act)


@router.post(
    "/preview",
    access=Scope.admin,
    summary="Check what a product would include",
    response_model=ProductPreview,
    openapi_extra=describe(problems=(*BODY, "database_busy", "read_too_long")),
)
async def manage_preview_product(written: ProductDraft, services: Parts) -> Response:
    """Count the stories that a product would include, and show the newest; stores nothing.

    `enter` and `leave` compare it with a saved product. Stories that are counted while others
    are published may be counted once more or less.
    """
    return await services.costly.run(partial(_preview, services, written))


@router.get(
    "/{product}",
    access=Scope.admin,
    summary="Read a product",
    response_model=ProductView,
    openapi_extra=describe(problems=("not_found",), sends=VERSIONED),
)
def manage_read_product(product: str, services: Parts) -> Response:
    """Return a product by id or slug."""
    with services.database.read() as session:
        return _product(queries.load_product(session, product))


@router.put(
    "/{product}",
    access=Scope.admin,
    summary="Replace a product",
    response_model=ProductView,
    openapi_extra=describe(
        headers=("If-Match",), problems=(*CHANGING, *_WRITE, "in_use"), sends=VERSIONED
    ),
)
def manage_replace_product(
    product: str, document: _Replacement, services: Parts, commands: Commands, expected: Expected
) -> Response:
    """Replace all that is written. Readers with the product have it with their next request."""

    def act(unit: UnitOfWork) -> Response:
        read_filter, anonymous = _filter_reader(unit), services.anonymous.product
        return _product(replace_product(unit, product, document, expected, read_filter, anonymous))

    return commands.run(act)


@router.patch(
    "/{product}",
    access=Scope.admin,
    summary="Change a product",
    response_model=ProductView,
    openapi_extra=describe(
        headers=("If-Match",), problems=(*CHANGING, *_WRITE, "in_use"), sends=VERSIONED
    ),
)
def manage_patch_product(
    product: str, patch: _Patch, services: Parts, commands: Commands, expected: Expected
) -> Response:
    """Apply a merge patch (RFC 7396). Readers with the product have it with their next request."""

    def act(unit: UnitOfWork) -> Response:
        read_filter, anonymous = _filter_reader(unit), services.anonymous.product
        return _product(patch_product(unit, product, patch, expected, read_filter, anonymous))

    return commands.run(act)


@router.delete(
    "/{product}",
    access=Scope.admin,
    summary="Delete a product",
    status_code=204,
    responses=DELETED,
    openapi_extra=describe(headers=("If-Match",), problems=(*CHANGING, "in_use")),
)
def manage_delete_product(
    product: str, services: Parts, commands: Commands, expected: Expected
) -> Response:
    """Delete a product that no partner has, and that `DATELINE_ANONYMOUS` does not name."""
    anonymous = services.anonymous.product
    commands.run(lambda unit: delete_product(unit, product, expected, anonymous))
    return json_response(None, status=204)


def _filter_reader(unit: UnitOfWork) -> "partial[Selection]":
    """Return a function that reads filters in the transaction of a unit of work."""
    return partial(read_filter_input, references=build_newsroom(unit.session))


def _product(row: ProductRow, *, created: bool = False) -> Response:
    location = f"/v1/manage/products/{row.id}" if created else None
    status = 201 if created else 200
    return json_response(
        build_product_view(row), status=status, version=row.version, location=location
    )


def _preview(services: Services, draft: ProductDraft) -> Response:
    check_terms(draft)
    with services.database.read(lists=True) as session:
        selection = read_filter_input(draft.filter, build_newsroom(session))
        proposed = combine([build_grant(_terms(draft, selection))])
        saved = NOTHING if draft.saved is None else _load_saved(session, draft.saved)
        union = combine([*proposed.grants, *saved.grants])
        now = services.clock.now()
        count, before, either = count_included(session, (proposed, saved, union), now)
    page = services.delivery.list_stories(StoryQuery(limit=_NEWEST, entitlement=proposed))
    counted = json.dumps({"count": count, "enter": either - before, "leave": either - count})
    body = b"".join((counted[:-1], b',"data":[', b",".join(page.items), b"]}"))
    return Response(body, headers={"cache-control": "no-store"}, media_type=JSON)


def _terms(draft: ProductDraft, selection: Selection) -> GrantColumns:
    terms = draft.model_dump(exclude={"filter", "name", "slug", "saved"})
    return GrantColumns(json.dumps_text(selection_to_json(selection)), **terms)


def _load_saved(session: ReadSession, ref: str) -> Entitlement:
    """Return the entitlement of a saved product; one that cannot be read has no stories."""
    try:
        return combine([build_grant(queries.load_product(session, ref).terms)])
    except AgreementNotFound as missing:
        raise InvalidInput.at("#/saved", "unknown_reference", missing.detail) from missing
    except UnreadableProduct:
        return NOTHING
