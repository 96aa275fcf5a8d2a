"""Management: links to what is not public yet. Reading one is the one path here without a key."""

from typing import Any

from fastapi import APIRouter, Request, Response

from app.api.http.answer import JSON
from app.api.http.dependencies import MaybeBody, Parts, Writer
from app.api.http.errors import NothingHere
from app.api.http.idempotency import post
from app.api.http.parameters import NO_PARAMETERS
from app.api.http.responses import json_response
from app.api.openapi.operations import BODY, ONCE, describe
from app.api.schemas.documents import StoryWithBody
from app.api.schemas.newsroom import PreviewView
from app.bootstrap import Services
from app.content import queries
from app.content.commands.create_preview import create_preview
from app.content.commands.revoke_preview import revoke_preview
from app.content.orders import PreviewInput
from app.kit.clock import format_instant
from app.kit.errors import BadCursor
from app.kit.unit import Unit

router = APIRouter(prefix="/v1/manage", tags=["management: previews"])
_NOT_KNOWN = "This link is not known here; it may have been revoked, or have ended."


@router.post(
    "/articles/{ref}/preview",
    summary="Make a preview link",
    status_code=201,
    responses={201: {"model": PreviewView}},
    openapi_extra=describe(
        headers=("Idempotency-Key",),
        body=PreviewInput,
        body_required=False,
        problems=(*BODY, *ONCE, "not_found", "wrong_state", "conflict", "database_busy"),
    ),
)
def manage_preview_article(
    ref: str, request: Request, services: Parts, caller: Writer, body: MaybeBody
) -> Response:
    """Make a link to the working copy, or to the public side as it will be; it needs no key."""
    order = PreviewInput.model_validate(body)

    def act(unit: Unit) -> Response:
        made = create_preview(unit, ref, order)
        path = f"/v1/manage/preview/{services.previews.sign(made.id)}"
        view = {
            "id": made.id,
            "url": f"{services.settings.public_url or ''}{path}",
            "as_of": format_instant(made.as_of) if made.as_of else None,
            "expires_at": format_instant(made.expires_at),
        }
        return json_response(view, status=201, location=path)

    return post(request, services, caller, body, act)


@router.get(
    "/preview/{token}",
    summary="What a preview link shows",
    responses={200: {"model": StoryWithBody}},
    openapi_extra=describe(problems=("not_found", "bad_parameter")),
)
def manage_read_preview(token: str, request: Request, services: Parts) -> Response:
    """Show a story to whoever has the link, while it lasts; never cached, never indexed."""
    NO_PARAMETERS.parse(request.scope["query_string"])
    preview_id, now = _read(services, token), services.clock.now()
    with services.database.read() as session:
        article, as_of = queries.previewed(session, preview_id, now)
    if as_of is None:
        body: Any = services.delivery.preview(article)
    else:
        body = services.delivery.story(article.id, as_of=as_of).body
    if body is None:
        raise NothingHere("The story will not be public at that instant.")
    return Response(body, media_type=JSON)


@router.delete(
    "/preview/{token}",
    summary="Revoke a preview link",
    status_code=204,
    responses={204: {"description": "It shows nothing any more.", "content": None}},
    openapi_extra=describe(problems=("not_found", "bad_parameter", "conflict", "database_busy")),
)
def manage_revoke_preview(
    token: str, request: Request, services: Parts, caller: Writer
) -> Response:
    """Revoke a link at once and for ever."""
    NO_PARAMETERS.parse(request.scope["query_string"])
    preview_id = _read(services, token)
    services.runner.run(caller.actor, lambda unit: revoke_preview(unit, preview_id))
    return Response(None, 204)


def _read(services: Services, token: str) -> str:
    try:
        preview_id: str = services.previews.read(token)
    except BadCursor as wrong:
        raise NothingHere(_NOT_KNOWN) from wrong
    return preview_id
