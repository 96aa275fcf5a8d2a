"""Problems quote at most 100 characters of the input, wherever it was sent."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from tests.api.reading import ENDLESS, fill_path, routes
from tests.client import expect_contract_violation
from tests.newsroom import Newsroom

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])
_LETTERS = ("x", "é", "A")
_LENGTH = 700
# One letter is tried in all requests; trying every letter in so many requests takes long.
_BY_AND_BY = (
    _LETTERS[0],
    *(pytest.param(entry, marks=pytest.mark.exhaustive) for entry in _LETTERS[1:]),
)


def check(answer: Response) -> None:
    """Search a problem for more than 100 of the letters in sequence."""
    assert answer.status_code < 500, answer.text
    kind = answer.headers.get("content-type", "")
    if answer.status_code < 400 and not kind.startswith("application/x-ndjson"):
        return
    for letter in _LETTERS:
        for text in (letter, letter.lower()):
            assert text * 101 not in answer.text, answer.text[:2_000]


def operations(client: TestClient) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield every documented operation."""
    document = client.get("/openapi.json").json()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in {"get", "post", "put", "patch", "delete"} and path not in ENDLESS:
                yield method.upper(), path, _resolve_references(operation, document)


def _resolve_references(value: Any, document: dict[str, Any], depth: int = 0) -> Any:
    """Return a value with its references replaced, as deep as inputs are nested."""
    if isinstance(value, list):
        return [_resolve_references(entry, document, depth) for entry in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        if depth > 3:
            return {}
        node: Any = document
        for part in value["$ref"].removeprefix("#/").split("/"):
            node = node[part]
        return _resolve_references(node, document, depth + 1)
    return {name: _resolve_references(item, document, depth) for name, item in value.items()}


@pytest.mark.parametrize("letter", _LETTERS)
def test_problems_quote_a_part_of_a_long_path(
    letter: str, newsroom: Newsroom, client: TestClient
) -> None:
    long = letter * _LENGTH
    for method, path in routes():
        if "{" in path:
            at = quote(fill_path(path, long))
            check(client.request(method, at, headers=newsroom.headers))
    for at in (f"/{long}", f"/v1/{long}", f"/feeds/{long}", f"/feeds/latest.{long}"):
        check(client.get(quote(at)))
        check(client.post(quote(at)))
    check(client.get(quote(f"/problems/{long}")))
    check(client.request("A" * _LENGTH, "/v1/headlines"))


@pytest.mark.parametrize("letter", _BY_AND_BY)
@expect_contract_violation("Pages, such as the start page, ignore parameters.")
def test_problems_quote_a_part_of_a_long_parameter(
    letter: str, newsroom: Newsroom, client: TestClient
) -> None:
    long = quote(letter * _LENGTH)
    for method, path, operation in operations(client):
        at = fill_path(path)
        names = {
            parameter["name"]
            for parameter in operation.get("parameters", ())
            if parameter["in"] == "query"
        }
        queries = [f"{long}=1", f"{long}=1&{long}y=1", *(f"{name}={long}" for name in names)]
        queries += [f"{name}=-{long},{long}" for name in names]
        for query in queries:
            check(client.request(method, f"{at}?{query}", headers=newsroom.headers))
    for query in (f"cursor={long}", f"{long}=1"):
        check(client.get(f"/v1/stream?{query}"))


@pytest.mark.parametrize("letter", _LETTERS)
def test_problems_quote_a_part_of_a_long_header(
    letter: str, newsroom: Newsroom, client: TestClient
) -> None:
    long = (letter * _LENGTH).encode("latin-1")
    names = [b"if-match", b"if-none-match", b"if-modified-since", b"idempotency-key", b"origin"]
    names += [b"content-type", b"content-encoding", b"accept", b"accept-language", b"x-api-key"]
    names += [b"x-request-id", b"host", b"authorization", b"last-event-id", b"accept-encoding"]
    own = newsroom.headers["authorization"].encode()
    for name in names:
        for value in (long, b"Bearer " + long):
            keyed = [] if name in {b"authorization", b"x-api-key"} else [(b"authorization", own)]
            headers = [*keyed, (name, value)]
            for method, path in (("GET", "/v1/headlines"), ("POST", "/v1/manage/articles")):
                check(client.request(method, path, headers=headers))
            if name == b"last-event-id":
                check(client.get("/v1/stream", headers=headers))


@pytest.mark.parametrize("letter", _BY_AND_BY)
@expect_contract_violation("`warnings` are ignored, whatever they are.")
def test_problems_quote_a_part_of_a_long_body(
    letter: str, newsroom: Newsroom, client: TestClient
) -> None:
    long = letter * _LENGTH
    story = newsroom.story("Story")
    values: list[Any] = [long, [long], {long: long}, [{long: long}], {"names": {long: long}}]
    for method, path, operation in operations(client):
        content = operation.get("requestBody", {}).get("content", {})
        if path.endswith("/import"):
            continue
        for kind, described in content.items():
            fields = described.get("schema", {}).get("properties", {})
            at = fill_path(path, story["id"])
            headers = {**newsroom.headers, "content-type": kind, "if-match": "*"}
            bodies = [{long: 1}, {"title": "T", "language": "en", long: long}]
            bodies += [{name: value} for name in fields for value in values]
            bodies += [
                {"title": "T", "language": "en", "name": "N", name: value}
                for name in fields
                for value in values[:2]
            ]
            for body in bodies:
                check(client.request(method, at, content=json.dumps(body), headers=headers))
    check(client.post("/v1/manage/articles", content=long.encode(), headers=newsroom.headers))


@pytest.mark.parametrize("letter", _LETTERS)
def test_problems_quote_a_part_of_a_long_hub_form(letter: str, client: TestClient) -> None:
    long = letter * _LENGTH
    for name in ("hub.mode", "hub.topic", "hub.callback", "hub.lease_seconds", "hub.secret", long):
        form = {"hub.mode": "subscribe", "hub.topic": "x", "hub.callback": "https://a.example/b"}
        check(client.post("/hub", data={**form, name: long}))


@pytest.mark.parametrize("letter", _LETTERS)
def test_problems_quote_a_part_of_a_long_import_line(
    letter: str, newsroom: Newsroom, client: TestClient
) -> None:
    long = letter * _LENGTH
    article = {"type": "article", "title": "T", "language": "en"}
    category = {"type": "category", "slug": "a", "name": "A"}
    lines: list[Any] = [
        long,
        {long: long},
        {"type": long},
        {**article, long: long},
        {**category, long: 1},
        {**category, "parent": long},
        {**category, "slug": long},
        {**category, "names": {long: long}},
    ]
    fields = (
        "source",
        "categories",
        "language",
        "slug",
        "translation_of",
        "published_at",
        "status",
    )
    lines += [{**article, name: value} for name in fields for value in (long, [long], {long: 1})]
    content = "\n".join([*map(json.dumps, lines), long])
    headers = {"content-type": "application/x-ndjson"}
    answer = newsroom.call("POST", "/import", content=content.encode(), headers=headers)
    assert answer.is_success
    for line in answer.text.splitlines():
        problem = json.loads(line).get("problem")
        for text in (letter, letter.lower()):
            assert text * 101 not in json.dumps(problem, ensure_ascii=False), line[:2_000]
