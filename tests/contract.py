"""The OpenAPI document as a check of requests and responses.

A request is checked if the response is a success: a refused or redirected request may be invalid.
Paths and methods that are not in the document are not checked.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote

import httpx2
import orjson
import zstandard
from jsonschema_rs import Draft202012, Draft202012Validator, Registry

DOCUMENT = Path(__file__).parents[1] / "docs" / "openapi.json"

_ROOT = "urn:openapi"
# OpenAPI does not describe `Content-Type`; the other headers belong to HTTP and its connections.
_UNDECLARED = frozenset(
    {"connection", "content-length", "content-type", "date", "server", "transfer-encoding"}
)
_LOCATION = "content-location"
# Characters that need no encoding in a path, in addition to letters and digits.
_PLAIN = "/-._~!$&'()*+,;=:@"
_COMMA = re.compile(r"(?<!\\),")
_INTEGER = re.compile(r"-?\d+")
_BOOLEANS = {"true": True, "false": False}


@cache
def load_contract() -> "Contract":
    """Return the contract of the committed document."""
    return Contract(orjson.loads(DOCUMENT.read_bytes()))


@dataclass(frozen=True, slots=True)
class _Parameter:
    name: str
    is_required: bool
    is_list: bool
    validator: Draft202012Validator

    def find_problem(self, text: str) -> str | None:
        value = [*_COMMA.split(text)] if self.is_list else text
        if self.validator.is_valid(value) or self.validator.is_valid(_parse(text)):
            return None
        return f"parameter {self.name!r}: {text!r} is not valid"


@dataclass(frozen=True, slots=True)
class _Content:
    """The media types that a body may have, and the validators of the JSON ones."""

    validators: Mapping[str, Draft202012Validator | None]
    is_required: bool = True

    def find_problems(self, headers: httpx2.Headers, body: bytes) -> Iterator[str]:
        if not body and not self.is_required:
            return
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type not in self.validators:
            yield f"media type {media_type!r} is not declared"
            return
        validator = self.validators[media_type]
        # A response to HEAD has no body.
        if validator is None or not body:
            return
        try:
            value = _decode(media_type, headers, body)
        except ValueError as error:
            yield f"body: {error}"
            return
        for violation in validator.iter_errors(value):
            where = "/".join(map(str, violation.instance_path))
            yield f"body: {where or 'top'}: {violation.message[:500]}"


@dataclass(frozen=True, slots=True)
class _Response:
    headers: Mapping[str, _Parameter]
    content: _Content | None

    def find_problems(self, response: httpx2.Response) -> Iterator[str]:
        yield from _find_parameter_problems(self.headers, response.headers.multi_items())
        undeclared = response.headers.keys() - self.headers.keys() - _UNDECLARED
        yield from (f"header {name!r} is not declared" for name in sorted(undeclared))
        if self.content is None:
            if response.content:
                yield "a body is not declared"
        elif "text/event-stream" not in self.content.validators:
            yield from self.content.find_problems(response.headers, response.content)


class _Operation:
    def __init__(self, document: "Contract", operation: dict[str, Any]) -> None:
        self.name = operation["operationId"]
        parameters = [document.resolve(each) for each in operation.get("parameters", ())]
        self._parameters = {
            place: {
                each["name"].lower() if place == "header" else each["name"]: (
                    document.read_parameter(each["name"], each)
                )
                for each in parameters
                if each["in"] == place
            }
            for place in ("path", "query", "header")
        }
        body = operation.get("requestBody")
        self._body = body and document.read_content(body, is_required=body.get("required", False))
        self._needs_key = bool(operation.get("security")) and {} not in operation["security"]
        self._responses = {
            status: document.read_response(response)
            for status, response in operation["responses"].items()
        }

    def find_problems(self, response: httpx2.Response) -> Iterator[str]:
        declared = self._responses.get(str(response.status_code))
        if declared is None:
            yield f"status {response.status_code} is not declared"
        else:
            yield from declared.find_problems(response)

    def declares_header(self, response: httpx2.Response, name: str) -> bool:
        declared = self._responses.get(str(response.status_code))
        return declared is not None and name in declared.headers

    def find_request_problems(
        self, request: httpx2.Request, path: Mapping[str, str]
    ) -> Iterator[str]:
        query = parse_qsl(request.url.query.decode(), keep_blank_values=True)
        for place, sent in (
            ("path", path.items()),
            ("query", query),
            ("header", request.headers.multi_items()),
        ):
            yield from _find_parameter_problems(self._parameters[place], sent)
        undeclared = {name for name, _ in query} - self._parameters["query"].keys()
        yield from (f"parameter {name!r} is not declared" for name in sorted(undeclared))
        keys = {"authorization", "x-api-key", "cookie"}
        if self._needs_key and not keys & request.headers.keys():
            yield "there is neither a key nor a session"
        body = request.read()
        if self._body:
            yield from self._body.find_problems(request.headers, body)
        elif body:
            yield "a body is not declared"


class Contract:
    """The operations of an OpenAPI document."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._registry = Registry([(_ROOT, document)], draft=Draft202012)
        # `/v1/articles/bulk` and `/v1/articles/{ref}.{ext}` come before `/v1/articles/{ref}`.
        self._paths = [
            (self._compile_path(path, methods), methods)
            for path, methods in sorted(
                document["paths"].items(), key=lambda item: ("{" in item[0], -len(item[0]))
            )
        ]
        self._operations: dict[str, _Operation] = {}

    def find_problems(self, response: httpx2.Response) -> list[str]:
        """Return how a response and its request violate the document."""
        request = response.request
        method = "get" if request.method == "HEAD" else request.method.lower()
        documented = self._find_operation(method, request.url)
        if documented is None:
            return []
        operation, path = documented
        answering = operation
        if method == "get" and "content-location" in response.headers:
            # `Accept` may have selected a format of another operation.
            location = request.url.join(response.headers["content-location"])
            answering, _ = self._find_operation(method, location) or documented
        problems = [*answering.find_problems(response)]
        if answering is not operation and not operation.declares_header(response, _LOCATION):
            problems.append(f"header {_LOCATION!r} is not declared")
        if response.is_success or response.status_code == httpx2.codes.NOT_MODIFIED:
            problems += [
                f"request: {problem}"
                for problem in operation.find_request_problems(response.request, path)
            ]
        return [f"{operation.name}: {response.status_code}: {problem}" for problem in problems]

    def _find_operation(
        self, method: str, url: httpx2.URL
    ) -> tuple["_Operation", dict[str, str]] | None:
        """Return the operation at an address, and its path parameters."""
        if quote(url.path, safe=_PLAIN).encode() != url.raw_path.partition(b"?")[0]:
            # The path is not in canonical form, and redirects.
            return None
        for pattern, methods in self._paths:
            match = pattern.fullmatch(url.path)
            if match is not None and method in methods:
                return self._read_operation(methods[method]), match.groupdict()
        return None

    def resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        """Return the component that a node refers to, or the node itself."""
        while "$ref" in node:
            component = self._document
            for name in node["$ref"].removeprefix("#/").split("/"):
                component = component[name]
            node = component
        return node

    def read_parameter(self, name: str, node: dict[str, Any]) -> _Parameter:
        """Return a parameter, or a header, which is declared like one."""
        schema = node["schema"]
        is_list = self.resolve(schema).get("type") == "array"
        return _Parameter(name, node["required"], is_list, self._validator(schema))

    def read_content(self, node: dict[str, Any], *, is_required: bool = True) -> _Content:
        """Return the media types of a request or of a response."""
        return _Content(
            {
                media_type: None
                if content["schema"] == {"type": "string"}
                else self._validator(content["schema"])
                for media_type, content in node["content"].items()
            },
            is_required,
        )

    def read_response(self, node: dict[str, Any]) -> _Response:
        """Return a declared response."""
        node = self.resolve(node)
        headers = {
            name.lower(): self.read_parameter(name, self.resolve(header))
            for name, header in node["headers"].items()
        }
        return _Response(headers, self.read_content(node) if node.get("content") else None)

    def _read_operation(self, node: dict[str, Any]) -> _Operation:
        name = node["operationId"]
        if name not in self._operations:
            self._operations[name] = _Operation(self, node)
        return self._operations[name]

    def _compile_path(self, path: str, methods: dict[str, Any]) -> re.Pattern[str]:
        """Return a pattern for a path; `{ext}` matches the formats that are declared."""
        parameters = {
            each["name"]: self.resolve(each["schema"])
            for operation in methods.values()
            for each in map(self.resolve, operation.get("parameters", ()))
        }
        pattern = ""
        for part in re.split(r"(\{\w+\})", path):
            name = part.strip("{}")
            if part.startswith("{"):
                values = "|".join(map(re.escape, parameters[name].get("enum", ())))
                pattern += f"(?P<{name}>{values or '[^/]+'})"
            else:
                pattern += re.escape(part)
        return re.compile(pattern)

    def _validator(self, schema: dict[str, Any]) -> Draft202012Validator:
        # A reference inside the schema is one inside the document.
        absolute = _replace_references(schema)
        return Draft202012Validator(absolute, registry=self._registry, validate_formats=True)


