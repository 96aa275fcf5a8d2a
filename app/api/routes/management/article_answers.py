"""Answering with an article, and running a verb of its life."""

from collections.abc import Callable

from fastapi import Response

from app.access.caller import Caller
from app.access.scopes import Scope
from app.api.http.commands import CommandRunner
from app.api.http.responses import json_response
from app.content import queries
from app.content.article import Article
from app.content.references import References
from app.content.text import Text
from app.content.texts import warnings_of
from app.kit.precomputation import ComputedValues
from app.kit.sql.unit_of_work import UnitOfWork

_PATH = "/v1/manage/articles/"


def sees_killed(caller: Caller) -> bool:
    """Tell whether a caller may read the text of a story that was killed."""
    return caller.allows(Scope.admin)


def article_answer(
    unit: UnitOfWork,
    article: Article,
    caller: Caller,
    *,
    status: int = 200,
    location: str | None = None,
    references: References | None = None,
) -> Response:
    """Answer with an article as it is now, and with what was taken out of its body."""
    whole = sees_killed(caller)
    view = queries.show_article(unit.session, article, unit.now, whole=whole, references=references)
    if warnings := warnings_of(unit.prepared, article):
        view = view | {"warnings": warnings}
    answer = json_response(view, status=status, version=article.version, location=location)
    answer.headers["content-location"] = f"{_PATH}{article.id}"
    return answer


def subject_of(response: Response) -> str | None:
    """Return the id of the article that an answer shows."""
    return response.headers.get("content-location", "").removeprefix(_PATH) or None


def change(
    commands: CommandRunner,
    command: Callable[[UnitOfWork], Article],
    prepared: ComputedValues[Text] | None = None,
) -> Response:
    """Run a command on an article and answer with what comes of it."""
    return commands.run(lambda unit: article_answer(unit, command(unit), commands.caller), prepared)


def verb(
    commands: CommandRunner,
    command: Callable[[UnitOfWork], Article],
    prepared: ComputedValues[Text] | None = None,
) -> Response:
    """Run a verb once, whatever its Idempotency-Key, and answer with the article."""
    return commands.run_once(
        lambda unit: article_answer(unit, command(unit), commands.caller),
        prepared,
        subject=subject_of,
    )
