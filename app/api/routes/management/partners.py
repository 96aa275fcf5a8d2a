"""Management: partners, and what a partner would receive."""

from dataclasses import replace
from typing import Annotated
from urllib.parse import quote, unquote, urlsplit

from fastapi import Body, Request, Response
from starlette.concurrency import run_in_threadpool

from app.access.caller import Caller
from app.access.scopes import Scope
from app.api.delivery.registry import find
from app.api.delivery.resource import Match, ReadRequest
from app.api.delivery.respond import fetch
from app.api.http.answer import JSON, PublicAnswer
from app.api.http.commands import Commands
from app.api.http.dependencies import CallerDep, Document, DocumentedAs, Expected, Parts
from app.api.http.json_request import MERGE_PATCH
from app.api.http.paging import CURSOR, LIMIT, Paging
from app.api.http.parameters import ParameterSet, bad, declare_text
from app.api.http.responses import json_response, list_response
from app.api.openapi.operations import (
    BODY,
    CHANGING,
    DELETED,
    LISTED,
    MOVED,
    ONCE,
    READING,
    VERSIONED,
    describe,
    text_contents,
)
from app.api.routes.access_router import AccessRouter
from app.api.schemas.partners import PartnerPage, PartnerView
from app.bootstrap import Services
from app.kit.quoting import quote_text
from app.kit.sql.unit_of_work import UnitOfWork
from app.partners import queries
from app.partners.commands.create_partner import create_partner
from app.partners.commands.delete_partner import delete_partner
from app.partners.commands.edit_partner import patch_partner, replace_partner
from app.partners.inputs import PartnerInput
from app.partners.terms import PartnerRow
from app.syndication.formats import FEEDS, STORIES, sitemap

router = AccessRouter(prefix="/v1/manage/partners", tags=["Newsroom: partners"])
_LIST = ParameterSet(LIMIT, CURSOR)
_PATH = declare_text(
    "path",
    "The path of a public resource with its parameters, encoded as one value: "
    "`path=%2Fv1%2Fheadlines%3Flimit%3D5`.",
)
_PREVIEW = ParameterSet(_PATH)
# An answer may have any format of the public resources.
_CONTENTS = {
    JSON: {"schema": {"type": "object"}},
    sitemap.MEDIA_TYPE: {"schema": {"type": "string"}},
    **text_contents(FEEDS),
    **text_contents(STORIES),
    FEEDS["ninjs"].media_type: {"schema": {"description": "An array of items, or a single item."}},
}
_WRITE = (*BODY, "slug_taken", "conflict", "database_busy")
_Replacement = Annotated[Document, Body(), DocumentedAs(PartnerInput)]
_Patch = Annotated[Document, Body(media_type=MERGE_PATCH), DocumentedAs(PartnerInput)]


@router.get(
    "",
    access=Scope.admin,
    summary="List partners",
    response_model=PartnerPage,
    openapi_extra=describe(query=_LIST, problems=READING, sends=LISTED),
)
def manage_list_partners(request: Request, services: Parts) -> Response:
    """List partners in the order of slugs."""
    values = _LIST.parse(request.scope["query_string"])
    paging = Paging.read(services.cursors, values, request.url.path, 1)
    position = str(paging.position[0]) if paging.position else None
    with services.database.read() as session:
        page = queries.list_partners(session, paging.limit, position, backwards=paging.backwards)
    return list_response(request, services, paging, page)


@router.post(
    "",
    access=Scope.admin,
    summary="Create a partner",
    status_code=201,
    response_model=PartnerView,
    openapi_extra=describe(
        headers=("Idempotency-Key",), problems=(*_WRITE, *ONCE), sends=VERSIONED
    ),
)
def manage_create_partner(written: PartnerInput, commands: Commands) -> Response:
    """Create a partner. Then create keys for it."""
    return commands.run_idempotent(
        lambda unit: _partner(unit, create_partner(unit, written), created=True)
    )


@router.get(
    "/{partner}",
    access=Scope.admin,
    summary="Read a partner",
    response_model=PartnerView,
    openapi_extra=describe(problems=("not_found",), sends=VERSIONED),
)
def manage_read_partner(partner: str, services: Parts) -> Response:
    """Return a partner by id or slug."""
    with services.database.read() as session:
        view = queries.show_partner(session, partner)
    return json_response(view, version=view["version"])


