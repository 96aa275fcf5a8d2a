"""Management: the deliveries of a webhook, and their replay."""

from fastapi import Request, Response

from app.access.scopes import Scope
from app.api.http.commands import Commands
from app.api.http.dependencies import Parts
from app.api.http.paging import CURSOR, LIMIT, Paging
from app.api.http.parameters import ParameterSet, declare_choice
from app.api.http.responses import json_response, list_response
from app.api.openapi.operations import BODY, LISTED, ONCE, READING, describe
from app.api.routes.access_router import AccessRouter
from app.api.schemas.push import DeliveryPage, DeliveryView, ReplayResult
from app.kit.sql.unit_of_work import UnitOfWork
from app.syndication.push import queries
from app.syndication.push.commands.replay_deliveries import replay_deliveries
from app.syndication.push.commands.send_test import send_test
from app.syndication.push.inputs import ReplayInput

router = AccessRouter(prefix="/v1/manage/webhooks/{webhook}", tags=["Newsroom: webhooks"])
_STATES = ("pending", "delivered", "failed", "dropped")
_STATE = declare_choice(
    "state", "DeliveryState", _STATES, "", "The state of the deliveries to list."
)
_LIST = ParameterSet(_STATE, LIMIT, CURSOR)
_VERB = ("not_found", "wrong_state", "conflict", "database_busy")


@router.get(
    "/deliveries",
    access=Scope.admin,
    summary="List the deliveries of a webhook",
    response_model=DeliveryPage,
    openapi_extra=describe(query=_LIST, problems=(*READING, "not_found"), sends=LISTED),
)
def manage_list_deliveries(webhook: str, request: Request, services: Parts) -> Response:
    """List deliveries, the newest first, with the status of the last answer."""
    values = _LIST.parse(request.scope["query_string"])
    chosen = values[_STATE]
    paging = Paging.read(services.cursors, values, f"{request.url.path}?{chosen}", 1)
    with services.database.read() as session:
        page = queries.list_deliveries(
            session,
            webhook,
            chosen or None,
            paging.limit,
            int(paging.position[0]) if paging.position else None,
            backwards=paging.backwards,
        )
    return list_response(request, services, paging, page)


@router.get(
    "/deliveries/{delivery}",
    access=Scope.admin,
    summary="Read a delivery",
    response_model=DeliveryView,
    openapi_extra=describe(problems=("not_found",)),
)
def manage_read_delivery(webhook: str, delivery: str, services: Parts) -> Response:
    """Return a delivery by its id, which was sent as `webhook-id`."""
    with services.database.read() as session:
        return json_response(queries.show_delivery(session, webhook, delivery))


@router.post(
    "/replay",
    access=Scope.admin,
    summary="Replay deliveries",
    response_model=ReplayResult,
    openapi_extra=describe(headers=("Idempotency-Key",), problems=(*BODY, *ONCE, *_VERB)),
)
def manage_replay_webhook(webhook: str, written: ReplayInput, commands: Commands) -> Response:
    """Send finished deliveries again: by id, by time, or by state."""

    def act(unit: UnitOfWork) -> Response:
        return json_response({"deliveries": replay_deliveries(unit, webhook, written)})

    return commands.run_idempotent(act)


@router.post(
    "/test",
    access=Scope.admin,
    summary="Test a webhook",
    response_model=DeliveryView,
    openapi_extra=describe(headers=("Idempotency-Key",), problems=(*ONCE, *_VERB)),
)
def manage_test_webhook(webhook: str, commands: Commands) -> Response:
    """Send a signed event `webhook.test`; its delivery shows the answer."""

    def act(unit: UnitOfWork) -> Response:
        return json_response(queries.show_delivery(unit.session, webhook, send_test(unit, webhook)))

    return commands.run_idempotent(act)
