"""The HTTP application: routes and the middleware stack."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import cache, partial
from threading import Event
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, compile_path

from app.api.cache.middleware import CacheMiddleware
from app.api.cache.pushed_feeds import read_feed
from app.api.http.asgi import App, request_id
from app.api.http.errors import MethodNotAllowed, PathNotFound
from app.api.http.problems import problem_for
from app.api.http.server import server_hooks
from app.api.live.change_notifier import ChangeNotifier
from app.api.live.stream import StreamMiddleware
from app.api.middleware.access_log import AccessLogMiddleware, RequestLog
from app.api.middleware.addresses import AddressMiddleware
from app.api.middleware.authentication import AuthenticationMiddleware
from app.api.middleware.body_limit import BodyLimitMiddleware
from app.api.middleware.cors import CorsMiddleware
from app.api.middleware.head_method import HeadMiddleware
from app.api.middleware.operator_pages import OperatorsOnlyMiddleware, PublicPagesMiddleware
from app.api.middleware.problem_documents import ProblemMiddleware
from app.api.monitoring.metrics import Metrics
from app.api.monitoring.redaction import path_for_log
from app.api.openapi.document import document
from app.api.operator_port import OperatorApp, build_operator_app
from app.api.routes.access_router import AccessRouter
from app.api.routes.delivery import (
    changes,
    discovery,
    feeds,
    hub,
    search,
    sitemaps,
    stories,
    taxonomy,
)
from app.api.routes.management import (
    articles,
    audit,
    bulk,
    categories,
    deliveries,
    feed_tokens,
    keys,
    partner_webhooks,
    partners,
    people,
    previews,
    products,
    recipients,
    revisions,
    sign_in,
    sources,
    transfer,
    usage,
    verbs,
    webhooks,
)
from app.api.routes.public_router import PublicRouter
from app.api.routes.system import health, reference, start_page
from app.api.routes.system import metrics as system_metrics
from app.api.routes.system import problems as problem_pages
from app.bootstrap import Services
from app.content.errors import Moved
from app.kit.errors import Failure
from app.kit.input_fields import Input, InvalidFields
from app.kit.quoting import quote_text, shorten
from app.settings import Settings

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]

# The bodies of these paths are read by line, with a limit for each line.
_STREAMED = ("/v1/manage/import",)
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
    health.router,
    system_metrics.router,
    reference.router,
    start_page.router,
    problem_pages.router,
)
_MANAGEMENT: tuple[AccessRouter, ...] = (
    articles.router,
    verbs.router,
    bulk.router,
    revisions.router,
    recipients.router,
    sources.router,
    categories.router,
    keys.manage,
    products.router,
    partners.router,
    feed_tokens.router,
    people.router,
    sign_in.router,
    audit.router,
    webhooks.router,
    deliveries.router,
    previews.router,
    usage.manage,
    transfer.router,
)
# Partners use these where the management surface is off, too.
_OF_PARTNERS: tuple[AccessRouter, ...] = (partner_webhooks.router, usage.router)


def create_app(
    services: Services,
    lifespan: Lifespan | None = None,
    request_log: Callable[[Metrics, Settings], RequestLog] = RequestLog,
) -> App:
    """Return the whole HTTP application; `lifespan` starts and stops its background work."""
    metrics = Metrics()
    log = request_log(metrics, services.settings)
    metrics.watch_leadership(services.leadership)
    metrics.watch_usage(services.usage)
    metrics.push.watch(services.push.sender.outcomes)
    if services.purging is not None:
        metrics.purges.watch(services.purging)
    inside = _create_framework(management=services.settings.management, lifespan=lifespan)
    inside.state.services = services
    inside.state.metrics = metrics
    inside.state.draining = draining = Event()
    inside.state.readiness = health.readiness(services)
    inside.state.notifier = notifier = ChangeNotifier(services.watch)
    inside.state.hub_clients = hub.hub_clients(services)
    services.push.set_feed_reader(partial(read_feed, services))
    outermost = _with_middleware(inside, services, metrics, log, notifier, draining)
    inside.state.serves_stale = outermost.serves_stale
    inside.state.operations = _with_operators_middleware(inside, services, log)
    return outermost


def _with_middleware(
    app: App,
    services: Services,
    metrics: Metrics,
    log: RequestLog,
    notifier: ChangeNotifier,
    draining: Event,
) -> CacheMiddleware:
    """Wrap the framework in the middleware stack, the innermost first.

    `draining` is set when the server is about to stop.
    """
    settings = services.settings
    own = settings.public_url or ""
    app = BodyLimitMiddleware(app, settings.max_body_bytes, _STREAMED)
    app = StreamMiddleware(app, services, notifier)
    app = AuthenticationMiddleware(app, services)
    app = HeadMiddleware(app)
    app = ProblemMiddleware(app, own)
    app = CorsMiddleware(app, settings.cors_origins, settings.management_cors_origins)
    if {settings.metrics, settings.docs} != {"public"}:
        app = PublicPagesMiddleware(app, settings)
    app = AddressMiddleware(app, settings.allowed_hosts, own)
    app = AccessLogMiddleware(app, log, services.usage)
    outermost = CacheMiddleware(app, services, metrics, notifier, log)
    hooks = server_hooks(outermost.lookup, draining, notifier.end, settings)
    metrics.connections.watch(hooks.limits)
    outermost.hooks = replace(hooks, share=metrics.share)
    return outermost


def _with_operators_middleware(app: App, services: Services, log: RequestLog) -> OperatorApp:
    """Wrap the framework in the middleware stack of the operators' port."""
    app = AuthenticationMiddleware(app, services, limits_addresses=False)
    app = HeadMiddleware(app)
    app = ProblemMiddleware(app, services.settings.public_url or "")
    app = OperatorsOnlyMiddleware(app, services.settings)
    app = AddressMiddleware(app, "*", "")
    return build_operator_app(AccessLogMiddleware(app, log, services.usage))


