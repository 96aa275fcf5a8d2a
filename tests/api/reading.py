"""Helpers that read the public API, and the routes of the application."""

from typing import Any

from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

from app.api.app import _create_framework

MANAGE = "/v1/manage"
# Routes that always need a key.
_CLOSED = (MANAGE, "/v1/me/", "/auth/")
# Endless responses are tested separately, over real sockets.
ENDLESS = frozenset({"/v1/stream"})


def read(client: TestClient, path: str) -> dict[str, Any]:
    """Read a path that must exist."""
    response = client.get(path)
    assert response.status_code == 200, response.text
    value: dict[str, Any] = response.json()
    return value


def titles(client: TestClient, path: str = "/v1/headlines") -> list[str]:
    """Return the titles of a list, in its order."""
    return [item["title"] for item in read(client, path)["data"]]


def routes() -> list[tuple[str, str]]:
    """Return the method and path of every route of the application."""
    contexts = iter_route_contexts(_create_framework(management=True).routes)
    return [(method, item.path or "") for item in contexts for method in sorted(item.methods or ())]


def public_paths() -> list[str]:
    """Return the path of every finite route that needs no key if reading is open to all."""
    found_routes = (
        path for method, path in routes() if method == "GET" and not path.startswith(_CLOSED)
    )
    return [path for path in found_routes if path not in ENDLESS]


def fill_path(path: str, ref: str = "x") -> str:
    """Return the path of a route with values for its parameters; `ref` is the name of an object."""
    return path.format(
        ref=ref,
        slug=ref,
        tag=ref,
        part=ref,
        code=ref,
        version=1,
        ext="rss",
        token=ref,
        feed_token=ref,
        webhook=ref,
        product=ref,
        partner=ref,
        delivery=ref,
        person=ref,
        session=ref,
    )


def list_managed_routes() -> list[tuple[str, str]]:
    """Return every route of the management API."""
    return [(method, path) for method, path in routes() if path.startswith(MANAGE)]
