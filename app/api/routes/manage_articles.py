"""Management: articles, the verbs of their life, and their history."""

from typing import Any

from fastapi import APIRouter, Request, Response

from app.access.caller import Caller
from app.access.scopes import Scope
from app.api.answers import managed, managed_list
from app.api.dependencies import (
    MERGE_PATCH,
    Body,
    Expected,
    MaybeBody,
    MaybeExpected,
    Parts,
    Publisher,
    Writer,
)
from app.api.describe import describe
from app.api.errors import NothingHere
from app.api.managing import MANAGE_PARAMETERS, MANAGE_SORTS, read_manage_list, view_page
from app.api.paging import Paging
from app.api.params import Parameters
from app.api.posting import post
from app.api.routes.shared import BODY, CHANGING, ONCE, READING
from app.api.schemas import (
    ArticleView,
    ArticleViewPage,
    RevisionPage,
    RevisionWithArticle,
)
from app.content import queries
from app.content.article import Article
from app.content.commands.create_article import create_article as create
from app.content.commands.delete_article import delete_article as delete
from app.content.commands.edit_article import patch_article as patch
from app.content.commands.edit_article import replace_article as replace
from app.content.commands.publish_article import publish_article as publish
from app.content.commands.restore_article import restore_article as restore
from app.content.commands.unpublish_article import unpublish_article as unpublish
from app.content.inputs import ArticleInput, PublishInput, UnpublishInput
from app.kit.unit import Unit

router = APIRouter(prefix="/v1/manage/articles", tags=["management: articles"])

_READ = ("not_found",)
_NAMES = ("slug_taken", "external_id_taken", "wrong_state")
_VERB = (*CHANGING, *BODY, *_NAMES, *ONCE)
_VERB_HEADERS = ("If-Match", "Idempotency-Key")


@router.get(
    "",
    summary="Articles in every state",
    responses={200: {"model": ArticleViewPage}},
    openapi_extra=describe(query=MANAGE_PARAMETERS, problems=READING, sorts=MANAGE_SORTS),
)
def manage_list_articles(request: Request, services: Parts, _: Writer) -> Response:
    """List articles, the last changed first; deleted ones only by `state=deleted`."""
    body, cursors = read_manage_list(services, request.url.path, request.scope["query_string"])
    return managed_list(request, services, body, cursors)