@cache
def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI document of all routes."""
    return document(_create_framework(management=True))


def _create_framework(*, management: bool, lifespan: Lifespan | None = None) -> FastAPI:
    inside = FastAPI(
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        routes=_routes(management=management),
    )
    for kind in (Failure, InvalidFields, Exception):
        inside.add_exception_handler(kind, _answer_failure)
    inside.state.openapi = {}
    inside.add_exception_handler(RequestValidationError, _answer_invalid_body)
    inside.add_exception_handler(HTTPException, _answer_http_exception)
    inside.mount(reference.STATIC, StaticFiles(directory=reference.STATIC_FILES))
    return inside


@cache
def _routes(*, management: bool) -> list[BaseRoute]:
    """Return all routes, the same for every application of this process.

    FastAPI analyses their signatures once, which takes longer than all other work to create an
    application.
    """
    together = APIRouter(generate_unique_id_function=lambda route: route.name)
    # FastAPI scans the routes in order, several times for each request. The cache answers public
    # resources without it, so these come last.
    for router in (*(_MANAGEMENT if management else ()), *_OF_PARTNERS, *_DELIVERY):
        router.check()
        together.include_router(router)
    return together.routes


def _answer_failure(request: Request, wrong: Exception) -> Response:
    if isinstance(wrong, Moved):
        return _redirect_moved(request, wrong)
    status, headers, body = problem_for(wrong, request_id(request.scope))
    return Response(body, status, headers)


def _answer_invalid_body(request: Request, wrong: Exception) -> Response:
    """Validate the body again as commands do, so that the errors have the same texts.

    FastAPI validates bodies as Python objects, so some of its errors have other texts.
    """
    assert isinstance(wrong, RequestValidationError)
    model: type[Input] = request.scope["route"].body_field.field_info.annotation
    try:
        model.read(wrong.body)
    except InvalidFields as found:
        return _answer_failure(request, found)
    return _answer_failure(request, wrong)


def _redirect_moved(request: Request, moved: Moved) -> Response:
    """Redirect to the current path of an object of the management side; 308 keeps the method."""
    route = request.scope["route"]
    path = route.path_format.format(**{**request.path_params, "ref": quote(moved.slug)})
    status = 301 if request.method == "GET" else 308
    return Response(None, status, {"location": path, "cache-control": "no-store"})


def _answer_http_exception(request: Request, wrong: Exception) -> Response:
    """Answer with a problem document if the framework has no route for a request."""
    assert isinstance(wrong, HTTPException)
    if wrong.status_code != 405:
        path = path_for_log(request.url.path)
        return _answer_failure(request, PathNotFound(f"Nothing is served at {quote_text(path)}."))
    methods = _list_methods(request)
    if request.method == "OPTIONS":
        return Response(None, 204, {"allow": ", ".join(methods)})
    detail = f"{shorten(request.method)} does not apply here; {', '.join(methods)} do(es)."
    return _answer_failure(request, MethodNotAllowed(detail, methods))


def _list_methods(request: Request) -> list[str]:
    """Return the methods of all routes of a path; the framework checks only the first one."""
    methods: set[str] = set()
    for route in iter_route_contexts(request.app.routes):
        pattern, _, _ = compile_path(route.path or "")
        if pattern.fullmatch(request.scope["path"]):
            methods |= route.methods or set()
    if "GET" in methods:
        methods |= {"HEAD"}
    return sorted(methods | {"OPTIONS"})
