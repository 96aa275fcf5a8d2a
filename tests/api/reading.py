"""Short words for reading the public side, and the routes that the application has."""

from typing import Any

from fastapi.routing import iter_route_contexts
from starlette.testclient import TestClient

from app.api.app import _create_framework

MANAGE = "/v1/manage"
# Routes that always need a key.
_CLOSED = (MANAGE, "/v1/me/", "/auth/")
# Answers that never end have tests of their own, over real sockets.
ENDLESS = frozenset({"/v1/stream"})


def read(client: TestClient, path: str) -> dict[str, Any]:
    """Read a path that has to be there."""
    response = client.get(path)
    assert response.status_code == 200, response.text
    value: dict[str, Any] = response.json()
    return value


def titles(client: TestClient, path: str = "/v1/headlines") -> list[str]:
    """Return the titles of a list, in its order."""
    return [one["title"] for one in read(client, path)["data"]]


def routes() -> list[tuple[str, str]]:
    """Return the method and path of every route that the application has."""
    found = iter_route_contexts(_create_framework(management=True).routes)
    return [(method, one.path or "") for one in found for method in sorted(one.methods or ())]


def public_paths() -> list[str]:
    """Return the path of every route that needs no key where reading is open to all, and ends."""
    found = (path for method, path in routes() if method == "GET" and not path.startswith(_CLOSED))
    return [path for path in found if path not in ENDLESS]


def filled(path: str, ref: str = "x") -> str:
    """Return the path of a route with its parts filled in: what names a thing is `ref`."""
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


def managed_routes() -> list[tuple[str, str]]:
    """Return every route of the management side."""
    return [(method, path) for method, path in routes() if path.startswith(MANAGE)]
