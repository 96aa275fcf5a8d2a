"""The OpenAPI document: that of FastAPI, completed, and simplified for client generators."""

from copy import deepcopy
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel

from app.api.http.access import MANAGED
from app.api.http.feed_tokens import accepts_token
from app.api.http.json_request import MERGE_PATCH
from app.api.http.problems import MEDIA_TYPE, PROBLEMS
from app.api.http.sessions import CSRF_HEADER, SESSION_COOKIE, SESSION_PATHS
from app.api.openapi import operations
from app.api.openapi.headers import header_components, response_headers
from app.api.openapi.info import head
from app.api.openapi.patches import (
    add_patch,
    add_read_only_members,
    add_replacement,
    patch_name,
    replacement_name,
)
from app.api.openapi.schemas import (
    REF,
    Schema,
    model_schemas,
    ref,
    require_nothing,
    simplify,
)
from app.api.openapi.sharing import share_parameters, share_problems
from app.api.schemas.system import ProblemDocument
from app.kit import json

# Recorded from real requests, by operation (see `make examples`).
_FILE = Path(__file__).with_name("examples.json")
EXAMPLES: dict[str, dict[str, Any]] = json.loads(_FILE.read_bytes()) if _FILE.exists() else {}
# Path parameters: a description and an example.
_PATH_PARTS = {
    "ref": ("An id or a slug. A former slug redirects.", "rooftop-bees-outlast-the-winter"),
    "product": ("The id or slug of a product.", "africa-fr"),
    "partner": ("The id or slug of a partner.", "north-wire"),
    "person": ("The id of a person.", "01a2027b-d758-7000-83d0-48743bc77d34"),
    "session": ("The id of a session.", "01a2027b-d758-7000-83d0-48743bc77d35"),
    "feed_token": ("The id of a feed token.", "01a2027b-d758-7000-83d0-48743bc77d33"),
    "webhook": ("The id of a webhook.", "01a2027b-d758-7000-83d0-48743bc77d32"),
    "delivery": (
        "The id of a delivery, as in the header `webhook-id`.",
        "msg_01a2027bd75f700095bd3689bb6559cc",
    ),
    "version": ("The number of a version.", "3"),
    "token": ("The last part of the link.", "1EXeO3WUc5ZF4DOY"),
    "code": ("The code of a problem.", "not_found"),
    "ext": ("The format.", None),
    "slug": ("A slug. A former slug redirects.", "africa"),
    "tag": (
        "A language tag, or a tag in the form of a slug, such as `climate-change`.",
        "climate-change",
    ),
    "part": (
        "A month such as `2026-11`, or a part of it such as `2026-11-2`, or of the news: `news-2`.",
        "2026-11",
    ),
}
_EVERYWHERE = (
    *("bad_host", "bad_header", "key_refused", "key_restricted", "rate_limited"),
    *("internal", "database_unavailable"),
)
# Each operation of the API refuses unknown parameters.
_API = "/v1/"
_KEYLESS = frozenset({"manage_read_preview", "start_sign_in", "complete_sign_in"})
_SIGN_IN = "/auth/"
_EXCHANGE = ("/auth/session", "post")
_JSON, _PAGE = "application/json", "text/html"
_FIELDS = "fields"
# The description of FastAPI for an answer that a route does not describe.
_DEFAULT_TEXT = "Successful Response"


