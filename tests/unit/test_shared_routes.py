"""Applications of one process share their routes, and nothing else."""

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from app.api.app import _create_framework


def _paths(app: FastAPI) -> set[str]:
    return {route.path or "" for route in iter_route_contexts(app.routes)}


def test_routes_are_built_once() -> None:
    first, second = _create_framework(management=True), _create_framework(management=True)
    shared = {id(route) for route in first.routes} & {id(route) for route in second.routes}
    # All except the static files, which are mounted.
    assert len(shared) == len(first.routes) - 1 > 1
    assert first.routes is not second.routes


def test_an_application_without_management_shares_no_management_routes() -> None:
    whole, closed = _create_framework(management=True), _create_framework(management=False)
    managed = {path for path in _paths(whole) if path.startswith(("/v1/manage", "/auth/"))}
    assert managed
    assert _paths(closed) == _paths(whole) - managed
