"""Routes that do not start without saying who may use them."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

from app.access.scopes import Scope
from app.api.http.access import Access
from app.api.http.json_request import JsonRequest

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class AccessRoute(APIRoute):
    """A route that lets in those who may use it, before anything of their body is read."""

    access: Access

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what checks a request, and then handles it as FastAPI does."""
        handle = super().get_route_handler()

        async def check_and_handle(request: Request) -> Response:
            known = request.scope["state"]
            # For the access log and metrics.
            known["route"] = self.path
            if isinstance(self.access, Scope):
                known["caller"].require(self.access)
            else:
                self.access.allow(request.app.state.services, known["caller"])
            request = JsonRequest(request.scope, request.receive)
            if self.body_field is not None:
                await request.read(required=self.body_field.field_info.is_required())
            return await handle(request)

        return check_and_handle


def _method(method: str) -> Callable[..., Callable[[Endpoint], Endpoint]]:
    """Return the way to declare a route of a method."""

    def declared(
        router: "AccessRouter", path: str, *, access: Access, **declared: Any
    ) -> Callable[[Endpoint], Endpoint]:
        def declare(endpoint: Endpoint) -> Endpoint:
            router.add_api_route(path, endpoint, methods=[method], **declared)
            route = router.routes[-1]
            assert isinstance(route, AccessRoute)
            route.access = access
            return endpoint

        return declare

    return declared


class AccessRouter(APIRouter):
    """A router each of whose routes declares in `access` who may use it."""

    def __init__(self, **declared: Any) -> None:
        """Have no routes yet."""
        super().__init__(route_class=AccessRoute, **declared)

    # FastAPI asks for no `access`; here a route without it does not exist.
    get, post, put = _method("GET"), _method("POST"), _method("PUT")
    patch, delete = _method("PATCH"), _method("DELETE")

    def check(self) -> None:
        """Raise `TypeError` if a route was declared without saying who may use it."""
        for route in self.routes:
            if not hasattr(route, "access"):
                path = getattr(route, "path", None)
                raise TypeError(f"The route {path} does not declare who may use it.")
