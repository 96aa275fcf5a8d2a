"""Bodies of management routes are declared as parameters, and nowhere else."""

from typing import Any

from fastapi.routing import APIRoute

from app.api.app import _MANAGEMENT, _OF_PARTNERS, openapi_document
from app.api.http.json_request import MERGE_PATCH
from app.kit.input_fields import Input

# Parsed line by line.
_STREAMED = "manage_import"


def _routes() -> list[APIRoute]:
    return [
        route
        for router in (*_MANAGEMENT, *_OF_PARTNERS)
        for route in router.routes
        if isinstance(route, APIRoute)
    ]


def test_only_its_parameter_describes_a_body() -> None:
    by_hand = {route.name for route in _routes() if "requestBody" in (route.openapi_extra or {})}
    assert by_hand == {_STREAMED}


def test_a_posted_body_is_parsed_by_its_model() -> None:
    bodies: dict[str, Any] = {
        route.name: route.body_field.field_info.annotation
        for route in _routes()
        if "POST" in (route.methods or ()) and route.body_field is not None
    }
    assert len(bodies) > 10
    assert all(issubclass(model, Input) for model in bodies.values()), bodies


def test_bodies_of_put_and_patch_are_described_by_their_models() -> None:
    operations = [
        (method, operation["requestBody"]["content"])
        for path in openapi_document()["paths"].values()
        for method, operation in path.items()
        if method in {"put", "patch"}
    ]
    assert len(operations) == 12
    for method, content in operations:
        (media_type, described), *others = content.items()
        assert not others
        expected = (
            ("application/json", "Replacement") if method == "put" else (MERGE_PATCH, "Patch")
        )
        assert media_type == expected[0]
        assert described["schema"]["$ref"].endswith(expected[1])
