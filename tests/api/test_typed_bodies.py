"""Bodies of management routes are declared as parameters, and nowhere else."""

from typing import Any

from fastapi.routing import APIRoute

from app.api.app import _MANAGEMENT, _OF_PARTNERS, openapi_document
from app.api.http.json_request import MERGE_PATCH
from app.kit.input_fields import Input, InvalidFields

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


# Values of another JSON type, which libraries like to convert.
_OTHERS: dict[str, list[Any]] = {
    "integer": ["5", "", 5.0, True],
    "number": ["5", True],
    "boolean": ["true", "yes", "", 1, 0],
    "string": [5, True, [], {}],
    "array": ["a", {}, 5],
    "object": ["a", [], 5],
}


def _find_inputs(above: type[Input] = Input) -> list[type[Input]]:
    return [found for model in above.__subclasses__() for found in (model, *_find_inputs(model))]


def _find_types(schema: dict[str, Any], defined: dict[str, Any]) -> set[str]:
    if "$ref" in schema:
        schema = defined[schema["$ref"].rpartition("/")[2]]
    parts = schema.get("anyOf", schema.get("oneOf"))
    if parts is not None:
        return {name for part in parts for name in _find_types(part, defined)}
    return {schema["type"]} if "type" in schema else set()


def test_no_input_converts_a_value_of_another_type() -> None:
    found, converted = set(), []
    for model in _find_inputs():
        described = model.model_json_schema(by_alias=True)
        for name, schema in described["properties"].items():
            types = _find_types(schema, described.get("$defs", {})) - {"null"}
            if len(types) != 1:
                continue
            (kind,) = types
            found.add(kind)
            for value in _OTHERS[kind]:
                try:
                    model.read({name: value})
                except InvalidFields as invalid:
                    if any(error["loc"][0] == name for error in invalid.found):
                        continue
                converted.append((model.__name__, name, value))
    assert found >= {"integer", "boolean", "string", "array", "object"}
    assert not converted
