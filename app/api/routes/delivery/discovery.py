"""What programs look for by themselves: robots.txt, and the catalogue of this API (RFC 9727)."""

from fastapi import Response

from app.api.delivery.feed_pages import get_addresses
from app.api.http.access import ReadPolicy
from app.api.http.dependencies import Parts
from app.api.openapi.operations import LISTED, describe
from app.api.routes.public_router import PublicRouter
from app.kit import json

router = PublicRouter(tags=["Operations"])
_LINKSET = "application/linkset+json"
_PROFILE = "https://www.rfc-editor.org/info/rfc9727"
_FOR_A_WHILE = {"cache-control": "public, max-age=300"}
_CLOSED = "User-agent: *\nDisallow: /\n"


@router.get(
    "/robots.txt",
    access=ReadPolicy.OPEN,
    summary="Read robots.txt",
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    openapi_extra=describe(),
)
async def read_robots(services: Parts) -> Response:
    """Return what crawlers may read, and where the sitemaps are."""
    if services.settings.anonymous == "none":
        return Response(_CLOSED, headers=_FOR_A_WHILE, media_type="text/plain")
    here = get_addresses(services).here
    lines = (
        "User-agent: *",
        "Disallow: /v1/manage/",
        f"Sitemap: {here('/sitemap.xml')}",
        f"Sitemap: {here('/sitemap-news.xml')}",
    )
    return Response("\n".join(lines) + "\n", headers=_FOR_A_WHILE, media_type="text/plain")


@router.get(
    "/.well-known/api-catalog",
    access=ReadPolicy.OPEN,
    summary="Read the API catalog",
    responses={200: {"content": {_LINKSET: {"schema": {"type": "object"}}}}},
    openapi_extra=describe(sends=LISTED),
)
async def read_catalogue(services: Parts) -> Response:
    """Return where the description, the reference and the health of this API are (RFC 9727)."""
    here = get_addresses(services).here
    reference = {
        "service-desc": [{"href": here("/openapi.json"), "type": "application/json"}],
        "service-doc": [{"href": here("/docs"), "type": "text/html"}],
    }
    api = {
        "anchor": here("/v1/"),
        **(reference if services.settings.docs == "public" else {}),
        "status": [{"href": here("/readyz"), "type": "application/json"}],
    }
    media_type = f'{_LINKSET}; profile="{_PROFILE}"'
    headers = {**_FOR_A_WHILE, "link": f'<{here("/.well-known/api-catalog")}>; rel="api-catalog"'}
    return Response(json.dumps({"linkset": [api]}), headers=headers, media_type=media_type)
