"""Simplify schemas, so that client generators understand them.

Pydantic writes `anyOf` wherever a value may be null, and repeats a closed list wherever it is
used. Generators make a class of each such place, or none at all. So here `null` is a second type,
a closed list is a component with a name, and nothing has a title that only repeats its own name.
"""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from app.api.openapi.enums import enum_schema, is_enum
from app.api.schemas.base import SELECTABLE
from app.kit import json

Schema = dict[str, Any]
REF = "#/components/schemas/"
_NULL = {"type": "null"}
# Members that a use of a closed list has next to the reference.
_OF_THE_USE = ("description", "default", "examples")


class _WithoutTitles(GenerateJsonSchema):
    """Generates schemas whose members have titles only if these name a closed list."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Prevent titles that are derived from names."""
        del schema
        return False


def model_schemas(models: Iterable[type[BaseModel]]) -> dict[str, Schema]:
    """Return the schemas of models, and of all models inside them, by name."""
    _, definitions = models_json_schema(
        [(model, "validation") for model in models],
        ref_template=f"{REF}{{model}}",
        schema_generator=_WithoutTitles,
    )
    schemas: dict[str, Schema] = definitions["$defs"]
    for schema in schemas.values():
        for member in schema.get("properties", {}).values():
            _describe_default(member)
    return schemas


def ref(name: str) -> Schema:
    """Return a reference to a component."""
    return {"$ref": f"{REF}{name}"}


def nullable(schema: Schema) -> Schema:
    """Return a schema that accepts null as well."""
    if "type" in schema and isinstance(schema["type"], str) and "enum" not in schema:
        return {**schema, "type": [schema["type"], "null"]}
    uses = {name: schema[name] for name in _OF_THE_USE if name in schema}
    inner = {name: value for name, value in schema.items() if name not in uses}
    return {"oneOf": [inner, _NULL], **uses}


def simplify(node: Any, enums: dict[str, Schema]) -> Any:
    """Return a part of the document with every schema simplified; collect closed lists."""
    if isinstance(node, list):
        return [simplify(item, enums) for item in node]
    if not isinstance(node, dict):
        return node
    simple = {
        # Examples are values, not schemas.
        name: value if name in {"example", "examples"} else simplify(value, enums)
        for name, value in node.items()
    }
    if _NULL in simple.get("anyOf", ()):
        (form,) = (inner for inner in simple.pop("anyOf") if inner != _NULL)
        simple = nullable({**form, **simple})
    if isinstance(simple.get("title"), str) and is_enum(simple):
        return _extract_enum(simple, enums)
    return simple


def require_nothing(schemas: dict[str, Schema], *, is_selectable: bool) -> None:
    """Make members optional that `fields=` may leave out; remove the marks."""
    for schema in schemas.values():
        if schema.pop(SELECTABLE, False) and is_selectable:
            schema.pop("required", None)


def _describe_default(member: Schema) -> None:
    """Describe the default of a member in its description.

    Generators send a `default`, or require members that have one.
    """
    default = member.pop("default", None)
    # Other defaults mean "nothing" and need no description.
    if isinstance(default, str | bool | int) and default != "":
        member["description"] += f" Default: `{json.dumps(default).decode()}`."


def _extract_enum(schema: Schema, enums: dict[str, Schema]) -> Schema:
    name = schema["title"]
    component = enum_schema(name, schema)
    if enums.setdefault(name, component) != component:
        raise ValueError(f"Two closed lists are called {name!r}.")
    uses = {key: schema[key] for key in _OF_THE_USE if key in schema}
    return {**ref(name), **uses}
