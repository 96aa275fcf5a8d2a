"""Answers: delivery's with validators and lifetimes, management's with versions."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import Request, Response

from app.api.conditional import entity_tag, http_date, not_modified, version_tag
from app.api.edge.asgi import state
from app.bootstrap import Services
from app.delivery.queries import Head
from app.kit import json

JSON = "application/json"
_SHARED_SECONDS = 15
# A change may still come within the second that Last-Modified can express.
_TOO_YOUNG = timedelta(seconds=2)
_VARY = "Accept-Encoding, Authorization, X-Api-Key"


def delivered(
    request: Request,
    body: bytes,
    head: Head,
    *,
    keys: str,
    links: Mapping[str, str] | None = None,
    media_type: str = JSON,
) -> Response:
    """Answer a reader with finished bytes, or tell that nothing changed."""
    tag, modified = entity_tag(body), _last_modified(head)
    headers = {
        "etag": tag,
        "cache-control": _lifetime(request, head),
        "vary": _VARY,
        "surrogate-key": keys,
        "dateline-serial": str(head.serial),
    }
    if modified is not None:
        headers["last-modified"] = http_date(modified)
    if links:
        headers["link"] = ", ".join(f'<{url}>; rel="{rel}"' for rel, url in links.items())
    asked = request.headers
    if not_modified(asked.get("if-none-match"), asked.get("if-modified-since"), tag, modified):
        return Response(None, 304, headers)
    return Response(body, 200, headers, media_type)


def redirected(request: Request, location: str) -> Response:
    """Lead on to where the thing is now, with the query as it was."""
    query, location = request.url.query, quote(location)
    headers = {
        "location": f"{location}?{query}" if query else location,
        "cache-control": "public, max-age=0, s-maxage=15",
        "vary": _VARY,
    }
    return Response(None, 301, headers)


def list_links(
    request: Request, services: Services, cursors: Mapping[str, str | None]
) -> dict[str, str]:
    """Return the links of a page: itself, the next and the previous one."""
    base = f"{services.settings.public_url or ''}{quote(request.url.path)}"
    query = request.url.query
    links = {"self": f"{base}?{query}" if query else base}
    kept = [(name, value) for name, value in request.query_params.multi_items() if name != "cursor"]
    for rel, cursor in cursors.items():
        if cursor is not None:
            links[rel] = f"{base}?{urlencode([*kept, ('cursor', cursor)])}"
    return links


def managed(
    value: Mapping[str, Any] | None,
    *,
    status: int = 200,
    version: int | None = None,
    location: str | None = None,
) -> Response:
    """Answer an editor: never cached, with the version as a tag."""
    headers = {"cache-control": "no-store"}
    if version is not None:
        headers["etag"] = version_tag(version)
    if location is not None:
        headers["location"] = location
    body = None if value is None else json.dumps(value)
    return Response(body, status, headers, None if body is None else JSON)


def managed_list(request: Request, services: Services, body: bytes, cursors: Any) -> Response:
    """Answer an editor with a page."""
    links = list_links(request, services, cursors)
    link = ", ".join(f'<{url}>; rel="{rel}"' for rel, url in links.items())
    return Response(body, 200, {"cache-control": "no-store", "link": link}, JSON)


def _lifetime(request: Request, head: Head) -> str:
    """Return how long caches may keep an answer: short, fixed, and cut at the next boundary."""
    if state(request.scope)["caller"].key_id is not None:
        return "private, max-age=0, must-revalidate"
    left = 2 * _SHARED_SECONDS
    if head.changes_at is not None:
        left = min(left, int((head.changes_at - head.now).total_seconds()))
    fresh = min(_SHARED_SECONDS, left)
    return f"public, max-age=0, s-maxage={fresh}, stale-while-revalidate={left - fresh}"


def _last_modified(head: Head) -> datetime | None:
    if head.changed_at is None or head.now - head.changed_at < _TOO_YOUNG:
        return None
    return head.changed_at
