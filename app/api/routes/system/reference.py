"""The OpenAPI document and the API reference."""

from functools import partial

import fastapi_offline
from fastapi import Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.concurrency import run_in_threadpool

from app.api.http.access import ReadPolicy
from app.api.http.answer import JSON
from app.api.http.dependencies import Parts
from app.api.http.parameters import Parameter, ParameterSet, choice_parser
from app.api.http.security_headers import reference_policy
from app.api.openapi.document import document
from app.api.openapi.operations import describe
from app.api.routes.public_router import PublicRouter
from app.kit import json

router = PublicRouter(tags=["Operations"])
_FIELDS = Parameter(
    "fields",
    "Whether the parameter `fields` is described. With `false`, all members that an answer "
    "without `fields=` always has are required.",
    {"type": "boolean", "default": True},
    choice_parser(("true", "false")),
    "true",
    default_text="true",
)
_DOCUMENT = ParameterSet(_FIELDS)
_FOR_A_WHILE = {"cache-control": "public, max-age=300"}
_TEXT = {"schema": {"type": "string"}}
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
    "/openapi.json",
    access=ReadPolicy.OPEN,
    summary="Read the OpenAPI document",
    responses={200: {"content": {JSON: {"schema": {"type": "object"}}}}},
    openapi_extra=describe(query=_DOCUMENT, problems=("bad_parameter", "not_found")),
)
async def read_openapi(request: Request, services: Parts) -> Response:
    """Return this document."""
    with_fields = _DOCUMENT.parse(request.scope["query_string"])[_FIELDS] == "true"
    known: dict[bool, bytes] = request.app.state.openapi
    if with_fields not in known:
        own = services.settings.public_url
        # It takes half a second, once.
        build = partial(document, request.app, public_url=own, with_fields=with_fields)
        known[with_fields] = json.dumps(await run_in_threadpool(build))
    return Response(known[with_fields], headers=_FOR_A_WHILE, media_type=JSON)


@router.get(
    "/docs",
    access=ReadPolicy.OPEN,
    summary="Read the API reference",
    responses={200: {"content": {"text/html": _TEXT}}},
    openapi_extra=describe(problems=("not_found",)),
)
async def read_reference() -> Response:
    """Return the API reference as a page. It loads no file from other servers."""
    headers = {**_FOR_A_WHILE, "content-security-policy": _REFERENCE_POLICY}
    return Response(_REFERENCE, headers=headers, media_type="text/html; charset=utf-8")
