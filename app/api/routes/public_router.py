"""Declare the routes of public resources."""

from collections.abc import Callable, Iterable
from typing import Any

from app.api.delivery.resource import Resource
from app.api.http.feed_tokens import PARAMETER, accepts_token
from app.api.http.parameters import ParameterSet
from app.api.openapi.operations import describe
from app.api.routes.access_router import AccessRouter, Endpoint


class PublicRouter(AccessRouter):
    """A router for public resources; `resources` are their paths."""

    def __init__(self, **declared: Any) -> None:
        """Create a router without routes."""
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
        """Declare the route of a resource, with its access policy and query parameters."""
        self.resources.append(resource.path)
        query = resource.parameters
        if accepts_token(resource.path):
            query = ParameterSet(*query, PARAMETER)
        described = describe(
            query=query,
            headers=("If-None-Match",),
            problems=(*problems, "version_mismatch", "forbidden"),
            sends=sends,
            is_cached=True,
        )
        return self.get(
            resource.path, access=resource.read_policy, openapi_extra=described, **declared
        )
