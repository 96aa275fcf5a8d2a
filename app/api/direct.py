"""Routes of the delivery side: declared like any other, called without the framework's help.

Solving dependencies costs as much as reading a list of stories does, and so does finding the
route. These routes take the request and the parts of its path; who may read is asked first,
here. Those with a fixed path can be asked without the framework.
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from app.api.dependencies import allow_reading
from app.api.edge.asgi import Scope, state
from app.bootstrap import Services

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class DirectRoute(APIRoute):
    """Calls its endpoint with the request, the services and the parts of the path."""

    def get_route_handler(self) -> Handler:
        """Return what answers a request."""
        endpoint: Callable[..., Awaitable[Response]] = self.endpoint
        path = self.path_format
        stories = path.startswith(("/v1/articles", "/v1/changes"))

        async def handle(request: Request) -> Response:
            known = state(request.scope)
            known["route"] = path
            services: Services = request.app.state.services
            allow_reading(services, known["caller"], stories=stories)
            return await endpoint(request=request, services=services, **request.path_params)

        return handle


class DirectRoutes:
    """Direct routes with a fixed path, to be asked without the framework."""

    def __init__(self, app: FastAPI, routes: Iterable[BaseRoute]) -> None:
        """Know the routes of an application."""
        self._app = app
        self._handlers = {
            one.path: one.get_route_handler()
            for one in routes
            if isinstance(one, DirectRoute) and not one.param_convertors
        }

    def has(self, path: str) -> bool:
        """Tell whether a route answers at a fixed path."""
        return path in self._handlers

    async def respond(self, scope: Scope) -> Response:
        """Return what the route at a fixed path answers; raise whatever the route does."""
        scope["app"] = self._app
        return await self._handlers[scope["path"]](Request(scope))
