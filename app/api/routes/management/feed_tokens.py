"""Management: the tokens of partners for feeds and the stream."""

from typing import Any

from fastapi import Request, Response

from app.access.scopes import Scope
from app.api.http.commands import Commands
from app.api.http.dependencies import Parts
from app.api.http.paging import CURSOR, LIMIT, Paging
from app.api.http.parameters import ParameterSet
from app.api.http.responses import json_response, list_response
from app.api.openapi.operations import BODY, LISTED, ONCE, READING, describe
from app.api.routes.access_router import AccessRouter
from app.api.schemas.feed_tokens import FeedTokenPage, FeedTokenView, NewFeedToken
from app.kit import json
from app.kit.sql.unit_of_work import UnitOfWork
from app.partners import queries
from app.partners.commands.create_feed_token import create_feed_token
from app.partners.commands.revoke_feed_token import revoke_feed_token
from app.partners.inputs import FeedTokenInput

router = AccessRouter(
    prefix="/v1/manage/partners/{partner}/feed-tokens", tags=["Newsroom: partners"]
)
_LIST = ParameterSet(LIMIT, CURSOR)


@router.get(
    "",
    access=Scope.admin,
    summary="List feed tokens",
    response_model=FeedTokenPage,
    openapi_extra=describe(query=_LIST, problems=(*READING, "not_found"), sends=LISTED),
)
def manage_list_feed_tokens(partner: str, request: Request, services: Parts) -> Response:
    """List the feed tokens of a partner, the oldest first, revoked ones included."""
    values = _LIST.parse(request.scope["query_string"])
    paging = Paging.read(services.cursors, values, request.url.path, 1)
    position = str(paging.position[0]) if paging.position else None
    with services.database.read() as session:
        page = queries.list_feed_tokens(
            session, partner, paging.limit, position, backwards=paging.backwards
        )
    return list_response(request, services, paging, page)


@router.post(
    "",
    access=Scope.admin,
    summary="Create a feed token",
    status_code=201,
    response_model=NewFeedToken,
    openapi_extra=describe(
        headers=("Idempotency-Key",),
        problems=(*BODY, *ONCE, "not_found", "conflict", "database_busy"),
    ),
)
def manage_create_feed_token(
    partner: str, written: FeedTokenInput, services: Parts, commands: Commands
) -> Response:
    """Create a token for the feeds and the stream, for clients that cannot send a key.

    It reads one of the products of the partner. The token is in this answer and in no other.
    """

    def act(unit: UnitOfWork) -> Response:
        new = create_feed_token(unit, partner, written)
        view = queries.show_feed_token(unit.session, new.partner_id, new.id)
        url = f"{services.settings.own_address}/feeds/latest.rss?token={new.token}"
        location = f"/v1/manage/partners/{new.partner_id}/feed-tokens/{new.id}"
        document = {**view, "token": new.token, "url": url}
        return json_response(document, status=201, location=location)

    return commands.run_idempotent(act, redact=_remove_token)


@router.get(
    "/{feed_token}",
    access=Scope.admin,
    summary="Read a feed token",
    response_model=FeedTokenView,
    openapi_extra=describe(problems=("not_found",)),
)
def manage_read_feed_token(partner: str, feed_token: str, services: Parts) -> Response:
    """Return a feed token, without the token itself."""
    with services.database.read() as session:
        row = queries.load_partner(session, partner)
        return json_response(queries.show_feed_token(session, row.id, feed_token))


@router.delete(
    "/{feed_token}",
    access=Scope.admin,
    summary="Revoke a feed token",
    response_model=FeedTokenView,
    openapi_extra=describe(problems=("not_found", "conflict", "database_busy")),
)
def manage_revoke_feed_token(partner: str, feed_token: str, commands: Commands) -> Response:
    """Revoke a feed token immediately and permanently. It stays in the list.

    Needs no `If-Match`.
    """

    def act(unit: UnitOfWork) -> Response:
        partner_id = revoke_feed_token(unit, partner, feed_token)
        return json_response(queries.show_feed_token(unit.session, partner_id, feed_token))

    return commands.run(act)


def _remove_token(body: bytes) -> bytes:
    """Remove the token from an answer before it is stored."""
    view: dict[str, Any] = json.loads(body)
    return json.dumps({**view, "token": None, "url": None})