def _replace_references(node: Any) -> Any:
    if isinstance(node, list):
        return [_replace_references(each) for each in node]
    if not isinstance(node, dict):
        return node
    return {
        name: f"{_ROOT}{value}" if name == "$ref" else _replace_references(value)
        for name, value in node.items()
        if name not in {"example", "examples", "discriminator"}
    }


def _find_parameter_problems(declared: Mapping[str, _Parameter], sent: Any) -> Iterator[str]:
    names = set()
    for name, text in sent:
        names.add(name)
        if name in declared:
            problem = declared[name].find_problem(text)
            if problem is not None:
                yield problem
    for name, parameter in declared.items():
        if parameter.is_required and name not in names:
            yield f"parameter {parameter.name!r} is missing"


def _parse(text: str) -> Any:
    """Return the value of a text, for types other than strings."""
    if _INTEGER.fullmatch(text):
        return int(text)
    return _BOOLEANS.get(text, text)


def _decode(media_type: str, headers: httpx2.Headers, body: bytes) -> Any:
    # The client decodes the other encodings.
    if headers.get("content-encoding") == "zstd":
        body = zstandard.decompress(body)
    if media_type == "application/x-www-form-urlencoded":
        return {name: _parse(text) for name, text in parse_qsl(body.decode())}
    return orjson.loads(body)
