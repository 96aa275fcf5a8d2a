"""Answering with an article, and running a verb of its life."""

from collections.abc import Callable
from typing import Any

from fastapi import Request, Response

from app.access.caller import Caller
from app.api.answers import managed
from app.api.posting import post
from app.bootstrap import Services
from app.content import queries
from app.content.article import Article
from app.kit.unit import Unit


def article_answer(
    unit: Unit, article: Article, *, status: int = 200, location: str | None = None
) -> Response:
    """Answer with an article as it is now, under its version."""
    view = queries.show_article(unit.session, article, unit.now)
    return managed(view, status=status, version=article.version, location=location)


def change(services: Services, caller: Caller, command: Callable[[Unit], Article]) -> Response:
    """Run a command on an article and answer with what comes of it."""
    return services.runner.run(caller.actor, lambda unit: article_answer(unit, command(unit)))


def verb(
    request: Request,
    services: Services,
    caller: Caller,
    body: dict[str, Any] | None,
    command: Callable[[Unit], Article],
) -> Response:
    """Run a verb once, whatever its Idempotency-Key, and answer with the article."""
    return post(request, services, caller, body, lambda unit: article_answer(unit, command(unit)))
