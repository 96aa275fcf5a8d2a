"""Management: the history of an article."""

from typing import Annotated

from fastapi import Body, Request, Response

from app.access.scopes import Scope
from app.api.http.commands import Commands
from app.api.http.dependencies import CallerDep, Expected, Parts
from app.api.http.errors import NothingHere
from app.api.http.paging import Paging
from app.api.http.parameters import Parameters
from app.api.http.responses import json_response, list_response
from app.api.openapi.operations import BODY, CHANGING, NAMES, ONCE, VERB_HEADERS, describe
from app.api.routes.access_router import AccessRouter
from app.api.routes.management.article_answers import sees_killed, verb
from app.api.routes.management.lists import view_page
from app.api.schemas.newsroom import (
    ArticleView,
    RevisionDifference,
    RevisionPage,
    RevisionWithArticle,
)
from app.content import queries
from app.content.commands.restore_revision import restore_revision as restore
from app.content.orders import RestoreInput

router = AccessRouter(prefix="/v1/manage/articles", tags=["management: articles"])
_MOST = 10**9 - 1


@router.get(
    "/{ref}/revisions",
    access=Scope.write,
    summary="The history of an article",
    response_model=RevisionPage,
    openapi_extra=describe(
        query=("limit", "cursor"), problems=("bad_parameter", "bad_cursor", "not_found")
    ),
)
def manage_list_revisions(
    ref: str, request: Request, services: Parts, caller: CallerDep
) -> Response:
    """List an article's versions, newest first."""
    params = Parameters(request.scope["query_string"], ("limit", "cursor"))
    paging = Paging.read(services.cursors, params, request.url.path, 1)
    with services.database.read() as session:
        page = queries.revisions(
            session,
            ref,
            paging.limit,
            int(paging.position[0]) if paging.position else None,
            backwards=paging.backwards,
            whole=sees_killed(caller),
        )
    body, cursors = view_page(paging, page)
    return list_response(request, services, body, cursors)


@router.get(
    "/{ref}/revisions/{version}",
    access=Scope.write,
    summary="One version of an article, whole or compared with another",
    response_model=RevisionWithArticle | RevisionDifference,
    openapi_extra=describe(query=("diff",), problems=("bad_parameter", "not_found")),
)
def manage_read_revision(
    ref: str, version: str, request: Request, services: Parts, caller: CallerDep
) -> Response:
    """Return the whole snapshot that a version left, or with `diff=3` what differs from 3."""
    params = Parameters(request.scope["query_string"], ("diff",))
    other, number, whole = params.text("diff"), _number(version), sees_killed(caller)
    with services.database.read() as session:
        if other is None:
            return json_response(queries.revision(session, ref, number, whole=whole))
        compared = params.number("diff", 1, 1, _MOST)
        return json_response(queries.difference(session, ref, number, compared, whole=whole))


@router.post(
    "/{ref}/revisions/{version}/restore",
    access=Scope.write,
    summary="Bring back what a version said",
    response_model=ArticleView,
    openapi_extra=describe(
        headers=VERB_HEADERS,
        problems=(*CHANGING, *BODY, *NAMES, *ONCE),
    ),
)
def manage_restore_revision(
    ref: str,
    version: str,
    order: Annotated[RestoreInput, Body(default_factory=RestoreInput)],
    commands: Commands,
    expected: Expected,
) -> Response:
    """Write what a version said over the working copy, as a new version; the slug stays."""
    number = _number(version)
    return verb(commands, lambda unit: restore(unit, ref, number, order, expected))


def _number(version: str) -> int:
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        raise NothingHere("A version is a number.")
    return int(version)
