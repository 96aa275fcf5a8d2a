"""Management: one verb for many stories."""

from typing import Any

from fastapi import Request, Response

from app.access.scopes import Scope
from app.api.http.asgi import request_id
from app.api.http.commands import Commands
from app.api.http.problems import problem_for
from app.api.http.responses import json_response
from app.api.openapi.operations import BODY, NAMES, ONCE, describe
from app.api.routes.access_router import AccessRouter
from app.api.schemas.newsroom import BulkAnswer
from app.content.article import compute_state
from app.content.command_inputs import BulkInput
from app.content.commands.run_bulk import BulkOutcome, run_bulk
from app.content.text_computation import list_warnings, prepare_body
from app.kit import json
from app.kit.sql.unit_of_work import UnitOfWork

router = AccessRouter(prefix="/v1/manage/articles", tags=["Newsroom: articles"])


@router.post(
    "/bulk",
    access=Scope.publish,
    summary="Apply a verb to many stories",
    response_model=BulkAnswer,
    openapi_extra=describe(
        headers=("Idempotency-Key",),
        problems=(*BODY, *NAMES, *ONCE, "bulk_refused", "conflict", "database_busy"),
    ),
)
def manage_bulk_articles(order: BulkInput, request: Request, commands: Commands) -> Response:
    """Apply a verb to up to 100 stories, in any version, with a result for each.

    With `"atomic": true`, nothing is done where one story refuses the verb.
    """

    def act(unit: UnitOfWork) -> Response:
        results = run_bulk(unit, order, commands.caller)
        found = [_result(unit, one, request_id(request.scope)) for one in results]
        done = sum(one["article"] is not None for one in found)
        return json_response({"results": found, "done": done, "refused": len(found) - done})

    changes = order.body.get("changes")
    texts = prepare_body(changes, commands.runner.options) if isinstance(changes, dict) else None
    return commands.run_idempotent(act, texts)


def _result(unit: UnitOfWork, result: BulkOutcome, id_: str | None) -> dict[str, Any]:
    article, wrong = result.article, result.error
    shown = None
    if article is not None:
        state = compute_state(article, unit.now)
        version = article.version
        shown = {"id": article.id, "slug": article.slug, "state": state, "version": version}
    warnings = [] if article is None else list_warnings(unit.prepared, article)
    return ({"warnings": warnings} if warnings else {}) | {
        "ref": result.ref,
        "status": "refused" if wrong else "done",
        "article": shown,
        "problem": json.loads(problem_for(wrong, id_).body) if wrong else None,
    }
