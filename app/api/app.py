"""The HTTP application: routes on the inside, the edge around them."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import cache, partial
from threading import Event
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.routing import iter_route_contexts
from fastapi.staticfiles import StaticFiles
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, compile_path

from app.api.delivery.pushed import read_feed
from app.api.dependencies import note_route
from app.api.edge.asgi import App, request_id
from app.api.edge.secrets import path_for_log
from app.api.edge.stack import stack
from app.api.errors import MethodNotAllowed, NothingHere
from app.api.metrics import Metrics
from app.api.openapi import document
from app.api.problems import problem_for
from app.api.pulse import Pulse
from app.api.routes import (
    article_bulk,
    article_revisions,
    article_verbs,
    audit,
    changes,
    deliveries,
    discovery,
    feeds,
    hub,
    keys,
    manage_articles,
    manage_categories,
    manage_sources,
    previews,
    search,
    sitemaps,
    stories,
    system,
    taxonomy,
    transfer,
    webhooks,
)
from app.api.routing import PublicRouter
from app.bootstrap import Services
from app.content.errors import Moved
from app.kit.errors import Failure
from app.kit.quoting import quoted, shortened

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

_DELIVERY: tuple[PublicRouter, ...] = (
    stories.router,
    feeds.router,
    sitemaps.router,
    search.router,
    taxonomy.router,
    changes.router,
    keys.router,
    discovery.router,
    hub.router,
    system.router,
)
_MANAGEMENT = (
    manage_articles.router,
    article_verbs.router,
    article_bulk.router,
    article_revisions.router,
    manage_sources.router,
    manage_categories.router,
    keys.manage,
    audit.router,
    webhooks.router,
    deliveries.router,
    previews.router,
    transfer.router,
)


def create_app(services: Services, lifespan: Lifespan | None = None) -> App:
    """Return the whole HTTP application; `lifespan` starts and stops its background work."""
    metrics = Metrics()
    metrics.watch_leadership(services.leadership)
    inside = _framework(management=services.settings.management, lifespan=lifespan)
    inside.state.services = services
    inside.state.metrics = metrics
    inside.state.draining = draining = Event()
    inside.state.readiness = system.readiness(services)
    inside.state.pulse = pulse = Pulse(services.watch)
    inside.state.hub_clients = hub.hub_clients(services)
    services.push.read_feeds_by(partial(read_feed, services))
    return stack(inside, services, metrics, pulse, draining)


def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI document of everything there is."""
    return document(_framework(management=True))


def _framework(*, management: bool, lifespan: Lifespan | None = None) -> FastAPI:
    inside = FastAPI(
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        routes=_routes(management=management),
    )
    for kind in (Failure, ValidationError, Exception):
        inside.add_exception_handler(kind, _on_fault)
    inside.add_exception_handler(HTTPException, _on_http)
    inside.mount(system.STATIC, StaticFiles(directory=system.STATIC_FILES))
    return inside


@cache
def _routes(*, management: bool) -> list[BaseRoute]:
    """Return all routes, the same for every application of this process.

    What the framework works out of their signatures it keeps with them; it takes longer than all
    else that makes an application.
    """
    together = APIRouter(
        dependencies=[Depends(note_route)],
        generate_unique_id_function=lambda route: route.name,
    )
    for public in _DELIVERY:
        public.check()
        together.include_router(public)
    for router in _MANAGEMENT if management else ():
        together.include_router(router)
    return together.routes


def _on_fault(request: Request, wrong: Exception) -> Response:
    if isinstance(wrong, Moved):
        return _on_moved(request, wrong)
    status, headers, body = problem_for(wrong, request_id(request.scope))
    return Response(body, status, headers)


def _on_moved(request: Request, moved: Moved) -> Response:
    """Lead on to where a thing of the management side is now; 308 keeps the method."""
    route = request.scope["route"]
    path = route.path_format.format(**{**request.path_params, "ref": quote(moved.slug)})
    status = 301 if request.method == "GET" else 308
    return Response(None, status, {"location": path, "cache-control": "no-store"})


def _on_http(request: Request, wrong: Exception) -> Response:
    """Say in a problem document what the framework has no route for."""
    assert isinstance(wrong, HTTPException)
    if wrong.status_code != 405:
        path = path_for_log(request.url.path)
        return _on_fault(request, NothingHere(f"Nothing is served at {quoted(path)}."))
    methods = _methods(request)
    if request.method == "OPTIONS":
        return Response(None, 204, {"allow": ", ".join(methods)})
    detail = f"{shortened(request.method)} does not apply here; {', '.join(methods)} do(es)."
    return _on_fault(request, MethodNotAllowed(detail, methods))


def _methods(request: Request) -> list[str]:
    """Return every method that applies to a path; the framework knows only the first route."""
    methods: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        pattern, _, _ = compile_path(route.path or "")
        if pattern.fullmatch(request.scope["path"]):
            methods |= route.methods or set()
    if "GET" in methods:
        methods |= {"HEAD"}
    return sorted(methods | {"OPTIONS"})
