"""Management: the history of an article."""

from typing import Annotated

from fastapi import Body, Request, Response

from app.access.scopes import Scope
from app.api.http.commands import Commands
from app.api.http.dependencies import CallerDep, Expected, Parts
from app.api.http.errors import PathNotFound
from app.api.http.paging import CURSOR, LIMIT, Paging
from app.api.http.parameters import Parameter, ParameterSet, number_parser
from app.api.http.responses import json_response, list_response
from app.api.openapi.operations import (
    ARTICLE,
    BODY,
    CHANGING,
    LISTED,
    NAMES,
    ONCE,
    READING,
    VERB_HEADERS,
    describe,
)
from app.api.routes.access_router import AccessRouter
from app.api.routes.management.article_answers import run_idempotent_command, sees_killed
from app.api.schemas.newsroom import (
    ArticleWritten,
    RevisionDetail,
    RevisionPage,
)
from app.content import queries
from app.content.command_inputs import RestoreInput
from app.content.commands.restore_revision import restore_revision as restore

router = AccessRouter(prefix="/v1/manage/articles", tags=["Newsroom: articles"])
_LIST = ParameterSet(LIMIT, CURSOR)
_DIFF: Parameter[int | None] = Parameter(
    "diff",
    "The number of another version to compare with.",
    {"type": "integer", "minimum": 1},
    number_parser(1, 10**9 - 1),
    None,
)
_SINGLE = ParameterSet(_DIFF)


@router.get(
    "/{ref}/revisions",
    access=Scope.write,
    summary="List the versions of an article",
    response_model=RevisionPage,
    openapi_extra=describe(query=_LIST, problems=(*READING, "not_found"), sends=LISTED),
)
def manage_list_revisions(
    ref: str, request: Request, services: Parts, caller: CallerDep
) -> Response:
    """List the versions of an article, the newest first."""
    values = _LIST.parse(request.scope["query_string"])
    paging = Paging.read(services.cursors, values, request.url.path, 1)
    with services.database.read() as session:
        page = queries.list_revisions(
            session,
            ref,
            paging.limit,
            int(paging.position[0]) if paging.position else None,
            backwards=paging.backwards,
            whole=sees_killed(caller),
        )
    return list_response(request, services, paging, page)


@router.get(
    "/{ref}/revisions/{version}",
    access=Scope.write,
    summary="Read or compare a version of an article",
    response_model=RevisionDetail,
    openapi_extra=describe(query=_SINGLE, problems=("bad_parameter", "not_found")),
)
def manage_read_revision(
    ref: str, version: str, request: Request, services: Parts, caller: CallerDep
) -> Response:
    """Return a version as it was, or with `diff=3` what differs from version 3."""
    other = _SINGLE.parse(request.scope["query_string"])[_DIFF]
    number, whole = _number(version), sees_killed(caller)
    with services.database.read() as session:
        if other is None:
            return json_response(queries.find_revision(session, ref, number, whole=whole))
        return json_response(queries.compare_revisions(session, ref, number, other, whole=whole))


@router.post(
    "/{ref}/revisions/{version}/restore",
    access=Scope.write,
    summary="Restore a version of an article",
    response_model=ArticleWritten,
    openapi_extra=describe(
        headers=VERB_HEADERS,
        problems=(*CHANGING, *BODY, *NAMES, *ONCE),
        sends=ARTICLE,
    ),
)
def manage_restore_revision(
    ref: str,
    version: str,
    order: Annotated[RestoreInput, Body(default_factory=RestoreInput)],
    commands: Commands,
    expected: Expected,
) -> Response:
    """Write the text of a version into the working copy, as a new version. The slug stays."""
    number = _number(version)
    return run_idempotent_command(
        commands, lambda unit: restore(unit, ref, number, order, expected)
    )


def _number(version: str) -> int:
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        raise PathNotFound("A version is a number.")
    return int(version)
