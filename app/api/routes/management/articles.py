"""Management: articles, written and listed."""

from typing import Annotated

from fastapi import Body, Request, Response

from app.access.caller import Caller
from app.access.scopes import Scope
from app.api.http.commands import Commands
from app.api.http.dependencies import (
    CallerDep,
    Document,
    DocumentedAs,
    Expected,
    MaybeExpected,
    Parts,
)
from app.api.http.json_request import MERGE_PATCH
from app.api.http.responses import json_response, list_response
from app.api.openapi.operations import (
    ARTICLE,
    BODY,
    CHANGING,
    DELETED,
    LISTED,
    NAMES,
    ONCE,
    READING,
    VERSIONED,
    describe,
)
from app.api.routes.access_router import AccessRouter
from app.api.routes.management.article_answers import (
    answer_article,
    get_subject,
    run_command,
    sees_killed,
)
from app.api.routes.management.lists import ARTICLES, read_manage_list
from app.api.schemas.newsroom import ArticleView, ArticleViewPage, ArticleWritten
from app.content import queries
from app.content.commands.create_article import create_article as create
from app.content.commands.delete_article import delete_article as delete
from app.content.commands.edit_article import patch_article
from app.content.commands.edit_article import replace_article as replace
from app.content.commands.purge_article import purge_article
from app.content.inputs import ArticleInput
from app.content.references import ReferenceResolver
from app.content.text_computation import prepare_body
from app.kit.sql.unit_of_work import UnitOfWork

router = AccessRouter(prefix="/v1/manage/articles", tags=["Newsroom: articles"])
_Replacement = Annotated[Document, Body(), DocumentedAs(ArticleInput)]
_Patch = Annotated[Document, Body(media_type=MERGE_PATCH), DocumentedAs(ArticleInput)]


@router.get(
    "",
    access=Scope.write,
    summary="List articles in the newsroom",
    response_model=ArticleViewPage,
    openapi_extra=describe(query=ARTICLES, problems=READING, sends=LISTED),
)
def manage_list_articles(request: Request, services: Parts, caller: CallerDep) -> Response:
    """List articles in all states, the last changed first. Deleted ones need `state=deleted`."""
    path, query = request.url.path, request.scope["query_string"]
    page = read_manage_list(services, path, query, whole=sees_killed(caller))
    return list_response(request, services, *page)


@router.post(
    "",
    access=Scope.write,
    summary="Create an article",
    status_code=201,
    response_model=ArticleWritten,
    responses={200: {"model": ArticleWritten, "description": "Updated."}},
    openapi_extra=describe(
        headers=("If-Match?", "Idempotency-Key"),
        problems=(*BODY, *NAMES, *ONCE, "version_mismatch", "conflict", "database_busy"),
        sends=ARTICLE,
    ),
)
def manage_create_article(
    written: ArticleInput, commands: Commands, expected: MaybeExpected
) -> Response:
    """Create a draft, or publish in the same step with `"status": "published"`.

    Where the source has a story with this `external_id`, that story is updated, and the answer is
    `200`.
    """
    caller = commands.caller
    _need_publish(caller, written.status)

    def act(unit: UnitOfWork) -> Response:
        references = ReferenceResolver(unit.session)
        article, new = create(unit, written, expected, references)
        return answer_article(
            unit,
            article,
            caller,
            status=201 if new else 200,
            location=f"/v1/manage/articles/{article.id}" if new else None,
            references=references,
        )

    texts = prepare_body(
        {"body": written.body, "body_format": written.body_format}, commands.runner.options
    )
    return commands.run_idempotent(act, texts, subject=get_subject)


@router.get(
    "/{ref}",
    access=Scope.write,
    summary="Read an article in the newsroom",
    response_model=ArticleView,
    openapi_extra=describe(problems=("not_found",), sends=VERSIONED),
)
def manage_read_article(ref: str, services: Parts, caller: CallerDep) -> Response:
    """Return the working copy of an article, and the state of its story."""
    with services.database.read() as session:
        view = queries.find_article(session, ref, services.clock.now(), whole=sees_killed(caller))
    return json_response(view, version=view["version"])


@router.put(
    "/{ref}",
    access=Scope.write,
    summary="Replace an article",
    response_model=ArticleWritten,
    openapi_extra=describe(
        headers=("If-Match",), problems=(*CHANGING, *BODY, *NAMES), sends=ARTICLE
    ),
)
def manage_replace_article(
    ref: str, document: _Replacement, commands: Commands, expected: Expected
) -> Response:
    """Replace the working copy. An article may be sent back as it was read."""
    _need_publish(commands.caller, document.get("status"))
    texts = prepare_body({"body_format": "html", **document}, commands.runner.options)
    return run_command(commands, lambda unit: replace(unit, ref, document, expected), texts)


@router.patch(
    "/{ref}",
    access=Scope.write,
    summary="Change an article",
    response_model=ArticleWritten,
    openapi_extra=describe(
        headers=("If-Match",), problems=(*CHANGING, *BODY, *NAMES), sends=ARTICLE
    ),
)
def manage_patch_article(
    ref: str, patch: _Patch, commands: Commands, expected: Expected
) -> Response:
    """Apply a merge patch (RFC 7396) to the working copy; publishing makes it public."""
    _need_publish(commands.caller, patch.get("status"))
    texts = prepare_body(patch, commands.runner.options)
    return run_command(commands, lambda unit: patch_article(unit, ref, patch, expected), texts)


@router.delete(
    "/{ref}",
    access=Scope.publish,
    summary="Delete an article",
    response_model=ArticleWritten,
    openapi_extra=describe(
        headers=("If-Match",), problems=(*CHANGING, "wrong_state"), sends=ARTICLE
    ),
)
def manage_delete_article(ref: str, commands: Commands, expected: Expected) -> Response:
    """Delete an article and its public copy. `restore` undoes it until the article is purged."""
    return run_command(commands, lambda unit: delete(unit, ref, expected))


@router.post(
    "/{ref}/purge",
    access=Scope.admin,
    summary="Purge a deleted article",
    status_code=204,
    responses=DELETED,
    openapi_extra=describe(headers=("If-Match",), problems=(*CHANGING, "wrong_state")),
)
def manage_purge_article(ref: str, commands: Commands, expected: Expected) -> Response:
    """Remove a deleted article with its history and preview links. This cannot be undone."""
    commands.run(lambda unit: purge_article(unit, ref, expected))
    return json_response(None, status=204)


def _need_publish(caller: Caller, status: object) -> None:
    if status == "published":
        caller.require(Scope.publish)
