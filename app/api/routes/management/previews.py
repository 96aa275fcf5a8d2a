"""Management: preview links. Reading one is the only operation here that needs no key."""

from typing import Annotated, Any

from fastapi import Body, Request, Response

from app.access.scopes import Scope
from app.api.http.access import ReadPolicy
from app.api.http.answer import JSON
from app.api.http.commands import Commands
from app.api.http.dependencies import Parts
from app.api.http.errors import PathNotFound
from app.api.http.parameters import NO_PARAMETERS
from app.api.http.responses import json_response
from app.api.openapi.operations import BODY, ONCE, describe
from app.api.routes.access_router import AccessRouter
from app.api.schemas.documents import Story
from app.api.schemas.newsroom import PreviewLink
from app.bootstrap import Services
from app.content import queries
from app.content.command_inputs import PreviewInput
from app.content.commands.create_preview import create_preview
from app.content.commands.revoke_preview import revoke_preview
from app.kit.clock import format_instant
from app.kit.errors import BadCursor
from app.kit.sql.unit_of_work import UnitOfWork

router = AccessRouter(prefix="/v1/manage", tags=["Newsroom: previews"])
_NOT_KNOWN = "This link is not known here; it may have been revoked, or have ended."


@router.post(
    "/articles/{ref}/preview",
    access=Scope.write,
    summary="Create a preview link",
    status_code=201,
    response_model=PreviewLink,
    openapi_extra=describe(
        headers=("Idempotency-Key",),
        problems=(*BODY, *ONCE, "not_found", "wrong_state", "conflict", "database_busy"),
    ),
)
def manage_preview_article(
    ref: str,
    order: Annotated[PreviewInput, Body(default_factory=PreviewInput)],
    services: Parts,
    commands: Commands,
) -> Response:
    """Create a link that needs no key, to the working copy or to the story as it will be."""

    def act(unit: UnitOfWork) -> Response:
        created = create_preview(unit, ref, order)
        path = f"/v1/manage/preview/{services.previews.sign(created.id)}"
        view = {
            "id": created.id,
            "url": f"{services.settings.public_url or ''}{path}",
            "as_of": format_instant(created.as_of) if created.as_of else None,
            "expires_at": format_instant(created.expires_at),
        }
        return json_response(view, status=201, location=path)

    return commands.run_idempotent(act)


@router.get(
    "/preview/{token}",
    access=ReadPolicy.OPEN,
    summary="Read a preview",
    response_model=Story,
    openapi_extra=describe(problems=("not_found", "bad_parameter")),
)
def manage_read_preview(token: str, request: Request, services: Parts) -> Response:
    """Return the story of a preview link. Anyone who has the link can read it."""
    NO_PARAMETERS.parse(request.scope["query_string"])
    preview_id, now = _read(services, token), services.clock.now()
    with services.database.read() as session:
        article, as_of = queries.find_previewed_article(session, preview_id, now)
    if as_of is None:
        body: Any = services.delivery.render_preview(article)
    else:
        body = services.delivery.find_story(article.id, as_of=as_of).body
    if body is None:
        raise PathNotFound("The story will not be public at that instant.")
    return Response(body, media_type=JSON)


@router.delete(
    "/preview/{token}",
    access=Scope.write,
    summary="Revoke a preview link",
    status_code=204,
    responses={204: {"description": "Revoked.", "content": None}},
    openapi_extra=describe(problems=("not_found", "bad_parameter", "conflict", "database_busy")),
)
def manage_revoke_preview(
    token: str, request: Request, services: Parts, commands: Commands
) -> Response:
    """Revoke a preview link immediately and permanently."""
    NO_PARAMETERS.parse(request.scope["query_string"])
    preview_id = _read(services, token)
    commands.run(lambda unit: revoke_preview(unit, preview_id))
    return Response(None, 204)


def _read(services: Services, token: str) -> str:
    try:
        preview_id: str = services.previews.read(token)
    except BadCursor as wrong:
        raise PathNotFound(_NOT_KNOWN) from wrong
    return preview_id
