"""Management: keys; and the rights of the caller."""

from typing import Annotated, Any

from fastapi import Body, Request, Response
from starlette.concurrency import run_in_threadpool

from app.access import queries
from app.access.caller import Caller
from app.access.commands.create_key import CreatedKey, create_key
from app.access.commands.revoke_key import revoke_key
from app.access.commands.rotate_key import rotate_key
from app.access.inputs import KeyInput, RotateKeyInput
from app.access.keys import choose_default_end
from app.access.scopes import Scope
from app.api.http.access import ReadPolicy
from app.api.http.commands import Commands
from app.api.http.dependencies import CallerDep, Parts
from app.api.http.paging import CURSOR, LIMIT, Paging
from app.api.http.parameters import ParameterSet
from app.api.http.rate_limit_headers import list_request_limits
from app.api.http.responses import json_response, list_response
from app.api.openapi.operations import BODY, LISTED, ONCE, READING, describe
from app.api.routes.access_router import AccessRouter
from app.api.routes.public_router import PublicRouter
from app.api.schemas.access import CallerInfo, KeyPage, KeyView, NewKey
from app.bootstrap import Services
from app.kit import json
from app.kit.clock import format_instant
from app.kit.sql.unit_of_work import UnitOfWork
from app.partners.editing import find_partner_id
from app.partners.queries import NO_AGREEMENT, show_agreement

router = PublicRouter()
manage = AccessRouter(prefix="/v1/manage/keys", tags=["Newsroom: keys"])
_LIST = ParameterSet(LIMIT, CURSOR)


@router.get(
    "/v1/me",
    access=ReadPolicy.OPEN,
    tags=["Access"],
    summary="Read what the caller may do",
    response_model=CallerInfo,
    openapi_extra=describe(),
)
async def read_me(request: Request, caller: CallerDep, services: Parts) -> Response:
    """Return the name and the scopes of the key that was sent, and the agreement of its partner."""
    admission = request.scope["state"].get("admission")
    agreement = NO_AGREEMENT
    if caller.partner_id is not None:
        agreement = await run_in_threadpool(_load_agreement, services, caller)
    return json_response(
        {
            "name": caller.name,
            "prefix": caller.prefix,
            "scopes": list(caller.scopes),
            "embargoed": caller.embargoed,
            "anonymous": caller.key_id is None,
            "expires_at": None if caller.expires_at is None else format_instant(caller.expires_at),
            **agreement,
            # The pointers of warnings are to quotas, which come first.
            "limits": [*agreement["limits"], *list_request_limits(admission)],
        }
    )


def _load_agreement(services: Services, caller: Caller) -> dict[str, Any]:
    quotas = services.usage.quotas.load(caller)
    with services.database.read() as session:
        return show_agreement(session, caller.partner_id or "", quotas)


@manage.get(
    "",
    access=Scope.admin,
    summary="List keys",
    response_model=KeyPage,
    openapi_extra=describe(query=_LIST, problems=READING, sends=LISTED),
)
def manage_list_keys(request: Request, services: Parts) -> Response:
    """List keys, the oldest first, revoked ones included. Secrets cannot be shown."""
    values = _LIST.parse(request.scope["query_string"])
    paging = Paging.read(services.cursors, values, request.url.path, 1)
    position = str(paging.position[0]) if paging.position else None
    with services.database.read() as session:
        found = queries.load_key_page(session, paging.limit, position, backwards=paging.backwards)
    return list_response(request, services, paging, found)


@manage.post(
    "",
    access=Scope.admin,
    summary="Create a key",
    status_code=201,
    response_model=NewKey,
    openapi_extra=describe(
        headers=("Idempotency-Key",),
        problems=(*BODY, *ONCE, "conflict", "database_busy"),
    ),
)
def manage_create_key(written: KeyInput, services: Parts, commands: Commands) -> Response:
    """Create a key. Its secret is in this answer and in no other."""
    days = services.settings.key_days

    def act(unit: UnitOfWork) -> Response:
        partner_id, expires_at = find_partner_id(unit, written.partner), written.expires_at
        if "expires_at" not in written.model_fields_set:
            expires_at = choose_default_end(written.scopes, partner_id, unit.now, days)
        new = create_key(
            unit,
            written.name,
            list(written.scopes),
            expires_at,
            embargoed=written.embargoed,
            partner_id=partner_id,
            networks=written.networks,
            origins=written.origins,
        )
        return _show_new_key(unit, new)

    return commands.run_idempotent(act, redact=_remove_key)


@manage.post(
    "/{ref}/rotate",
    access=Scope.admin,
    summary="Rotate a key",
    status_code=201,
    response_model=NewKey,
    openapi_extra=describe(
        headers=("Idempotency-Key",),
        problems=(*BODY, *ONCE, "not_found", "wrong_state", "conflict", "database_busy"),
    ),
)
def manage_rotate_key(
    ref: str,
    written: Annotated[RotateKeyInput, Body(default_factory=RotateKeyInput)],
    commands: Commands,
) -> Response:
    """Create a key with the same name and rights, which is in this answer and in no other.

    The previous key expires after `overlap_minutes`, and can be rotated only once. If it has
    an expiry time, the new key has the same lifetime. Needs no `If-Match`.
    """
    return commands.run_idempotent(
        lambda unit: _show_new_key(unit, rotate_key(unit, ref, written.overlap_minutes)),
        redact=_remove_key,
    )


@manage.get(
    "/{ref}",
    access=Scope.admin,
    summary="Read a key",
    response_model=KeyView,
    openapi_extra=describe(problems=("not_found",)),
)
def manage_read_key(ref: str, services: Parts) -> Response:
    """Return a key by id or prefix, without its secret."""
    with services.database.read() as session:
        return json_response(queries.load_key(session, ref))


@manage.delete(
    "/{ref}",
    access=Scope.admin,
    summary="Revoke a key",
    response_model=KeyView,
    openapi_extra=describe(problems=("not_found", "conflict", "database_busy")),
)
def manage_revoke_key(ref: str, commands: Commands) -> Response:
    """Revoke a key immediately and permanently. It stays in the list. Needs no `If-Match`."""

    def act(unit: UnitOfWork) -> Response:
        return json_response(queries.load_key(unit.session, revoke_key(unit, ref)))

    return commands.run(act)


def _show_new_key(unit: UnitOfWork, new: CreatedKey) -> Response:
    view = {"key": new.key, **queries.load_key(unit.session, new.id)}
    return json_response(view, status=201, location=f"/v1/manage/keys/{new.id}")


def _remove_key(body: bytes) -> bytes:
    """Remove the key from an answer before it is stored."""
    view: dict[str, Any] = json.loads(body)
    return json.dumps({**view, "key": None})
