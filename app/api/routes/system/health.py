"""Health checks: liveness and readiness."""

from functools import partial

from fastapi import Request, Response

from app.api.http.access import ReadPolicy
from app.api.http.responses import json_response
from app.api.openapi.operations import describe
from app.api.routes.public_router import PublicRouter
from app.api.schemas.system import Liveness, Readiness
from app.bootstrap import Services
from app.kit.dedicated_thread import DedicatedThread
from app.kit.errors import Failure
from app.kit.sql import migrations

router = PublicRouter(tags=["Operations"])
# The index counts as current if it is at most this many log rows behind.
_NOT_FOLLOWING = 1_000
_STOPPING: dict[str, str | bool | None] = {
    "status": "not ready",
    "database": "unknown",
    "migrations": "unknown",
    "index": "unknown",
    "writes": False,
    "detail": "The server is about to stop.",
}
_NO_ANSWER = {**_STOPPING, "database": "does not answer", "detail": "The database does not answer."}
# Seconds after which a check without a result has failed.
_READY_WITHIN = 1.5


@router.get(
    "/healthz",
    access=ReadPolicy.OPEN,
    summary="Check liveness",
    responses={200: {"model": Liveness}},
    openapi_extra=describe(),
)
async def read_health() -> Response:
    """Return that the process is alive."""
    return json_response({"status": "alive"})


@router.get(
    "/readyz",
    access=ReadPolicy.OPEN,
    summary="Check readiness",
    responses={200: {"model": Readiness}, 503: {"model": Readiness}},
    openapi_extra=describe(),
)
async def read_readiness(request: Request) -> Response:
    """Return whether the process can serve: the database answers, and its schema fits."""
    if request.app.state.draining.is_set():
        return json_response(_STOPPING, status=503)
    report = await request.app.state.readiness.result()
    if report["database"] == "does not answer" and request.app.state.serves_stale():
        report = {**report, "status": "ready", "database": "away"}
    return json_response(report, status=200 if report["status"] == "ready" else 503)


def readiness(services: Services) -> DedicatedThread[dict[str, str | bool | None]]:
    """Return a dedicated thread for readiness checks, which busy worker threads do not delay."""
    return DedicatedThread(partial(_readiness, services), _READY_WITHIN, _NO_ANSWER)


def _readiness(services: Services) -> dict[str, str | bool | None]:
    try:
        schema = migrations.check(services.database)
    except Failure as failure:
        behind = failure.code == "database_behind"
        return {
            "status": "not ready",
            "database": "answers" if behind else "does not answer",
            "migrations": "behind" if behind else "unknown",
            "index": "unknown",
            "writes": False,
            "detail": failure.detail,
        }
    fault = services.search.write_fault()
    return {
        "status": "ready",
        "database": "answers",
        "migrations": schema,
        "index": "cannot be written" if fault else _index(services),
        "writes": services.database.is_writable(),
        "detail": fault,
    }


def _index(services: Services) -> str:
    """Return the state of the search index; readiness does not depend on it."""
    standing = services.search.status()
    if not standing.built:
        return "is being built"
    return "is behind" if standing.behind > _NOT_FOLLOWING else "follows"
