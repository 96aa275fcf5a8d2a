"""Partners: their own webhooks."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Body, Request, Response

from app.access.caller import Caller
from app.access.filter_input import PublicFilterInput
from app.access.selection import Selection, selection_from_json
from app.api.http.access import PartnerPolicy
from app.api.http.commands import CommandRunner, Commands
from app.api.http.dependencies import (
    CallerDep,
    Document,
    DocumentedAs,
    Expected,
    MaybeExpected,
    Parts,
)
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
from app.api.routes.management.webhooks import remove_secret
from app.api.schemas.push import DeliveryView, NewWebhook, WebhookPage, WebhookView
from app.bootstrap import Services
from app.kit import json
from app.kit.errors import InvalidInput
from app.kit.sql.unit_of_work import UnitOfWork
from app.syndication.push import queries
from app.syndication.push.commands.create_webhook import create_webhook
from app.syndication.push.commands.delete_webhook import delete_webhook
from app.syndication.push.commands.edit_webhook import edit_webhook, editable_values
from app.syndication.push.commands.resume_webhook import resume_webhook
from app.syndication.push.commands.rotate_secret import rotate_secret
from app.syndication.push.commands.send_test import send_test
from app.syndication.push.inputs import PartnerWebhookInput, RotateInput

router = AccessRouter(prefix="/v1/me/webhooks", tags=["Partners: webhooks"])
_LIST = ParameterSet(LIMIT, CURSOR)
_VERB = ("not_found", "version_mismatch", "conflict", "database_busy")


@router.get(
    "",
    access=PartnerPolicy.WEBHOOKS,
    summary="List your webhooks",
    response_model=WebhookPage,
    openapi_extra=describe(query=_LIST, problems=READING, sends=LISTED),
)
def list_own_webhooks(request: Request, services: Parts, caller: CallerDep) -> Response:
    """List the webhooks of your partner; secrets cannot be shown."""
    values = _LIST.parse(request.scope["query_string"])
    paging = Paging.read(services.cursors, values, request.url.path, 1)
    with services.database.read() as session:
        page = queries.list_webhooks(
            session,
            paging.limit,
            str(paging.position[0]) if paging.position else None,
            services.clock.now(),
            backwards=paging.backwards,
            partner_id=caller.partner_id,
        )
    return list_response(request, services, paging, page)


@router.post(
    "",
    access=PartnerPolicy.WEBHOOKS,
    summary="Create a webhook of your own",
    status_code=201,
    response_model=NewWebhook,
    openapi_extra=describe(
        headers=("Idempotency-Key",),
        problems=(*BODY, *ONCE, "conflict", "database_busy"),
        sends=VERSIONED,
    ),
)
def create_own_webhook(
    written: PartnerWebhookInput, services: Parts, commands: Commands
) -> Response:
    """Create a webhook. Its secret is in this answer and in no other."""
    selection = _read_filter(written.filter, services, commands.caller)
    options, partner_id = services.push.options, commands.caller.partner_id

    def act(unit: UnitOfWork) -> Response:
        created = create_webhook(
            unit, written, selection, options.reach, options.secrets, partner_id
        )
        view = queries.show_webhook(unit.session, created.id, unit.now)
        location = f"/v1/me/webhooks/{created.id}"
        body = {**view, "secret": created.secret}
        return json_response(body, status=201, version=1, location=location)

    return commands.run_idempotent(act, redact=remove_secret)


@router.get(
    "/{webhook}",
    access=PartnerPolicy.WEBHOOKS,
    summary="Read a webhook of your own",
    response_model=WebhookView,
    openapi_extra=describe(problems=("not_found",), sends=VERSIONED),
)
def read_own_webhook(webhook: str, services: Parts, caller: CallerDep) -> Response:
    """Return a webhook with its state."""
    with services.database.read() as session:
        queries.load_webhook(session, webhook, caller.partner_id)
        view = queries.show_webhook(session, webhook, services.clock.now())
    return json_response(view, version=view["version"])


@router.patch(
    "/{webhook}",
    access=PartnerPolicy.WEBHOOKS,
    summary="Change a webhook of your own",
    response_model=WebhookView,
    openapi_extra=describe(headers=("If-Match",), problems=(*CHANGING, *BODY), sends=VERSIONED),
)
def patch_own_webhook(
    webhook: str,
    patch: Annotated[Document, Body(media_type=MERGE_PATCH), DocumentedAs(PartnerWebhookInput)],
    services: Parts,
    commands: Commands,
    expected: Expected,
) -> Response:
    """Apply a merge patch (RFC 7396). Waiting deliveries go to the new address."""
    with services.database.read() as session:
        row = queries.load_webhook(session, webhook, commands.caller.partner_id)
    written = PartnerWebhookInput.read(json.merge_patch(editable_values(row, "document"), patch))
    if written.filter.model_dump(exclude_none=True) == row.filter:
        selection = selection_from_json(row.selection)
    else:
        selection = _read_filter(written.filter, services, commands.caller)
    reach = services.push.options.reach
    return _run(
        commands,
        webhook,
        lambda unit: edit_webhook(unit, webhook, written, selection, reach, expected),
    )


@router.delete(
    "/{webhook}",
    access=PartnerPolicy.WEBHOOKS,
    summary="Delete a webhook of your own",
    status_code=204,
    responses=DELETED,
    openapi_extra=describe(headers=("If-Match",), problems=CHANGING),
)
def delete_own_webhook(webhook: str, commands: Commands, expected: Expected) -> Response:
    """Delete a webhook with its deliveries, the waiting ones included."""

    def act(unit: UnitOfWork) -> None:
        queries.load_webhook(unit.session, webhook, commands.caller.partner_id)
        delete_webhook(unit, webhook, expected)

    commands.run(act)
    return json_response(None, status=204)


@router.post(
    "/{webhook}/rotate",
    access=PartnerPolicy.WEBHOOKS,
    summary="Rotate the secret of a webhook of your own",
    response_model=NewWebhook,
    openapi_extra=describe(
        headers=("If-Match?", "Idempotency-Key"), problems=(*BODY, *ONCE, *_VERB), sends=VERSIONED
    ),
)
def rotate_own_webhook(
    webhook: str,
    written: Annotated[RotateInput, Body(default_factory=RotateInput)],
    services: Parts,
    commands: Commands,
    expected: MaybeExpected,
) -> Response:
    """Create a new secret. The previous one signs as well, for `hours`."""
    secrets = services.push.options.secrets

    def act(unit: UnitOfWork) -> Response:
        queries.load_webhook(unit.session, webhook, commands.caller.partner_id)
        secret = rotate_secret(unit, webhook, written.hours, secrets, expected)
        view = queries.show_webhook(unit.session, webhook, unit.now)
        return json_response({**view, "secret": secret}, version=view["version"])

    return commands.run_idempotent(act, redact=remove_secret)


@router.post(
    "/{webhook}/resume",
    access=PartnerPolicy.WEBHOOKS,
    summary="Resume a webhook of your own",
    response_model=WebhookView,
    openapi_extra=describe(headers=("If-Match?",), problems=_VERB, sends=VERSIONED),
)
def resume_own_webhook(webhook: str, commands: Commands, expected: MaybeExpected) -> Response:
    """Resume a paused or disabled webhook, and send the events that were kept for it."""
    return _run(commands, webhook, lambda unit: resume_webhook(unit, webhook, expected))


@router.post(
    "/{webhook}/test",
    access=PartnerPolicy.WEBHOOKS,
    summary="Test a webhook of your own",
    response_model=DeliveryView,
    openapi_extra=describe(
        headers=("Idempotency-Key",),
        problems=(*ONCE, "not_found", "wrong_state", "conflict", "database_busy"),
    ),
)
def test_own_webhook(webhook: str, commands: Commands) -> Response:
    """Send a signed event `webhook.test`, soon after this answer."""

    def act(unit: UnitOfWork) -> Response:
        queries.load_webhook(unit.session, webhook, commands.caller.partner_id)
        return json_response(queries.show_delivery(unit.session, webhook, send_test(unit, webhook)))

    return commands.run_idempotent(act)


def _read_filter(written: PublicFilterInput, services: Services, caller: Caller) -> Selection:
    """Convert a filter to a selection; a partner without grants learns no names from it."""
    for name in ("category", "source"):
        if getattr(written, name) is not None and not caller.entitlement.grants:
            raise InvalidInput.at(
                f"#/filter/{name}", "unknown_reference", "Your agreement grants no stories now."
            )
    return read_filter_input(written, services.delivery)


def _run(commands: CommandRunner, webhook: str, act: Callable[[UnitOfWork], None]) -> Response:
    def run(unit: UnitOfWork) -> Response:
        queries.load_webhook(unit.session, webhook, commands.caller.partner_id)
        act(unit)
        view = queries.show_webhook(unit.session, webhook, unit.now)
        return json_response(view, version=view["version"])

    return commands.run(run)
