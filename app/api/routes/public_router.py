"""Routes of public resources."""

from collections.abc import Callable, Iterable
from typing import Any

from app.api.delivery.resource import Resource
from app.api.openapi.operations import describe
from app.api.routes.access_router import AccessRouter, Endpoint


class PublicRouter(AccessRouter):
    """A router for readers; `resources` are the paths of those that `read` declared."""

    def __init__(self, **declared: Any) -> None:
        """Have no routes yet."""
        super().__init__(**declared)
        self.resources: list[str] = []

    def read(
        self,
        resource: Resource,
        *,
        problems: Iterable[str],
        sends: Iterable[str] = (),
        **declared: Any,
    ) -> Callable[[Endpoint], Endpoint]:
        """Declare the route of a public resource, which says who may read it by which query."""
        self.resources.append(resource.path)
        described = describe(
            query=resource.parameters,
            headers=("If-None-Match",),
            problems=(*problems, "version_mismatch"),
            sends=sends,
            is_cached=True,
        )
        return self.get(
            resource.path, access=resource.read_policy, openapi_extra=described, **declared
        )
