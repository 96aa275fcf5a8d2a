"""Routes outside management: each of them declares who may read."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from fastapi import APIRouter, Depends, Request

from app.api.delivery.resource import Resource
from app.api.http.access import Reads
from app.api.http.asgi import state
from app.api.openapi.operations import describe

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


class PublicRouter(APIRouter):
    """A router whose routes do not start without a declaration of who may read."""

    def __init__(self, **declared: Any) -> None:
        """Have no routes yet; `resources` are the paths of those that `read` declared."""
        super().__init__(**declared)
        self._reads: dict[str, Reads] = {}
        self.resources: list[str] = []

    def read(
        self, resource: Resource, *, problems: Iterable[str], **declared: Any
    ) -> Callable[[Endpoint], Endpoint]:
        """Declare the route of a public resource, which says who may read it by which query."""
        self._reads[resource.path] = resource.reads
        self.resources.append(resource.path)
        described = describe(query=resource.parameters, problems=problems)
        return super().get(resource.path, openapi_extra=described, **declared)

    # FastAPI asks for no `reads`; here a route without it does not exist.
    def get(  # type: ignore[override]
        self, path: str, *, reads: Reads, **declared: Any
    ) -> Callable[[Endpoint], Endpoint]:
        """Declare any other route of the method GET."""
        return super().get(path, dependencies=self._checked(path, reads), **declared)

    def post(  # type: ignore[override]
        self, path: str, *, reads: Reads, **declared: Any
    ) -> Callable[[Endpoint], Endpoint]:
        """Declare a route of the method POST."""
        return super().post(path, dependencies=self._checked(path, reads), **declared)

    def check(self) -> None:
        """Raise `TypeError` if a route was declared without saying who may read."""
        for route in self.routes:
            path = getattr(route, "path", None)
            if path not in self._reads:
                raise TypeError(f"The route {path} does not declare who may read.")

    def _checked(self, path: str, reads: Reads) -> list[Any]:
        self._reads[path] = reads

        async def allow(request: Request) -> None:
            reads.allow(request.app.state.services, state(request.scope)["caller"])

        return [Depends(allow)]
