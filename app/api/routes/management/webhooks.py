"""Management: webhooks."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Body, Request, Response

from app.access.scopes import Scope
from app.api.http.commands import CommandRunner, Commands
from app.api.http.dependencies import (
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
from app.api.schemas.push import NewWebhook, WebhookPage, WebhookView
from app.kit import json
from app.kit.sql.unit_of_work import UnitOfWork
from app.syndication.push import queries
from app.syndication.push.commands.create_webhook import create_webhook
from app.syndication.push.commands.delete_webhook import delete_webhook
from app.syndication.push.commands.edit_webhook import edit_webhook, editable_values
from app.syndication.push.commands.resume_webhook import resume_webhook
from app.syndication.push.commands.rotate_secret import rotate_secret
from app.syndication.push.commands.stop_webhook import PAUSED, stop_webhook
from app.syndication.push.inputs import RotateInput, WebhookInput

router = AccessRouter(prefix="/v1/manage/webhooks", tags=["Newsroom: webhooks"])
_LIST = ParameterSet(LIMIT, CURSOR)
_VERB = ("not_found", "version_mismatch", "conflict", "database_busy")


@router.get(
    "",
    access=Scope.admin,
    summary="List webhooks",
    response_model=WebhookPage,
    openapi_extra=describe(query=_LIST, problems=READING, sends=LISTED),
)
def manage_list_webhooks(request: Request, services: Parts) -> Response:
    """List webhooks, with how they fare; secrets cannot be shown."""
    values = _LIST.parse(request.scope["query_string"])
    paging = Paging.read(services.cursors, values, request.url.path, 1)
    position = str(paging.position[0]) if paging.position else None
    now = services.clock.now()
    with services.database.read() as session:
        page = queries.list_webhooks(
            session, paging.limit, position, now, backwards=paging.backwards
        )
    return list_response(request, services, paging, page)


@router.post(
    "",
    access=Scope.admin,
    summary="Create a webhook",
    status_code=201,
    response_model=NewWebhook,
    openapi_extra=describe(
        headers=("Idempotency-Key",),
        problems=(*BODY, *ONCE, "conflict", "database_busy"),
        sends=VERSIONED,
    ),
)
def manage_create_webhook(written: WebhookInput, services: Parts, commands: Commands) -> Response:
    """Create a webhook. Its secret is in this answer and in no other."""
    selection, options = read_filter_input(written.filter, services.delivery), services.push.options

    def act(unit: UnitOfWork) -> Response:
        created = create_webhook(unit, written, selection, options.reach, options.secrets)
        view = {**_view(unit, created.id), "secret": created.secret}
        location = f"/v1/manage/webhooks/{created.id}"
        return json_response(view, status=201, version=1, location=location)

    return commands.run_idempotent(act, redact=remove_secret)


@router.get(
    "/{webhook}",
    access=Scope.admin,
    summary="Read a webhook",
    response_model=WebhookView,
    openapi_extra=describe(problems=("not_found",), sends=VERSIONED),
)
def manage_read_webhook(webhook: str, services: Parts) -> Response:
    """Return a webhook with its state."""
    with services.database.read() as session:
        view = queries.show_webhook(session, webhook, services.clock.now())
    return json_response(view, version=view["version"])


@router.patch(
    "/{webhook}",
    access=Scope.admin,
    summary="Change a webhook",
    response_model=WebhookView,
    openapi_extra=describe(
        headers=("If-Match",),
        problems=(*CHANGING, *BODY),
        sends=VERSIONED,
    ),
)
def manage_patch_webhook(
    webhook: str,
    patch: Annotated[Document, Body(media_type=MERGE_PATCH), DocumentedAs(WebhookInput)],
    services: Parts,
    commands: Commands,
    expected: Expected,
) -> Response:
    """Apply a merge patch (RFC 7396). Waiting deliveries go to the new address."""
    with services.database.read() as session:
        before = editable_values(queries.load_webhook(session, webhook))
    written = WebhookInput.read(json.merge_patch(before, patch))
    selection = read_filter_input(written.filter, services.delivery)
    reach = services.push.options.reach
    return _run(
        commands,
        webhook,
        lambda unit: edit_webhook(unit, webhook, written, selection, reach, expected),
    )


@router.delete(
    "/{webhook}",
    access=Scope.admin,
    summary="Delete a webhook",
    status_code=204,
    responses=DELETED,
    openapi_extra=describe(headers=("If-Match",), problems=CHANGING),
)
def manage_delete_webhook(webhook: str, commands: Commands, expected: Expected) -> Response:
    """Delete a webhook with its deliveries, the waiting ones included."""
    commands.run(lambda unit: delete_webhook(unit, webhook, expected))
    return json_response(None, status=204)


@router.post(
    "/{webhook}/rotate",
    access=Scope.admin,
    summary="Rotate the secret of a webhook",
    response_model=NewWebhook,
    openapi_extra=describe(
        headers=("If-Match?", "Idempotency-Key"),
        problems=(*BODY, *ONCE, *_VERB),
        sends=VERSIONED,
    ),
)
def manage_rotate_webhook(
    webhook: str,
    written: Annotated[RotateInput, Body(default_factory=RotateInput)],
    services: Parts,
    commands: Commands,
    expected: MaybeExpected,
) -> Response:
    """Create a new secret. The previous one signs as well, for `hours`."""
    secrets = services.push.options.secrets

    def act(unit: UnitOfWork) -> Response:
        secret = rotate_secret(unit, webhook, written.hours, secrets, expected)
        view = _view(unit, webhook)
        return json_response({**view, "secret": secret}, version=view["version"])

    return commands.run_idempotent(act, redact=remove_secret)


@router.post(
    "/{webhook}/pause",
    access=Scope.admin,
    summary="Pause a webhook",
    response_model=WebhookView,
    openapi_extra=describe(headers=("If-Match?",), problems=_VERB, sends=VERSIONED),
)
def manage_pause_webhook(webhook: str, commands: Commands, expected: MaybeExpected) -> Response:
    """Send nothing until the webhook is resumed. Events are kept for it."""
    why = "An administrator paused it."
    return _run(commands, webhook, lambda unit: stop_webhook(unit, webhook, PAUSED, why, expected))


@router.post(
    "/{webhook}/resume",
    access=Scope.admin,
    summary="Resume a webhook",
    response_model=WebhookView,
    openapi_extra=describe(headers=("If-Match?",), problems=_VERB, sends=VERSIONED),
)
def manage_resume_webhook(webhook: str, commands: Commands, expected: MaybeExpected) -> Response:
    """Resume a paused or disabled webhook, and send the events that were kept for it."""
    return _run(commands, webhook, lambda unit: resume_webhook(unit, webhook, expected))


def _run(commands: CommandRunner, webhook: str, act: Callable[[UnitOfWork], None]) -> Response:
    def run(unit: UnitOfWork) -> Response:
        act(unit)
        view = _view(unit, webhook)
        return json_response(view, version=view["version"])

    return commands.run(run)


def _view(unit: UnitOfWork, webhook: str) -> dict[str, Any]:
    return queries.show_webhook(unit.session, webhook, unit.now)


def remove_secret(body: bytes) -> bytes:
    """Remove the secret from an answer before it is stored."""
    view: dict[str, Any] = json.loads(body)
    return json.dumps({**view, "secret": None})
