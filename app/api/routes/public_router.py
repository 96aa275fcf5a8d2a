"""Routes of public resources."""

from collections.abc import Callable
from typing import Any

from app.api.delivery.resource import Resource
from app.api.routes.access_router import AccessRouter, Endpoint


class PublicRouter(AccessRouter):
    """A router for readers; `resources` are the paths of those that `read` declared."""

    def __init__(self, **declared: Any) -> None:
        """Have no routes yet."""
        super().__init__(**declared)
        self.resources: list[str] = []

    def read(self, resource: Resource, **declared: Any) -> Callable[[Endpoint], Endpoint]:
        """Declare the route of a public resource, which says itself who may read it."""
        self.resources.append(resource.path)
        return self.get(resource.path, access=resource.reads, **declared)
