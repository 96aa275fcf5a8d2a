"""The OpenAPI document and the API reference."""

import fastapi_offline
from fastapi import Request, Response
from fastapi.openapi.docs import get_swagger_ui_html

from app.api.http.access import Reads
from app.api.http.answer import JSON
from app.api.http.security_headers import reference_policy
from app.api.openapi.document import document
from app.api.openapi.operations import describe
from app.api.routes.public_router import PublicRouter
from app.kit import json

router = PublicRouter(tags=["operations"])
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
    access=Reads.ANYTHING_OPEN,
    summary="This description of the API",
    responses={200: {"content": {JSON: {"schema": {"type": "object"}}}}},
    openapi_extra=describe(),
)
async def read_openapi(request: Request) -> Response:
    """Return the OpenAPI document."""
    return Response(json.dumps(document(request.app)), headers=_FOR_A_WHILE, media_type=JSON)


@router.get(
    "/docs",
    access=Reads.ANYTHING_OPEN,
    summary="The API reference, to read and try",
    responses={200: {"content": {"text/html": _TEXT}}},
    openapi_extra=describe(),
)
async def read_reference() -> Response:
    """Return the API reference, with no file from elsewhere."""
    headers = {**_FOR_A_WHILE, "content-security-policy": _REFERENCE_POLICY}
    return Response(_REFERENCE, headers=headers, media_type="text/html; charset=utf-8")
