"""Describe routes in the OpenAPI document, in addition to their signatures."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from fastapi import Path

from app.access.idempotency import LONGEST_KEY
from app.api.http.parameters import NO_PARAMETERS, Declaration, ParameterSet

READING = ("bad_parameter", "bad_cursor")
BODY = ("malformed_json", "unsupported_media_type", "body_too_large", "invalid_input")
CHANGING = ("not_found", "version_required", "version_mismatch", "conflict", "database_busy")
NAMES = ("slug_taken", "external_id_taken", "wrong_state")
ONCE = ("idempotency_running", "idempotency_mismatch")
VERB_HEADERS = ("If-Match", "Idempotency-Key")
DELETED: dict[int | str, dict[str, Any]] = {204: {"description": "Deleted.", "content": None}}
MOVED: dict[int | str, dict[str, Any]] = {
    301: {"description": "It is at another address now.", "content": None}
}
# Members that `describe` adds; the document reads and removes them.
PROBLEMS, SENDS, CACHED = "x-problems", "x-sends", "x-cached"
# Response headers that operations have in addition to those of all.
LISTED, VERSIONED = ("Link",), ("ETag",)
ARTICLE = ("ETag", "Content-Location")

_STRING = {"type": "string"}
_HEADERS: dict[str, tuple[bool, dict[str, Any], str]] = {
    "If-Match": (
        True,
        {"type": "string", "examples": ['"v3"']},
        'The ETag of the version that you read, such as `"v3"`; `*` accepts any version.',
    ),
    # Here it may be left out.
    "If-Match?": (
        False,
        {"type": "string", "examples": ['"v3"']},
        "The ETag of the version that you read. Without it, any version is accepted.",
    ),
    "Idempotency-Key": (
        False,
        {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY},
        f"Any text of up to {LONGEST_KEY} characters. Repeating the request with it returns the "
        "first answer again, for 24 hours.",
    ),
    "If-None-Match": (
        False,
        _STRING,
        "The ETag of the answer that you have. If it is still current, the answer is `304`.",
    ),
    "Last-Event-ID": (
        False,
        _STRING,
        "The id of the last event that you received; it takes precedence over `cursor`.",
    ),
}


class Format(Protocol):
    """A format of answers."""

    @property
    def media_type(self) -> str:
        """Return its media type."""


def extension(enum: str, formats: Mapping[str, Format]) -> Any:
    """Describe the extension of a path, which is one of some formats."""
    return Path(title=enum, description="The format.", json_schema_extra={"enum": list(formats)})


def text_contents(formats: Mapping[str, Format]) -> dict[str, Any]:
    """Describe the contents of an answer in one of some formats."""
    return {form.media_type: {"schema": text_schema(form.media_type)} for form in formats.values()}


def text_schema(media_type: str) -> dict[str, str]:
    """Return the schema of a format that other standards describe."""
    return {"type": "object" if media_type.endswith("json") else "string"}


def describe(
    *,
    query: ParameterSet = NO_PARAMETERS,
    headers: Iterable[str] = (),
    problems: Iterable[str] = (),
    sends: Iterable[str] = (),
    is_cached: bool = False,
) -> dict[str, Any]:
    """Return `openapi_extra` for a route, which the document completes.

    `problems` are codes, `sends` response headers. A route that `is_cached` is answered by the
    response cache.
    """
    parameters = openapi_parameters(query) + [_header(name) for name in headers]
    extra: dict[str, Any] = {PROBLEMS: list(problems), SENDS: list(sends), CACHED: is_cached}
    if parameters:
        extra["parameters"] = parameters
    return extra


def openapi_parameters(declared: ParameterSet) -> list[dict[str, Any]]:
    """Return the query parameters of an operation."""
    return [_parameter(declaration) for declaration in declared]


def _parameter(declared: Declaration) -> dict[str, Any]:
    described = {"name": declared.name, "in": "query", "required": False, "schema": declared.schema}
    if declared.schema["type"] == "array":
        # A comma list.
        described |= {"style": "form", "explode": False}
    return described | {"description": declared.description}


def _header(name: str) -> dict[str, Any]:
    required, schema, text = _HEADERS[name]
    return {
        "name": name.removesuffix("?"),
        "in": "header",
        "required": required,
        "schema": schema,
        "description": text,
    }