@router.put(
    "/{partner}",
    access=Scope.admin,
    summary="Replace a partner",
    response_model=PartnerView,
    openapi_extra=describe(headers=("If-Match",), problems=(*CHANGING, *_WRITE), sends=VERSIONED),
)
def manage_replace_partner(
    partner: str, document: _Replacement, commands: Commands, expected: Expected
) -> Response:
    """Replace all writable fields. They apply to the next request of the partner."""
    return commands.run(
        lambda unit: _partner(unit, replace_partner(unit, partner, document, expected))
    )


@router.patch(
    "/{partner}",
    access=Scope.admin,
    summary="Change a partner",
    response_model=PartnerView,
    openapi_extra=describe(headers=("If-Match",), problems=(*CHANGING, *_WRITE), sends=VERSIONED),
)
def manage_patch_partner(
    partner: str, patch: _Patch, commands: Commands, expected: Expected
) -> Response:
    """Apply a merge patch (RFC 7396). It applies to the next request of the partner."""
    return commands.run(lambda unit: _partner(unit, patch_partner(unit, partner, patch, expected)))


@router.delete(
    "/{partner}",
    access=Scope.admin,
    summary="Delete a partner",
    status_code=204,
    responses=DELETED,
    openapi_extra=describe(headers=("If-Match",), problems=(*CHANGING, "in_use")),
)
def manage_delete_partner(partner: str, commands: Commands, expected: Expected) -> Response:
    """Delete a partner without valid keys."""
    commands.run(lambda unit: delete_partner(unit, partner, expected))
    return json_response(None, status=204)


@router.get(
    "/{partner}/preview",
    access=Scope.admin,
    summary="Read what a partner would receive",
    responses={200: {"description": "The answer.", "content": _CONTENTS}, **MOVED},
    openapi_extra=describe(
        query=_PREVIEW,
        problems=("not_found", "gone", "killed", "bad_parameter", "bad_cursor", "rights_changed"),
    ),
)
async def manage_preview_partner(
    partner: str, request: Request, services: Parts, caller: CallerDep
) -> Response:
    """Return what the partner would receive at a public path, by its agreement alone.

    A redirect leads to the preview of another path. There are no long polls.
    """
    match, path, query = _parse_path(_PREVIEW.parse(request.scope["query_string"])[_PATH])
    row, reader = await run_in_threadpool(_load_reader, services, partner, caller)
    read = ReadRequest(path, query, reader)
    answer = await fetch(services, request.app.state.notifier, match, read)
    return _build_preview(answer, row.id)


def _parse_path(text: str | None) -> tuple[Match, str, bytes]:
    """Return the resource, the path and the canonical query of a public address."""
    if text is None:
        raise bad("path", "required", "Name the path of a public resource in 'path'.")
    try:
        parts = urlsplit(text)
    except ValueError:
        # The host has brackets without an IPv6 address between them.
        parts = urlsplit("")
    path = unquote(parts.path)
    match = None if parts.scheme or parts.netloc else find(path)
    if match is None:
        detail = f"{quote_text(text)} is no path of a public resource, such as '/v1/headlines'."
        raise bad("path", "not_allowed", detail)
    query = match.resource.parameters.canonical(parts.query.encode())
    waits = match.resource.waits
    if waits is not None and f"{waits}=".encode() in query:
        raise bad("path", "not_allowed", f"A preview does not wait; leave {waits!r} out.")
    return match, path, query


def _load_reader(services: Services, ref: str, caller: Caller) -> tuple[PartnerRow, Caller]:
    """Return a partner, and the caller as if the key belonged to it."""
    with services.database.read(snapshot=False) as session:
        row = queries.load_partner(session, ref)
    granted = services.partners.resolve(row.id, services.clock.now())
    reader = replace(
        caller,
        scopes=("read",),
        scope=Scope.read,
        entitlement=granted.entitlement,
        entitled_until=granted.until,
        partner_id=row.id,
    )
    return row, reader


def _build_preview(answer: PublicAnswer, partner_id: str) -> Response:
    response = Response(answer.body, answer.status, {"cache-control": "no-store"})
    for name, value in answer.headers:
        if name == b"content-type":
            response.raw_headers.append((name, value))
        elif name == b"location":
            target = urlsplit(value.decode())
            path = quote(target._replace(scheme="", netloc="").geturl(), safe="")
            preview = f"/v1/manage/partners/{partner_id}/preview?path={path}"
            response.raw_headers.append((name, preview.encode()))
    return response


def _partner(unit: UnitOfWork, row: PartnerRow, *, created: bool = False) -> Response:
    view = queries.show_partner(unit.session, row.id)
    location = f"/v1/manage/partners/{row.id}" if created else None
    status = 201 if created else 200
    return json_response(view, status=status, version=view["version"], location=location)
