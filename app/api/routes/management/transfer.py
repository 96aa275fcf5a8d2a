"""Management: NDJSON in and out, streamed in constant memory."""

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from app.access.scopes import Scope
from app.api.http.asgi import request_id
from app.api.http.dependencies import CallerDep, Parts
from app.api.http.errors import UnsupportedMediaType
from app.api.http.parameters import NO_PARAMETERS, ParameterSet, declare_flag
from app.api.http.server import allow_time
from app.api.openapi.operations import describe
from app.api.routes.access_router import AccessRouter
from app.api.routes.management.article_answers import sees_killed
from app.api.routes.management.ndjson import ResponseWhileReading, export_stream, import_stream
from app.content.transfer.export import audit_export

router = AccessRouter(prefix="/v1/manage", tags=["Newsroom: transfer"])
NDJSON = "application/x-ndjson"
_DRY_RUN = declare_flag("dry_run", "Check every line and write nothing.")
_IMPORT = ParameterSet(_DRY_RUN)
_HEADERS = {"cache-control": "no-store"}


@router.post(
    "/import",
    access=Scope.publish,
    summary="Import NDJSON",
    responses={200: {"content": {NDJSON: {"schema": {"type": "string"}}}}},
    openapi_extra=describe(query=_IMPORT, problems=("bad_parameter", "unsupported_media_type"))
    | {"requestBody": {"required": True, "content": {NDJSON: {"schema": {"type": "string"}}}}},
)
async def manage_import(request: Request, services: Parts, caller: CallerDep) -> Response:
    """Import sources, categories and articles, one a line. Each line has a result line."""
    values = _IMPORT.parse(request.scope["query_string"])
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if sent not in {NDJSON, "application/ndjson", "application/jsonl"}:
        raise UnsupportedMediaType(f"Send the lines as {NDJSON}.")
    allow_time(request.scope)
    lines = import_stream(
        services,
        caller,
        request.stream(),
        dry_run=values[_DRY_RUN],
        request_id=request_id(request.scope),
    )
    return ResponseWhileReading(lines, headers=_HEADERS, media_type=NDJSON)


@router.get(
    "/export",
    access=Scope.publish,
    summary="Export everything as NDJSON",
    responses={200: {"content": {NDJSON: {"schema": {"type": "string"}}}}},
    openapi_extra=describe(problems=("bad_parameter",)),
)
async def manage_export(request: Request, services: Parts, caller: CallerDep) -> Response:
    """Export sources, categories and articles, one a line, in the form that an import reads.

    Killed stories are exported with the scope `admin` alone.
    """
    NO_PARAMETERS.parse(request.scope["query_string"])
    allow_time(request.scope)
    killed = sees_killed(caller)
    await run_in_threadpool(audit_export, services.runner, caller.actor, killed=killed)
    lines = export_stream(services, caller, killed=killed)
    return StreamingResponse(lines, headers=_HEADERS, media_type=NDJSON)
