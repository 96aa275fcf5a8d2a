"""Run commands on an article, and answer with the article."""

from collections.abc import Callable

from fastapi import Response

from app.access.caller import Caller
from app.access.scopes import Scope
from app.api.http.commands import CommandRunner
from app.api.http.responses import json_response
from app.content import queries
from app.content.article import Article
from app.content.body_text import BodyText
from app.content.references import ReferenceResolver
from app.content.text_computation import list_warnings
from app.kit.precomputation import ComputedValues
from app.kit.sql.unit_of_work import UnitOfWork

_PATH = "/v1/manage/articles/"


def sees_killed(caller: Caller) -> bool:
    """Tell whether a caller may read the text of a story that was killed."""
    return caller.allows(Scope.admin)


def answer_article(
    unit: UnitOfWork,
    article: Article,
    caller: Caller,
    *,
    status: int = 200,
    location: str | None = None,
    references: ReferenceResolver | None = None,
) -> Response:
    """Answer with the current article, and with warnings about removed parts of its body."""
    whole = sees_killed(caller)
    view = queries.view_article(unit.session, article, unit.now, whole=whole, references=references)
    if warnings := list_warnings(unit.prepared, article):
        view = view | {"warnings": warnings}
    answer = json_response(view, status=status, version=article.version, location=location)
    answer.headers["content-location"] = f"{_PATH}{article.id}"
    return answer


def get_subject(response: Response) -> str | None:
    """Return the id of the article that an answer shows."""
    return response.headers.get("content-location", "").removeprefix(_PATH) or None


def run_command(
    commands: CommandRunner,
    command: Callable[[UnitOfWork], Article],
    prepared: ComputedValues[BodyText] | None = None,
) -> Response:
    """Run a command, and answer with the article."""
    return commands.run(lambda unit: answer_article(unit, command(unit), commands.caller), prepared)


def run_idempotent_command(
    commands: CommandRunner,
    command: Callable[[UnitOfWork], Article],
    prepared: ComputedValues[BodyText] | None = None,
) -> Response:
    """Run a command, and answer with the article; honour an Idempotency-Key."""
    return commands.run_idempotent(
        lambda unit: answer_article(unit, command(unit), commands.caller),
        prepared,
        subject=get_subject,
    )
