"""Management: publish, schedule, correct, unpublish, kill and restore articles."""

from typing import Annotated, Any

from fastapi import Body, Response

from app.access.scopes import Scope
from app.api.http.commands import Commands
from app.api.http.dependencies import CallerDep, Expected
from app.api.openapi.operations import (
    ARTICLE,
    BODY,
    CHANGING,
    NAMES,
    ONCE,
    VERB_HEADERS,
    describe,
)
from app.api.routes.access_router import AccessRouter
from app.api.routes.management.article_answers import run_idempotent_command
from app.api.schemas.newsroom import ArticleWritten
from app.content.command_inputs import (
    CorrectInput,
    KillInput,
    PublishInput,
    RestoreInput,
    ScheduleInput,
    UnpublishInput,
)
from app.content.commands.correct_article import correct_article as correct
from app.content.commands.kill_article import kill_article as kill
from app.content.commands.publish_article import publish_article as publish
from app.content.commands.restore_article import restore_article as restore
from app.content.commands.schedule_article import schedule_article as schedule
from app.content.commands.unpublish_article import unpublish_article as unpublish
from app.content.text_computation import prepare_body

router = AccessRouter(prefix="/v1/manage/articles", tags=["Newsroom: articles"])


_DECLARED: dict[str, Any] = {
    "access": Scope.publish,
    "response_model": ArticleWritten,
    "openapi_extra": describe(
        headers=VERB_HEADERS,
        problems=(*CHANGING, *BODY, *NAMES, *ONCE),
        sends=ARTICLE,
    ),
}


@router.post("/{ref}/publish", summary="Publish an article", **_DECLARED)
def manage_publish_article(
    ref: str,
    order: Annotated[PublishInput, Body(default_factory=PublishInput)],
    commands: Commands,
    expected: Expected,
) -> Response:
    """Make the working copy public, now or at `published_at`."""
    return run_idempotent_command(commands, lambda unit: publish(unit, ref, order, expected))


@router.post("/{ref}/schedule", summary="Schedule or unschedule publication", **_DECLARED)
def manage_schedule_article(
    ref: str, order: ScheduleInput, commands: Commands, expected: Expected
) -> Response:
    """Schedule the publication of the working copy; `{"at": null}` cancels the schedule."""
    return run_idempotent_command(commands, lambda unit: schedule(unit, ref, order, expected))


@router.post("/{ref}/correct", summary="Correct a public story", **_DECLARED)
def manage_correct_article(
    ref: str, order: CorrectInput, commands: Commands, expected: Expected
) -> Response:
    """Change the text of the public copy, with a public note that stays with the story."""
    texts = prepare_body(order.changes, commands.runner.options)
    return run_idempotent_command(commands, lambda unit: correct(unit, ref, order, expected), texts)


@router.post("/{ref}/unpublish", summary="Unpublish a story", **_DECLARED)
def manage_unpublish_article(
    ref: str,
    order: Annotated[UnpublishInput, Body(default_factory=UnpublishInput)],
    commands: Commands,
    expected: Expected,
) -> Response:
    """Remove the public copy. Readers get a `404`, or by `answer` a `410` or a redirect."""
    return run_idempotent_command(commands, lambda unit: unpublish(unit, ref, order, expected))


@router.post("/{ref}/kill", summary="Kill a story", **_DECLARED)
def manage_kill_article(
    ref: str, order: KillInput, commands: Commands, expected: Expected
) -> Response:
    """Withdraw a story from all readers immediately, with a notice for those who have read it."""
    return run_idempotent_command(commands, lambda unit: kill(unit, ref, order, expected))


@router.post("/{ref}/restore", summary="Restore a deleted or killed article", **_DECLARED)
def manage_restore_article(
    ref: str,
    order: Annotated[RestoreInput, Body(default_factory=RestoreInput)],
    commands: Commands,
    caller: CallerDep,
    expected: Expected,
) -> Response:
    """Undo a deletion, or with the scope `admin` a kill. The article is not public afterwards."""
    return run_idempotent_command(
        commands, lambda unit: restore(unit, ref, order, expected, caller)
    )
