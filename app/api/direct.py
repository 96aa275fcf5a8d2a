"""Routes of the delivery side: declared like any other, called without the framework's help.

Solving dependencies costs as much as reading a list of stories does. These routes take the
request and the parts of its path; who may read is asked first, here.
"""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from app.api.dependencies import allow_reading
from app.api.edge.asgi import state
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
