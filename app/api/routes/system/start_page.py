"""The start page: what is served here and where, as a page or as JSON."""

from collections.abc import Mapping
from html import escape

from fastapi import Request, Response

from app import __version__
from app.api.http.accept import weights
from app.api.http.access import ReadPolicy
from app.api.http.answer import JSON
from app.api.http.dependencies import Parts
from app.api.openapi.info import LEVEL
from app.api.openapi.operations import describe
from app.api.routes.public_router import PublicRouter
from app.api.schemas.system import ServiceInfo
from app.kit import json

router = PublicRouter(tags=["Operations"])
_HTML = "text/html"
_TEXT = {"schema": {"type": "string"}}
_HEADERS = {"cache-control": "public, max-age=300", "vary": "Accept"}
_DESCRIPTION = "Dateline is a headless content API for news."
_LINKS = {
    "reference": "/docs",
    "openapi": "/openapi.json",
    "headlines": "/v1/headlines",
    "search": "/v1/search",
    "changes": "/v1/changes",
    "rss": "/feeds/latest.rss",
    "atom": "/feeds/latest.atom",
    "json_feed": "/feeds/latest.json",
    "sitemap": "/sitemap.xml",
    "status": "/readyz",
}
_OF_REFERENCE = {"reference", "openapi"}


def _links(*, with_reference: bool) -> dict[str, str]:
    return {
        name: path for name, path in _LINKS.items() if with_reference or name not in _OF_REFERENCE
    }


def _page(links: Mapping[str, str]) -> bytes:
    items = "".join(
        f'<li><a href="{escape(path)}">{escape(name.replace("_", " "))}</a></li>'
        for name, path in links.items()
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Dateline</title>'
        f"<h1>Dateline</h1><p>{_DESCRIPTION} This is version {__version__}, API level {LEVEL}.</p>"
        f"<ul>{items}</ul></html>"
    ).encode()


@router.get(
    "/",
    access=ReadPolicy.OPEN,
    summary="Read what is served here",
    responses={200: {"model": ServiceInfo, "content": {_HTML: _TEXT}}},
    openapi_extra=describe(),
)
async def read_start(request: Request, services: Parts) -> Response:
    """Return a page to browsers, which ask for `text/html`, and JSON to other clients."""
    links = _links(with_reference=services.settings.docs == "public")
    wanted = weights(request.headers.get("accept", ""))
    if wanted.get(_HTML, 0.0) > wanted.get(JSON, 0.0):
        return Response(_page(links), headers=_HEADERS, media_type=f"{_HTML}; charset=utf-8")
    document = {
        "name": "Dateline",
        "version": __version__,
        "api_level": LEVEL,
        "description": _DESCRIPTION,
        "links": links,
    }
    return Response(json.dumps(document), headers=_HEADERS, media_type=JSON)
