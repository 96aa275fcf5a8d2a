"""What the OpenAPI document says of a route in addition to its signature."""

from collections.abc import Iterable
from typing import Any

from app.access.idempotency import LONGEST_KEY
from app.api.http.filters import Filter
from app.api.http.parameters import NO_PARAMETERS, Declaration, ParameterSet

READING = ("bad_parameter", "bad_cursor")
BODY = ("malformed_json", "unsupported_media_type", "body_too_large", "invalid_input")
CHANGING = ("not_found", "version_required", "version_mismatch", "conflict", "database_busy")
NAMES = ("slug_taken", "external_id_taken", "wrong_state")
ONCE = ("idempotency_running", "idempotency_mismatch")
VERB_HEADERS = ("If-Match", "Idempotency-Key")
DELETED: dict[int | str, dict[str, Any]] = {204: {"description": "Deleted.", "content": None}}


_STRING = {"type": "string"}
_HEADERS: dict[str, tuple[bool, dict[str, Any], str]] = {
    "If-Match": (True, _STRING, 'The ETag of what was read, `"v3"`; `*` accepts any version.'),
    "Idempotency-Key": (
        False,
        {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
        "Any text of up to 255 characters; repeating the request with it gives the first "
        "answer again, for 24 hours.",
    ),
}


def describe(
    *,
    query: ParameterSet = NO_PARAMETERS,
    headers: Iterable[str] = (),
    problems: Iterable[str] = (),
) -> dict[str, Any]:
    """Return `openapi_extra` for a route; `problems` are completed by `openapi`."""
    parameters = openapi_parameters(query) + [_header(name) for name in headers]
    extra: dict[str, Any] = {"x-problems": list(problems)}
    if parameters:
        extra["parameters"] = parameters
    return extra


def openapi_parameters(declared: ParameterSet) -> list[dict[str, Any]]:
    """Return the query parameters of an operation."""
    return [_parameter(declaration) for declaration in declared]


def _parameter(declared: Declaration) -> dict[str, Any]:
    described = {"name": declared.name, "in": "query", "required": False, "schema": declared.schema}
    if isinstance(declared, Filter):
        # Repeating a parameter is part of the grammar, so it is an array in OpenAPI's terms.
        described |= {"schema": {"type": "array", "items": declared.schema}, "explode": True}
    return described | {"description": declared.description}


def _header(name: str) -> dict[str, Any]:
    required, schema, text = _HEADERS[name]
    return {
        "name": name,
        "in": "header",
        "required": required,
        "schema": schema,
        "description": text,
    }
