"""Whether the process is alive, and whether it can serve."""

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

from app.api.http.access import Reads
from app.api.http.dependencies import Parts
from app.api.http.responses import json_response
from app.api.openapi.operations import describe
from app.api.routes.public_router import PublicRouter
from app.api.schemas.system import Health, Ready
from app.bootstrap import Services
from app.kit import migrations
from app.kit.errors import Failure

router = PublicRouter(tags=["operations"])
# Rows of the log that an index may be behind and still be said to follow.
_NOT_FOLLOWING = 1_000
_STOPPING = {
    "status": "not ready",
    "database": "unknown",
    "migrations": "unknown",
    "index": "unknown",
    "detail": "The server is about to stop.",
}


@router.get(
    "/healthz",
    access=Reads.ANYTHING_OPEN,
    summary="Is the process alive?",
    responses={200: {"model": Health}},
    openapi_extra=describe(),
)
async def read_health() -> Response:
    """Answer as long as the process can."""
    return json_response({"status": "alive"})


@router.get(
    "/readyz",
    access=Reads.ANYTHING_OPEN,
    summary="Can the process serve?",
    responses={200: {"model": Ready}, 503: {"model": Ready}},
    openapi_extra=describe(),
)
async def read_readiness(request: Request, services: Parts) -> Response:
    """Tell whether the database answers and its schema is current, and nobody stops the server."""
    if request.app.state.draining.is_set():
        return json_response(_STOPPING, status=503)
    report = await run_in_threadpool(_readiness, services)
    return json_response(report, status=200 if report["status"] == "ready" else 503)


def _readiness(services: Services) -> dict[str, str | None]:
    try:
        migrations.check(services.database)
    except Failure as failure:
        behind = failure.code == "database_behind"
        return {
            "status": "not ready",
            "database": "answers" if behind else "does not answer",
            "migrations": "behind" if behind else "unknown",
            "index": "unknown",
            "detail": failure.detail,
        }
    return {
        "status": "ready",
        "database": "answers",
        "migrations": "current",
        "index": _index(services),
        "detail": None,
    }


def _index(services: Services) -> str:
    """Say how the search index stands; without it, searching is worse and serving is not."""
    standing = services.search.standing()
    if not standing.built:
        return "is being built"
    return "is behind" if standing.behind > _NOT_FOLLOWING else "follows"