def document(
    app: FastAPI, *, public_url: str | None = None, with_fields: bool = True
) -> dict[str, Any]:
    """Return the OpenAPI document.

    Without `fields=`, it has no such parameter, and requires all members that an answer to a
    request without it always has.
    """
    # A copy, because it contains objects of the routes.
    generated = deepcopy(get_openapi(title="", version="", routes=app.routes))
    schemas = model_schemas([*_models(app), ProblemDocument])
    # The delivery side comes first, whatever the order of the routes.
    paths = dict(
        sorted(generated["paths"].items(), key=lambda item: item[0].startswith(MANAGED[0]))
    )
    enums: dict[str, Schema] = {}
    for path, by_method in paths.items():
        for method, operation in by_method.items():
            _complete(path, method, operation, with_fields=with_fields)
    schemas = simplify(schemas, enums)
    paths = simplify(paths, enums)
    schemas.update(enums)
    for operation in _operations(paths):
        _name_patch(operation, schemas)
    for by_method in paths.values():
        if "put" in by_method:
            _name_replacement(by_method["put"], schemas)
    require_nothing(schemas, is_selectable=with_fields)
    components = {
        "schemas": dict(sorted(schemas.items())),
        "responses": share_problems(paths),
        "parameters": share_parameters(paths),
        "headers": header_components(),
        "examples": {
            code: {"summary": kind.title, "value": _problem(code)}
            for code, kind in PROBLEMS.items()
        },
        "securitySchemes": {
            "bearer": {
                "type": "http",
                "scheme": "bearer",
                "description": "A key, in `Authorization`.",
            },
            "session": {
                "type": "apiKey",
                "in": "cookie",
                "name": SESSION_COOKIE,
                "description": "The session of a person, or of a key that was exchanged for it.",
            },
            "csrf": {
                "type": "apiKey",
                "in": "header",
                "name": CSRF_HEADER,
                "description": "The CSRF token of the session, as `GET /auth/session` returns it. "
                "`Origin` has to be the origin of this API, too.",
            },
            "apiKey": {
                "type": "apiKey",
                "in": "header",
                "name": "X-Api-Key",
                "description": "A key, in its own header.",
            },
        },
    }
    return {
        "openapi": generated["openapi"],
        **head(public_url),
        "paths": paths,
        "components": components,
    }


def _operations(paths: dict[str, Any]) -> list[dict[str, Any]]:
    return [operation for by_method in paths.values() for operation in by_method.values()]


def _models(app: FastAPI) -> list[type[BaseModel]]:
    """Return the models of all bodies and answers."""
    found: list[Any] = []
    for route in iter_route_contexts(app.routes):
        body = getattr(route, "body_field", None)
        found.append(body and body.field_info.annotation)
        found.append(getattr(route, "response_model", None))
        responses = getattr(route, "responses", None) or {}
        found += [response.get("model") for response in responses.values()]
    return [model for model in found if isinstance(model, type) and issubclass(model, BaseModel)]


def _complete(path: str, method: str, operation: dict[str, Any], *, with_fields: bool) -> None:
    """Complete an operation: parameters, problems, examples, headers and security."""
    is_managed = path.startswith(MANAGED)
    codes = _list_problems(path, method, operation.pop(operations.PROBLEMS, []))
    sends = operation.pop(operations.SENDS, [])
    is_cached = operation.pop(operations.CACHED, False)
    if is_managed and "{ref}" in path and "/keys/" not in path:
        status, text = (301, "GET") if method == "get" else (308, "the same method")
        moved = f"The slug is a former one: repeat the request at `Location`, with {text}."
        operation["responses"][str(status)] = {"description": moved}
    if is_cached:
        operation["responses"]["304"] = {"description": "The answer that you have is current."}
        if "301" in operation["responses"]:
            # The redirect repeats the query.
            codes = [*codes, "query_too_long"]
    _tidy_parameters(operation, with_fields=with_fields)
    _add_problems(operation, codes)
    if "requestBody" in operation:
        operation["requestBody"].setdefault("required", False)
    _add_examples(operation)
    if any(parameter["name"] == "Idempotency-Key" for parameter in operation.get("parameters", ())):
        sends = [*sends, "Idempotency-Replayed"]
    _complete_responses(operation, path, sends, is_managed=is_managed, is_cached=is_cached)
    is_keyless = operation["operationId"] in _KEYLESS
    operation["security"] = [] if is_keyless else _security(path, method)


def _list_problems(path: str, method: str, declared: list[str]) -> list[str]:
    """Return the problems of an operation: those of all, those of its part, and its own."""
    codes = [*_EVERYWHERE, *declared]
    if path.startswith(_API):
        codes.append("bad_parameter")
    if method != "get":
        codes.append("unsupported_coding")
        if path.startswith(SESSION_PATHS):
            codes.append("cross_site_request")
    if path.startswith(MANAGED) and not path.startswith(_SIGN_IN):
        codes += ["key_required", "forbidden"]
    return codes


def _complete_responses(
    operation: dict[str, Any], path: str, sends: list[str], *, is_managed: bool, is_cached: bool
) -> None:
    for status, response in operation["responses"].items():
        content = response.get("content") or {}
        if len(content) > 1 and not content.get(_JSON, {"schema": True}).get("schema"):
            # FastAPI adds this by default, but no route sends it.
            del content[_JSON]
        if response["description"] == _DEFAULT_TEXT:
            response["description"] = "Success."
        response["headers"] = response_headers(
            int(status),
            sends,
            is_managed=is_managed,
            is_cached=is_cached,
            is_page=_PAGE in content,
            accepts_token=accepts_token(path),
        )


