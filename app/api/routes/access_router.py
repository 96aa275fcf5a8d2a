"""Routes that must declare who may use them; the application does not start otherwise."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

from app.access.scopes import Scope
from app.api.http.access import Access
from app.api.http.json_request import JsonRequest
from app.api.http.parameters import NO_PARAMETERS

# The paths of the API; other paths are pages, feeds and the hub.
_API = "/v1/"
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class AccessRoute(APIRoute):
    """A route that checks access before the body is read.

    A route of the API without query parameters refuses all of them. Other pages, such as the start
    page and health checks, ignore them: addresses of pages are passed on with parameters added.
    """

    access: Access

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return a handler that checks access and reads the JSON body, and then calls FastAPI's."""
        handle = super().get_route_handler()
        refuses_query = self.path.startswith(_API) and not self._has_query_parameters()

        async def check_and_handle(request: Request) -> Response:
            known = request.scope["state"]
            # For the access log and metrics.
            known["route"] = self.path
            if isinstance(self.access, Scope):
                known["caller"].require(self.access)
            else:
                self.access.allow(request.app.state.services, known["caller"])
            if refuses_query and request.scope["query_string"]:
                NO_PARAMETERS.parse(request.scope["query_string"])
            request = JsonRequest(request.scope, request.receive)
            if self.body_field is not None:
                await request.read(required=self.body_field.field_info.is_required())
            return await handle(request)

        return check_and_handle

    def _has_query_parameters(self) -> bool:
        declared = (self.openapi_extra or {}).get("parameters", ())
        return any(parameter["in"] == "query" for parameter in declared)


def _build_declarator(method: str) -> Callable[..., Callable[[Endpoint], Endpoint]]:
    """Return a router method that declares routes of an HTTP method."""

    def add_route(
        router: "AccessRouter", path: str, *, access: Access, **declared: Any
    ) -> Callable[[Endpoint], Endpoint]:
        def declare(endpoint: Endpoint) -> Endpoint:
            router.add_api_route(path, endpoint, methods=[method], **declared)
            route = router.routes[-1]
            assert isinstance(route, AccessRoute)
            route.access = access
            return endpoint

        return declare

    return add_route


class AccessRouter(APIRouter):
    """A router each of whose routes declares in `access` who may use it."""

    def __init__(self, **declared: Any) -> None:
        """Create a router without routes."""
        super().__init__(route_class=AccessRoute, **declared)

    # Unlike the methods of FastAPI, these require `access`.
    get, post, put = _build_declarator("GET"), _build_declarator("POST"), _build_declarator("PUT")
    patch, delete = _build_declarator("PATCH"), _build_declarator("DELETE")

    def check(self) -> None:
        """Raise `TypeError` if a route does not declare who may use it."""
        for route in self.routes:
            if not hasattr(route, "access"):
                path = getattr(route, "path", None)
                raise TypeError(f"The route {path} does not declare who may use it.")
