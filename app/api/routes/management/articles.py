"""Management: articles, written and listed."""

from fastapi import APIRouter, Request, Response

from app.access.caller import Caller
from app.access.scopes import Scope
from app.api.http.dependencies import (
    MERGE_PATCH,
    Body,
    Expected,
    MaybeExpected,
    Parts,
    Publisher,
    Writer,
)
from app.api.http.idempotency import post
from app.api.http.responses import json_response, list_response
from app.api.openapi.operations import BODY, CHANGING, NAMES, ONCE, READING, describe
from app.api.routes.management.article_answers import (
    article_answer,
    change,
    sees_killed,
    subject_of,
)
from app.api.routes.management.lists import ARTICLES, read_manage_list
from app.api.schemas.newsroom import ArticleView, ArticleViewPage
from app.content import queries
from app.content.commands.create_article import create_article as create
from app.content.commands.delete_article import delete_article as delete
from app.content.commands.edit_article import patch_article as patch
from app.content.commands.edit_article import replace_article as replace
from app.content.inputs import ArticleInput
from app.content.texts import prepare_body
from app.kit.unit import Unit

router = APIRouter(prefix="/v1/manage/articles", tags=["management: articles"])


@router.get(
    "",
    summary="Articles in every state",
    responses={200: {"model": ArticleViewPage}},
    openapi_extra=describe(query=ARTICLES, problems=READING),
)
def manage_list_articles(request: Request, services: Parts, caller: Writer) -> Response:
    """List articles, the last changed first; deleted ones only by `state=deleted`."""
    path, query = request.url.path, request.scope["query_string"]
    body, cursors = read_manage_list(services, path, query, whole=sees_killed(caller))
    return list_response(request, services, body, cursors)


@router.post(
    "",
    summary="Create an article",
    status_code=201,
    responses={200: {"model": ArticleView}, 201: {"model": ArticleView}},
    openapi_extra=describe(
        headers=("Idempotency-Key",),
        body=ArticleInput,
        problems=(*BODY, *NAMES, *ONCE, "version_mismatch", "conflict", "database_busy"),
    ),
)
def manage_create_article(
    request: Request, services: Parts, caller: Writer, body: Body, expected: MaybeExpected
) -> Response:
    """Create a draft, or publish at once with `"status": "published"`.

    An `external_id` that is known for the source updates that story and answers `200`.
    """
    written = ArticleInput.model_validate(body)
    _need_publish(caller, written.status)

    def act(unit: Unit) -> Response:
        article, new = create(unit, written, expected)
        location = f"/v1/manage/articles/{article.id}" if new else None
        return article_answer(unit, article, caller, status=201 if new else 200, location=location)

    texts = prepare_body({"body": written.body, "body_format": written.body_format})
    return post(request, services, caller, body, act, subject=subject_of, prepared=texts)


@router.get(
    "/{ref}",
    summary="One article, whatever its state",
    responses={200: {"model": ArticleView}},
    openapi_extra=describe(problems=("not_found",)),
)
def manage_read_article(ref: str, services: Parts, caller: Writer) -> Response:
    """Return an article's working copy and where its story stands."""
    with services.database.read() as session:
        view = queries.article(session, ref, services.clock.now(), whole=sees_killed(caller))
    return json_response(view, version=view["version"])


@router.put(
    "/{ref}",
    summary="Replace an article's working copy",
    responses={200: {"model": ArticleView}},
    openapi_extra=describe(
        headers=("If-Match",), body=ArticleInput, problems=(*CHANGING, *BODY, *NAMES)
    ),
)
def manage_replace_article(
    ref: str, services: Parts, caller: Writer, body: Body, expected: Expected
) -> Response:
    """Replace all that is written; what was read may be sent back whole."""
    _need_publish(caller, body.get("status"))
    texts = prepare_body({"body_format": "html", **body})
    return change(services, caller, lambda unit: replace(unit, ref, body, expected), texts)


@router.patch(
    "/{ref}",
    summary="Change an article's working copy",
    responses={200: {"model": ArticleView}},
    openapi_extra=describe(
        headers=("If-Match",),
        body=ArticleInput,
        media_type=MERGE_PATCH,
        problems=(*CHANGING, *BODY, *NAMES),
    ),
)
def manage_patch_article(
    ref: str, services: Parts, caller: Writer, body: Body, expected: Expected
) -> Response:
    """Apply a merge patch (RFC 7396); the public copy changes when it is published."""
    _need_publish(caller, body.get("status"))
    texts = prepare_body(body)
    return change(services, caller, lambda unit: patch(unit, ref, body, expected), texts)


@router.delete(
    "/{ref}",
    summary="Delete an article softly",
    responses={200: {"model": ArticleView}},
    openapi_extra=describe(headers=("If-Match",), problems=(*CHANGING, "wrong_state")),
)
def manage_delete_article(
    ref: str, services: Parts, caller: Publisher, expected: Expected
) -> Response:
    """Put an article away, its public copy too; `restore` brings it back."""
    return change(services, caller, lambda unit: delete(unit, ref, expected))


def _need_publish(caller: Caller, status: object) -> None:
    if status == "published":
        caller.need(Scope.publish)
