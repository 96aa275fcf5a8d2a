"""Responses of the management side: never cached, with the version as `ETag`."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response

from app.api.http.answer import JSON, build_link_header
from app.api.http.paging import Links, Paging, envelope
from app.bootstrap import Services
from app.kit import json
from app.kit.view_page import ViewPage


def json_response(
    value: Mapping[str, Any] | None,
    *,
    status: int = 200,
    version: int | None = None,
    location: str | None = None,
) -> Response:
    """Build a JSON response that is never cached, with the version as `ETag`."""
    headers = {"cache-control": "no-store"}
    if version is not None:
        headers["etag"] = f'"v{version}"'
    if location is not None:
        headers["location"] = location
    body = None if value is None else json.dumps(value)
    return Response(body, status, headers, None if body is None else JSON)


def list_response(request: Request, services: Services, paging: Paging, page: ViewPage) -> Response:
    """Build the response with a page of a list."""
    items = [json.dumps(item) for item in page.items]
    body, cursors = envelope(paging, items, page.before, page.after, page.count)
    own = services.settings.public_url or ""
    links = Links.of(request.scope["path"], request.scope["query_string"], own)
    headers = {
        "cache-control": "no-store",
        "link": build_link_header(links.by_relation(cursors), {}, ()),
    }
    return Response(body, 200, headers, JSON)
