"""Metrics for Prometheus."""

from fastapi import Request, Response
from starlette.concurrency import run_in_threadpool

from app.api.http.access import ReadPolicy
from app.api.http.dependencies import Parts
from app.api.monitoring.metrics import MEDIA_TYPE, Metrics
from app.api.openapi.operations import describe
from app.api.routes.public_router import PublicRouter
from app.bootstrap import Services
from app.kit.errors import Failure
from app.search.queries import IndexStatus
from app.syndication.push.purging import CdnPurger
from app.syndication.push.push import PushStatus

router = PublicRouter(tags=["Operations"])
_NO_STORE = {"cache-control": "no-store"}
_TEXT = {"schema": {"type": "string"}}


@router.get(
    "/metrics",
    access=ReadPolicy.OPEN,
    summary="Read metrics",
    responses={200: {"content": {"text/plain": _TEXT}}},
    openapi_extra=describe(problems=("not_found",)),
)
async def read_metrics(request: Request, services: Parts) -> Response:
    """Return the metrics of all processes on this port in Prometheus' text format."""
    metrics: Metrics = request.app.state.metrics
    metrics.log.note(await run_in_threadpool(_serial, services))
    if services.purging is not None:
        lag = await run_in_threadpool(_lag, services.purging)
        metrics.purges.note(lag)
    metrics.push.note(await run_in_threadpool(_push_status, services))
    metrics.index.note(await run_in_threadpool(_index_status, services))
    return Response(metrics.render(), headers=_NO_STORE, media_type=MEDIA_TYPE)


def _serial(services: Services) -> int | None:
    try:
        return services.delivery.load_log_state().serial
    except Failure:
        return None


def _lag(purging: CdnPurger) -> int | None:
    try:
        return purging.lag()
    except Failure:
        return None


def _push_status(services: Services) -> PushStatus | None:
    try:
        return services.push.status()
    except Failure:
        return None


def _index_status(services: Services) -> IndexStatus | None:
    try:
        return services.search.status()
    except Failure:
        return None