@router.post(
    "",
    summary="Create an article",
    status_code=201,
    responses={200: {"model": ArticleView}, 201: {"model": ArticleView}},
    openapi_extra=describe(
        headers=("Idempotency-Key",),
        body=ArticleInput,
        problems=(*BODY, *_NAMES, *ONCE, "version_mismatch", "conflict", "database_busy"),
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
        return _answer(unit, article, status=201 if new else 200, location=location)

    return post(request, services, caller, body, act)


@router.get(
    "/{ref}",
    summary="One article, whatever its state",
    responses={200: {"model": ArticleView}},
    openapi_extra=describe(problems=_READ),
)
def manage_read_article(ref: str, services: Parts, _: Writer) -> Response:
    """Return an article's working copy and where its story stands."""
    with services.database.read() as session:
        view = queries.article(session, ref, services.clock.now())
    return managed(view, version=view["version"])


@router.put(
    "/{ref}",
    summary="Replace an article's working copy",
    responses={200: {"model": ArticleView}},
    openapi_extra=describe(
        headers=("If-Match",), body=ArticleInput, problems=(*CHANGING, *BODY, *_NAMES)
    ),
)
def manage_replace_article(
    ref: str, services: Parts, caller: Writer, body: Body, expected: Expected
) -> Response:
    """Replace all that is written; what was read may be sent back whole."""
    _need_publish(caller, body.get("status"))
    return _run(services, caller, lambda unit: replace(unit, ref, body, expected))


@router.patch(
    "/{ref}",
    summary="Change an article's working copy",
    responses={200: {"model": ArticleView}},
    openapi_extra=describe(
        headers=("If-Match",),
        body=ArticleInput,
        media_type=MERGE_PATCH,
        problems=(*CHANGING, *BODY, *_NAMES),
    ),
)
def manage_patch_article(
    ref: str, services: Parts, caller: Writer, body: Body, expected: Expected
) -> Response:
    """Apply a merge patch (RFC 7396); the public copy changes when it is published."""
    _need_publish(caller, body.get("status"))
    return _run(services, caller, lambda unit: patch(unit, ref, body, expected))


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
    return _run(services, caller, lambda unit: delete(unit, ref, expected))


@router.post(
    "/{ref}/publish",
    summary="Publish the working copy",
    responses={200: {"model": ArticleView}},
    openapi_extra=describe(
        headers=_VERB_HEADERS, body=PublishInput, body_required=False, problems=_VERB
    ),
)
def manage_publish_article(
    ref: str,
    request: Request,
    services: Parts,
    caller: Publisher,
    body: MaybeBody,
    expected: Expected,
) -> Response:
    """Make the working copy public, now or at `published_at`."""
    order = PublishInput.model_validate(body)
    return post(
        request,
        services,
        caller,
        body,
        lambda unit: _answer(unit, publish(unit, ref, order, expected)),
    )


@router.post(
    "/{ref}/unpublish",
    summary="Take the public copy away",
    responses={200: {"model": ArticleView}},
    openapi_extra=describe(
        headers=_VERB_HEADERS, body=UnpublishInput, body_required=False, problems=_VERB
    ),
)
def manage_unpublish_article(
    ref: str,
    request: Request,
    services: Parts,
    caller: Publisher,
    body: MaybeBody,
    expected: Expected,
) -> Response:
    """Unpublish quietly: readers get a 404."""
    UnpublishInput.model_validate(body)
    return post(
        request,
        services,
        caller,
        body,
        lambda unit: _answer(unit, unpublish(unit, ref, expected)),
    )


@router.post(
    "/{ref}/restore",
    summary="Bring a deleted article back",
    responses={200: {"model": ArticleView}},
    openapi_extra=describe(headers=_VERB_HEADERS, problems=(*CHANGING, "wrong_state", *ONCE)),
)
def manage_restore_article(
    ref: str, request: Request, services: Parts, caller: Publisher, expected: Expected
) -> Response:
    """Undo a deletion; publishing it again is another step."""
    return post(
        request,
        services,
        caller,
        None,
        lambda unit: _answer(unit, restore(unit, ref, expected)),
    )


@router.get(
    "/{ref}/revisions",
    summary="The history of an article",
    responses={200: {"model": RevisionPage}},
    openapi_extra=describe(
        query=("limit", "cursor"), problems=("bad_parameter", "bad_cursor", *_READ)
    ),
)
def manage_list_revisions(ref: str, request: Request, services: Parts, _: Writer) -> Response:
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
        )
    body, cursors = view_page(paging, page)
    return managed_list(request, services, body, cursors)


@router.get(
    "/{ref}/revisions/{version}",
    summary="One version of an article, whole",
    responses={200: {"model": RevisionWithArticle}},
    openapi_extra=describe(problems=_READ),
)
def manage_read_revision(ref: str, version: str, services: Parts, _: Writer) -> Response:
    """Return the whole snapshot that a version left."""
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        raise NothingHere("A version is a number.")
    with services.database.read() as session:
        view = queries.revision(session, ref, int(version), services.clock.now())
    return managed(view)


def _run(services: Parts, caller: Caller, command: Any) -> Response:
    return services.runner.run(caller.actor, lambda unit: _answer(unit, command(unit)))


def _answer(
    unit: Unit, article: Article, *, status: int = 200, location: str | None = None
) -> Response:
    view = queries.show_article(unit.session, article, unit.now)
    return managed(view, status=status, version=article.version, location=location)


def _need_publish(caller: Caller, status: object) -> None:
    if status == "published":
        caller.need(Scope.publish)
