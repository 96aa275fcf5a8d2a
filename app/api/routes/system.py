"""The open paths: health, readiness, metrics, the reference and the problems."""

from functools import partial
from html import escape

import fastapi_offline
from fastapi import Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.concurrency import run_in_threadpool

from app.api.answer import JSON
from app.api.answers import managed
from app.api.delivery.resource import Reads
from app.api.dependencies import Parts
from app.api.describe import describe
from app.api.edge.safety import reference_policy
from app.api.errors import NothingHere
from app.api.metrics import MEDIA_TYPE, Metrics
from app.api.openapi import document
from app.api.problems import FIELD_CODES, PROBLEMS
from app.api.routing import PublicRouter
from app.api.schemas.system import Health, Ready
from app.bootstrap import Services
from app.kit import json, migrations
from app.kit.dedicated import DedicatedThread
from app.kit.errors import Failure
from app.search.queries import Standing
from app.syndication.purging import Purging
from app.syndication.push.push import Standing as PushStanding

router = PublicRouter(tags=["operations"])
_NO_STORE = {"cache-control": "no-store"}
_FOR_A_WHILE = {"cache-control": "public, max-age=300"}
_TEXT = {"schema": {"type": "string"}}
# Rows of the log that an index may be behind and still be said to follow.
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
# Seconds after which no answer is one, too.
_READY_WITHIN = 1.5
STATIC = "/docs/static"
STATIC_FILES = f"{fastapi_offline.__path__[0]}/static"
_REFERENCE = bytes(
    get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Dateline: API reference",
        swagger_js_url=f"{STATIC}/swagger-ui-bundle.js",
        swagger_css_url=f"{STATIC}/swagger-ui.css",
        swagger_favicon_url=f"{STATIC}/favicon.png",
    ).body
)
_REFERENCE_POLICY = reference_policy(_REFERENCE)


@router.get(
    "/healthz",
    reads=Reads.ANYTHING_OPEN,
    summary="Is the process alive?",
    responses={200: {"model": Health}},
    openapi_extra=describe(),
)
async def read_health() -> Response:
    """Answer as long as the process can."""
    return managed({"status": "alive"})


@router.get(
    "/readyz",
    reads=Reads.ANYTHING_OPEN,
    summary="Can the process serve?",
    responses={200: {"model": Ready}, 503: {"model": Ready}},
    openapi_extra=describe(),
)
async def read_readiness(request: Request) -> Response:
    """Tell whether the database answers and its schema is current, and nobody stops the server."""
    if request.app.state.draining.is_set():
        return managed(_STOPPING, status=503)
    report = await request.app.state.readiness.result()
    return managed(report, status=200 if report["status"] == "ready" else 503)


@router.get(
    "/metrics",
    reads=Reads.ANYTHING_OPEN,
    summary="Metrics for Prometheus",
    responses={200: {"content": {"text/plain": _TEXT}}},
    openapi_extra=describe(),
)
async def read_metrics(request: Request, services: Parts) -> Response:
    """Return the metrics of this process in Prometheus' text format."""
    metrics: Metrics = request.app.state.metrics
    metrics.log.note(await run_in_threadpool(_serial, services))
    if services.purging is not None:
        lag = await run_in_threadpool(_lag, services.purging)
        metrics.purges.note(services.purging.sent, services.purging.failed, lag)
    metrics.push.note(services.push.sender.outcomes, await run_in_threadpool(_pushing, services))
    metrics.index.note(await run_in_threadpool(_standing, services))
    return Response(metrics.text(), headers=_NO_STORE, media_type=MEDIA_TYPE)


@router.get(
    "/openapi.json",
    reads=Reads.ANYTHING_OPEN,
    summary="This description of the API",
    responses={200: {"content": {JSON: {"schema": {"type": "object"}}}}},
    openapi_extra=describe(),
)
async def read_openapi(request: Request) -> Response:
    """Return the OpenAPI document."""
    return Response(json.dumps(document(request.app)), headers=_FOR_A_WHILE, media_type=JSON)


@router.get(
    "/docs",
    reads=Reads.ANYTHING_OPEN,
    summary="The API reference, to read and try",
    responses={200: {"content": {"text/html": _TEXT}}},
    openapi_extra=describe(),
)
async def read_reference() -> Response:
    """Return the API reference, with no file from elsewhere."""
    headers = {**_FOR_A_WHILE, "content-security-policy": _REFERENCE_POLICY}
    return Response(_REFERENCE, headers=headers, media_type="text/html; charset=utf-8")


@router.get(
    "/problems/{code}",
    reads=Reads.ANYTHING_OPEN,
    summary="What a problem means, and the way out",
    responses={200: {"content": {"text/html": _TEXT}}},
    openapi_extra=describe(problems=("not_found",)),
)
async def read_problem(code: str) -> Response:
    """Explain a problem to the person who met it."""
    kind = PROBLEMS.get(code)
    if kind is None:
        raise NothingHere("No problem has this code.")
    fields = "".join(
        f"<dt><code>{escape(name)}</code></dt><dd>{escape(text)}</dd>"
        for name, text in FIELD_CODES.items()
    )
    listed = f"<h2>Codes in <code>errors</code></h2><dl>{fields}</dl>" if kind.status < 500 else ""
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(kind.title)}</title>'
        f"<h1>{escape(kind.title)}</h1><p>Status {kind.status}, code <code>{escape(code)}</code>."
        f"</p><p>{escape(kind.advice)}</p>{listed}</html>"
    )
    return Response(page, headers=_FOR_A_WHILE, media_type="text/html; charset=utf-8")


def readiness(services: Services) -> DedicatedThread[dict[str, str | bool | None]]:
    """Return what finds out whether the process can serve, whatever other threads wait for."""
    return DedicatedThread(partial(_readiness, services), _READY_WITHIN, _NO_ANSWER)


def _readiness(services: Services) -> dict[str, str | bool | None]:
    try:
        migrations.check(services.database)
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
    return {
        "status": "ready",
        "database": "answers",
        "migrations": "current",
        "index": _index(services),
        "writes": services.database.takes_writes(),
        "detail": None,
    }


def _index(services: Services) -> str:
    """Say how the search index stands; without it, searching is worse and serving is not."""
    standing = services.search.standing()
    if not standing.built:
        return "is being built"
    return "is behind" if standing.behind > _NOT_FOLLOWING else "follows"


def _serial(services: Services) -> int | None:
    try:
        return services.delivery.directory()[1].serial
    except Failure:
        return None


def _lag(purging: Purging) -> int | None:
    try:
        return purging.lag()
    except Failure:
        return None


def _pushing(services: Services) -> PushStanding | None:
    try:
        return services.push.standing()
    except Failure:
        return None


def _standing(services: Services) -> Standing | None:
    try:
        return services.search.standing()
    except Failure:
        return None