def _name_patch(operation: dict[str, Any], schemas: dict[str, Schema]) -> None:
    """Give a merge patch its own schema."""
    patch = operation.get("requestBody", {}).get("content", {}).get(MERGE_PATCH)
    if patch is not None:
        name = patch["schema"]["$ref"].removeprefix(REF)
        add_patch(name, schemas)
        patch["schema"] = ref(patch_name(name))


def _name_replacement(operation: dict[str, Any], schemas: dict[str, Schema]) -> None:
    """Give a replacement its own schema; it and the patch accept what the answer shows."""
    body = operation["requestBody"]["content"][_JSON]
    view = operation["responses"]["200"]["content"][_JSON]["schema"]["$ref"].removeprefix(REF)
    name = body["schema"]["$ref"].removeprefix(REF)
    add_replacement(name, view, schemas)
    add_read_only_members(name, view, schemas)
    body["schema"] = ref(replacement_name(name))


def _security(path: str, method: str) -> list[dict[str, list[str]]]:
    """Return the ways to authenticate for an operation; an empty one means that none is needed."""
    keys: list[dict[str, list[str]]] = [{"bearer": []}, {"apiKey": []}]
    session: dict[str, list[str]] = {"session": []}
    if method != "get":
        session = {**session, "csrf": []}
    if (path, method) == _EXCHANGE:
        return keys
    if path.startswith(SESSION_PATHS):
        return [session] if path.startswith(_SIGN_IN) else [*keys, session]
    if path.startswith(MANAGED):
        return keys
    return [{}, *keys] if path.startswith(("/v1/", "/feeds/", "/sitemap")) else []


def _add_problems(operation: dict[str, Any], codes: list[str]) -> None:
    responses = operation["responses"]
    responses.pop("422", None)
    for code in dict.fromkeys(codes):
        kind = PROBLEMS[code]
        response = responses.setdefault(str(kind.status), {"description": ""})
        content = response.setdefault("content", {})
        problem = content.setdefault(MEDIA_TYPE, {"schema": ref("ProblemDocument")})
        examples = problem.setdefault("examples", {})
        examples[code] = {"$ref": f"#/components/examples/{code}"}
        titles = [PROBLEMS[known].title for known in examples]
        response["description"] = "; ".join(titles) + "."


def _add_examples(operation: dict[str, Any]) -> None:
    recorded = EXAMPLES.get(operation["operationId"], {})
    if "request" in recorded and "requestBody" in operation:
        for content in operation["requestBody"]["content"].values():
            content["example"] = recorded["request"]
    for status, value in recorded.get("responses", {}).items():
        contents = operation["responses"].get(status, {}).get("content", {})
        for media_type, content in contents.items():
            # Of several formats, an object is an example of JSON alone.
            if isinstance(value, str) or media_type.endswith("json"):
                content["example"] = value


def _tidy_parameters(operation: dict[str, Any], *, with_fields: bool) -> None:
    """Keep one entry for each parameter: the one with a description, if there is one."""
    kept: dict[tuple[str, str], dict[str, Any]] = {}
    for parameter in operation.get("parameters", []):
        key = (parameter["in"], parameter["name"].lower())
        if key not in kept or "description" in parameter:
            kept[key] = parameter
    if not with_fields:
        kept.pop(("query", _FIELDS), None)
    for parameter in kept.values():
        if parameter["in"] == "path":
            _describe_path_part(parameter)
    if kept:
        operation["parameters"] = list(kept.values())


def _describe_path_part(parameter: dict[str, Any]) -> None:
    text, example = _PATH_PARTS[parameter["name"]]
    schema = parameter["schema"]
    parameter.setdefault("description", text)
    if "enum" not in schema:
        schema.pop("title", None)
        schema.setdefault("examples", [example])


def _problem(code: str) -> dict[str, Any]:
    kind = PROBLEMS[code]
    return {
        "type": f"/problems/{code}",
        "title": kind.title,
        "status": kind.status,
        "detail": kind.advice,
        "code": code,
        "request_id": "0198f0a2-7c1e-7a30-8f5e-2f6d0c1b9a44",
    }
