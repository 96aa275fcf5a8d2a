"""The OpenAPI document: what FastAPI knows, completed by every problem that may be answered."""

from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from app import __version__
from app.api.http.json_request import MERGE_PATCH
from app.api.http.problems import MEDIA_TYPE, PROBLEMS
from app.api.schemas.system import Problem
from app.kit import json

# Recorded from real requests, by operation (see `make examples`).
_FILE = Path(__file__).with_name("examples.json")
EXAMPLES: dict[str, dict[str, Any]] = json.loads(_FILE.read_bytes()) if _FILE.exists() else {}
_PATH_PARTS = {
    "ref": "An id or a slug; a slug that was public once redirects.",
    "webhook": "The id of a webhook.",
    "delivery": "The id of a delivery: what `webhook-id` said.",
    "version": "The number of a version.",
    "token": "What the link ends with.",
    "code": "A code of the closed list of problems.",
    "ext": "The format.",
    "slug": "A slug; one that was public once redirects.",
    "tag": "A language tag, or a tag in its form as a slug: `climate-change`.",
    "part": "A month such as `2026-11`, and with a number a part of it: `2026-11-2`, `news-2`.",
}
_REF = "#/components/schemas/{model}"
_EVERYWHERE = ("bad_host", "bad_header", "key_refused", "internal", "database_unavailable")
_INFO = (
    "A headless content API for news. Delivery (`/v1/…`) is for readers and needs no key unless "
    "the deployment says so; management (`/v1/manage/…`) is for the newsroom and needs one. "
    "Every error is a problem document (RFC 9457) with a code of a closed list."
)


def document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document, made once."""
    if app.openapi_schema is None:
        app.openapi_schema = _made(app)
    return app.openapi_schema


def _made(app: FastAPI) -> dict[str, Any]:
    made = get_openapi(title="Dateline", version=__version__, description=_INFO, routes=app.routes)
    # Readers come first, whatever the order in which routes are tried.
    made["paths"] = dict(sorted(made["paths"].items(), key=_is_managed))
    _add_schemas(made, app)
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            managed = path.startswith("/v1/manage")
            codings = () if method == "get" else ("unsupported_coding",)
            codes = (*operation.pop("x-problems", ()), *codings)
            _add_problems(operation, codes, managed=managed)
            if "requestBody" in operation:
                _describe_body(operation["requestBody"], made["components"]["schemas"])
            _add_examples(operation)
            _tidy(operation)
            keyless = operation["operationId"] == "manage_read_preview"
            operation["security"] = [] if keyless else _security(path, managed=managed)
    made["components"]["examples"] = {
        code: {"summary": kind.title, "value": _example(code)} for code, kind in PROBLEMS.items()
    }
    made["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "apiKey": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
    }
    return made


def _is_managed(item: tuple[str, object]) -> bool:
    path, _ = item
    return path.startswith("/v1/manage/")


def _add_schemas(made: dict[str, Any], app: FastAPI) -> None:
    """Describe inputs and problems as pydantic does: the framework leaves out defaults of null.

    What is sent as a document is described by the model of another route.
    """
    fields = [getattr(route, "body_field", None) for route in iter_route_contexts(app.routes)]
    bodies = [field.field_info.annotation for field in fields if field is not None]
    models: list[type[BaseModel]] = [Problem]
    models += [one for one in bodies if isinstance(one, type) and issubclass(one, BaseModel)]
    _, definitions = models_json_schema(
        [(model, "validation") for model in models], ref_template=_REF
    )
    schemas = made["components"]["schemas"]
    schemas.update(definitions["$defs"])
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)


def _describe_body(body: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Say whether a body is required, and name the schema of a merge patch."""
    body.setdefault("required", False)
    patch = body["content"].get(MERGE_PATCH)
    if patch is not None:
        name = patch["schema"]["$ref"].rpartition("/")[2].removesuffix("Input")
        patch["schema"] = _schema(f"{name}Patch")
        schemas[f"{name}Patch"] = _patch_of(schemas[f"{name}Input"], name)


def _security(path: str, *, managed: bool) -> list[dict[str, list[str]]]:
    """Return which keys an operation takes: none, one if there is one, or one in any case."""
    if not path.startswith(("/v1/", "/feeds/", "/sitemap")):
        return []
    keys: list[dict[str, list[str]]] = [{"bearer": []}, {"apiKey": []}]
    return keys if managed else [{}, *keys]


def _patch_of(schema: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the schema of a merge patch: every field may be left out, or be null to clear it."""
    properties = {
        field: {"anyOf": [{k: v for k, v in inner.items() if k != "default"}, {"type": "null"}]}
        for field, inner in schema["properties"].items()
    }
    text = f"A merge patch (RFC 7396) on what is written of this {name.lower()}."
    return {
        "title": f"{name}Patch",
        "description": text,
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
    }


def _add_problems(operation: dict[str, Any], codes: Any, *, managed: bool) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    wanted = [*_EVERYWHERE, *codes] + (["key_required", "forbidden"] if managed else [])
    for code in dict.fromkeys(wanted):
        kind = PROBLEMS[code]
        response = responses.setdefault(str(kind.status), {"description": ""})
        content = response.setdefault("content", {})
        told = content.setdefault(MEDIA_TYPE, {"schema": _schema("Problem")})
        examples = told.setdefault("examples", {})
        examples[code] = {"$ref": f"#/components/examples/{code}"}
        titles = [PROBLEMS[one].title for one in examples]
        response["description"] = "; ".join(titles) + "."


def _add_examples(operation: dict[str, Any]) -> None:
    recorded = EXAMPLES.get(operation["operationId"], {})
    if "request" in recorded and "requestBody" in operation:
        for content in operation["requestBody"]["content"].values():
            content["example"] = recorded["request"]
    for status, value in recorded.get("responses", {}).items():
        for content in operation["responses"].get(status, {}).get("content", {}).values():
            content["example"] = value


def _tidy(operation: dict[str, Any]) -> None:
    """Keep one entry for each parameter: ours says more than the one from a signature."""
    kept: dict[tuple[str, str], dict[str, Any]] = {}
    for parameter in operation.get("parameters", []):
        key = (parameter["in"], parameter["name"].lower())
        if key not in kept or "description" in parameter:
            kept[key] = parameter
    for parameter in kept.values():
        parameter.setdefault("description", _PATH_PARTS.get(parameter["name"], ""))
    if kept:
        operation["parameters"] = list(kept.values())


def _schema(model: str) -> dict[str, str]:
    return {"$ref": _REF.format(model=model)}


def _example(code: str) -> dict[str, Any]:
    kind = PROBLEMS[code]
    return {
        "type": f"/problems/{code}",
        "title": kind.title,
        "status": kind.status,
        "detail": kind.advice,
        "code": code,
        "request_id": "0198f0a2-7c1e-7a30-8f5e-2f6d0c1b9a44",
    }
