"""Schemas of changes, derived from those of the objects they change: patches and replacements.

A merge patch (RFC 7396) names some members, and a replacement all. Both may repeat read-only
members of the object.
"""

from typing import Any

from app.api.openapi.schemas import REF, Schema, nullable, ref

_TEXT = (
    "A merge patch (RFC 7396): members that are left out stay as they are, and null sets a member "
    "to its default."
)
_READ_ONLY = "Members that are read-only are accepted as they were read, and refused otherwise."


def patch_name(name: str) -> str:
    """Return the name of the patch of an input."""
    return f"{name.removesuffix('Input')}Patch"


def replacement_name(name: str) -> str:
    """Return the name of the replacement of an input."""
    return f"{name.removesuffix('Input')}Replacement"


def add_replacement(name: str, view: str, schemas: dict[str, Schema]) -> None:
    """Add the replacement of an input: its members, and the read-only ones of its view."""
    written = schemas[name]
    schemas[replacement_name(name)] = {
        **written,
        "title": replacement_name(name),
        "description": f"{written['description']}\n\n{_READ_ONLY}",
        "properties": {**written["properties"], **_read_only_members(name, view, schemas)},
    }


def add_read_only_members(name: str, view: str, schemas: dict[str, Schema]) -> None:
    """Add the read-only members of a view to the patch of an input."""
    patch = schemas[patch_name(name)]
    patch["description"] += f" {_READ_ONLY}"
    patch["properties"].update(_read_only_members(name, view, schemas))


def add_patch(name: str, schemas: dict[str, Schema]) -> None:
    """Add the patch of an input, and those of the objects inside it.

    No member is required. Null is accepted where the input has a default.
    """
    written = schemas[name]
    required = written.get("required", ())
    members: dict[str, Any] = {}
    for member, schema in written["properties"].items():
        changed = _build_member(schema, schemas)
        members[member] = changed if member in required else _or_null(changed)
    schemas[patch_name(name)] = {
        "title": patch_name(name),
        "description": _TEXT,
        "type": "object",
        "additionalProperties": False,
        "properties": members,
    }


def _read_only_members(name: str, view: str, schemas: dict[str, Schema]) -> dict[str, Schema]:
    written, seen = schemas[name]["properties"], schemas[view]["properties"]
    return {
        member: {**schema, "readOnly": True}
        for member, schema in seen.items()
        if member not in written
    }


def _build_member(schema: Schema, schemas: dict[str, Schema]) -> Schema:
    """Return the schema of a member of a patch: objects are merged, all else is replaced."""
    if "oneOf" in schema:
        inner = [_build_member(form, schemas) for form in schema["oneOf"]]
        return {**schema, "oneOf": inner}
    name = schema.get("$ref", "").removeprefix(REF)
    if name and schemas[name].get("type") == "object":
        add_patch(name, schemas)
        return {**schema, **ref(patch_name(name))}
    if "object" in _types(schema) and isinstance(schema.get("additionalProperties"), dict):
        return {**schema, "additionalProperties": _or_null(schema["additionalProperties"])}
    return dict(schema)


def _or_null(schema: Schema) -> Schema:
    if "null" in _types(schema) or {"type": "null"} in schema.get("oneOf", ()):
        return schema
    return nullable(schema)


def _types(schema: Schema) -> list[str]:
    types = schema.get("type", [])
    return [types] if isinstance(types, str) else types
