"""Management: the verbs of a story's life."""

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from app.api.http.dependencies import Body, Expected, MaybeBody, Parts, Publisher
from app.api.openapi.operations import BODY, CHANGING, NAMES, ONCE, VERB_HEADERS, describe
from app.api.routes.management.article_answers import verb
from app.api.schemas.newsroom import ArticleView
from app.content.commands.correct_article import correct_article as correct
from app.content.commands.kill_article import kill_article as kill
from app.content.commands.publish_article import publish_article as publish
from app.content.commands.restore_article import restore_article as restore
from app.content.commands.schedule_article import schedule_article as schedule
from app.content.commands.unpublish_article import unpublish_article as unpublish
from app.content.orders import (
    CorrectInput,
    KillInput,
    PublishInput,
    RestoreInput,
    ScheduleInput,
    UnpublishInput,
)
from app.content.texts import prepare_body

router = APIRouter(prefix="/v1/manage/articles", tags=["management: articles"])


def _described(order: type[BaseModel], *, required: bool = True) -> dict[str, Any]:
    """Return what OpenAPI says of a verb beside its summary."""
    problems = (*CHANGING, *BODY, *NAMES, *ONCE)
    extra = describe(headers=VERB_HEADERS, body=order, body_required=required, problems=problems)
    return {"responses": {200: {"model": ArticleView}}, "openapi_extra": extra}


@router.post(
    "/{ref}/publish", summary="Publish the working copy", **_described(PublishInput, required=False)
)
def manage_publish_article(
    ref: str,
    request: Request,
    services: Parts,
    caller: Publisher,
    body: MaybeBody,
    expected: Expected,
) -> Response:
    """Make the working copy public, now or at `published_at`, before it expires."""
    order = PublishInput.model_validate(body)
    return verb(request, services, caller, body, lambda unit: publish(unit, ref, order, expected))


@router.post(
    "/{ref}/schedule", summary="Publish later, or not after all", **_described(ScheduleInput)
)
def manage_schedule_article(
    ref: str, request: Request, services: Parts, caller: Publisher, body: Body, expected: Expected
) -> Response:
    """Schedule the working copy for a moment before it expires; `{"at": null}` cancels."""
    order = ScheduleInput.model_validate(body)
    return verb(request, services, caller, body, lambda unit: schedule(unit, ref, order, expected))


@router.post("/{ref}/correct", summary="Correct what is public", **_described(CorrectInput))
def manage_correct_article(
    ref: str, request: Request, services: Parts, caller: Publisher, body: Body, expected: Expected
) -> Response:
    """Change the public copy and say so: the note travels with the story for ever."""
    order = CorrectInput.model_validate(body)
    texts = prepare_body(order.changes)
    return verb(
        request, services, caller, body, lambda unit: correct(unit, ref, order, expected), texts
    )


@router.post(
    "/{ref}/unpublish",
    summary="Take the public copy away",
    **_described(UnpublishInput, required=False),
)
def manage_unpublish_article(
    ref: str,
    request: Request,
    services: Parts,
    caller: Publisher,
    body: MaybeBody,
    expected: Expected,
) -> Response:
    """Unpublish: readers get a 404, or as told a 410 or the address of another story."""
    order = UnpublishInput.model_validate(body)
    return verb(request, services, caller, body, lambda unit: unpublish(unit, ref, order, expected))


@router.post("/{ref}/kill", summary="Withdraw a story for good", **_described(KillInput))
def manage_kill_article(
    ref: str, request: Request, services: Parts, caller: Publisher, body: Body, expected: Expected
) -> Response:
    """Take a story away from everybody at once, and tell those who could have read it why."""
    order = KillInput.model_validate(body)
    return verb(request, services, caller, body, lambda unit: kill(unit, ref, order, expected))


@router.post(
    "/{ref}/restore",
    summary="Bring a deleted or killed article back",
    **_described(RestoreInput, required=False),
)
def manage_restore_article(
    ref: str,
    request: Request,
    services: Parts,
    caller: Publisher,
    body: MaybeBody,
    expected: Expected,
) -> Response:
    """Undo a deletion, or as `admin` a kill; publishing it again is another step."""
    order = RestoreInput.model_validate(body)
    return verb(
        request, services, caller, body, lambda unit: restore(unit, ref, order, expected, caller)
    )
