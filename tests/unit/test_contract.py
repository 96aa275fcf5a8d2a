"""The check of requests and responses against the OpenAPI document, and the client that uses it."""

import re
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import httpx2
import orjson
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse

from tests.architecture.source import ROOT
from tests.client import ContractViolation, expect_contract_violation, make_client
from tests.contract import DOCUMENT, Contract, load_contract

_DOCUMENT = orjson.loads(DOCUMENT.read_bytes())
_LIST = _DOCUMENT["paths"]["/v1/headlines"]["get"]
_PAGE = _LIST["responses"]["200"]["content"]["application/json"]["example"]
_HEADERS = {
    "content-type": "application/json",
    "cache-control": "no-store",
    "vary": "Origin",
    "x-content-type-options": "nosniff",
    "x-request-id": "one",
}
_ARTICLES = "/v1/manage/articles"


def _exchange(
    url: str = "/v1/headlines?limit=2",
    method: str = "GET",
    sent: Any = None,
    status: int = 200,
    body: Any = _PAGE,
    **headers: str,
) -> httpx2.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    address = f"http://testserver{url}"
    credentials = {"x-api-key": "key"} if url.startswith(_ARTICLES) else {}
    request = httpx2.Request(method, address, headers=credentials, json=sent)
    content = b"" if body is None else orjson.dumps(body)
    return httpx2.Response(status, headers=_HEADERS | named, content=content, request=request)


def _headline(document: dict[str, Any]) -> dict[str, Any]:
    members: dict[str, Any] = document["components"]["schemas"]["Headline"]["properties"]
    return members


def _list(document: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = document["paths"]["/v1/headlines"]["get"]
    return operation


def test_documented_messages_have_no_problems() -> None:
    contract = load_contract()
    article = {"title": "T", "language": "en", "status": "draft"}
    for exchange in (
        _exchange(),
        _exchange("/v1/headlines?tag=a,b&tag=c&one_per_story=true&published_after=2026-01-01"),
        _exchange(method="HEAD", body=None),
        _exchange(status=304, body=None),
        _exchange("/feeds/latest.ninjs", body=[], content_type="application/ninjs+json"),
        # Refused requests may be invalid, and unknown paths are not checked.
        _exchange(
            _ARTICLES, "POST", {"title": 1}, 400, None, content_type="application/problem+json"
        ),
        _exchange("/nowhere?x=1", status=299),
        _exchange("/v1/%61rticles/a", status=308),
        _exchange("/v1/headlines", "POST", article, 405),
    ):
        problems = contract.find_problems(exchange)
        assert problems == [], exchange.request.url


@pytest.mark.parametrize(
    ("tamper", "problem"),
    [
        (lambda d: _list(d)["responses"].pop("200"), "status 200 is not declared"),
        (
            lambda d: _list(d)["responses"]["200"]["content"].update(
                {"text/csv": _list(d)["responses"]["200"]["content"].pop("application/json")}
            ),
            "media type 'application/json' is not declared",
        ),
        (
            lambda d: _list(d)["responses"]["200"]["headers"].pop("Vary"),
            "header 'vary' is not declared",
        ),
        (
            lambda d: d["components"]["headers"]["Age"].update(required=True),
            "parameter 'Age' is missing",
        ),
        (lambda d: _headline(d)["title"].update(type="integer"), "is not of type"),
        (lambda d: _headline(d).pop("title"), "'title' was unexpected"),
        (
            lambda d: _list(d)["parameters"].remove({"$ref": "#/components/parameters/limit"}),
            "request: parameter 'limit' is not declared",
        ),
        (
            lambda d: d["components"]["parameters"]["limit"]["schema"].update(maximum=1),
            "request: parameter 'limit': '2' is not valid",
        ),
    ],
)
def test_a_wrong_document_is_found(
    tamper: Callable[[dict[str, Any]], object], problem: str
) -> None:
    document = deepcopy(_DOCUMENT)
    tamper(document)
    problems = Contract(document).find_problems(_exchange())
    assert len(problems) >= 1
    assert problem in problems[0]


@pytest.mark.parametrize(
    ("exchange", "problem"),
    [
        (_exchange(status=299), "status 299 is not declared"),
        (_exchange(content_type="text/html"), "media type 'text/html' is not declared"),
        (_exchange(body={**_PAGE, "more": 1}), "'more' was unexpected"),
        (_exchange(status=304), "a body is not declared"),
        (_exchange(x_new="1"), "header 'x-new' is not declared"),
        (_exchange(dateline_serial="?"), "parameter 'Dateline-Serial': '?' is not valid"),
        (_exchange("/v1/headlines?limit=x"), "parameter 'limit': 'x' is not valid"),
        (_exchange("/v1/headlines?x=1"), "parameter 'x' is not declared"),
        (
            _exchange("/v1/articles/a", content_location="/v1/articles/a.md"),
            "media type 'application/json' is not declared",
        ),
        (_exchange(_ARTICLES, "POST", {"title": 1}), "request: body: title: 1 is not of type"),
        (_exchange(_ARTICLES, "POST"), "request: media type '' is not declared"),
        (
            _exchange(f"{_ARTICLES}/a/publish", "POST"),
            "request: parameter 'If-Match' is missing",
        ),
    ],
)
def test_a_wrong_message_is_found(exchange: httpx2.Response, problem: str) -> None:
    problems = load_contract().find_problems(exchange)
    assert any(problem in text for text in problems), problems


def test_a_client_raises_unless_a_violation_is_expected() -> None:
    async def answer(_: object) -> JSONResponse:
        return JSONResponse({"status": "alive"}, headers={"x-new": "1"})

    app = Starlette()
    app.add_route("/healthz", answer)
    app.add_route("/else", answer)
    client = make_client(app)
    with pytest.raises(ContractViolation, match="header 'x-new' is not declared"):
        client.get("/healthz")
    with expect_contract_violation("The header is new."):
        assert client.get("/healthz").status_code == 200
    with (
        pytest.raises(AssertionError, match="match the document"),
        expect_contract_violation("The path is not documented, so it is not checked."),
    ):
        client.get("/else")


def test_all_clients_of_tests_check_the_contract() -> None:
    files = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "tests").rglob("*.py"))
        if re.search(r"(?<![\w\"])TestClient\(", path.read_text(encoding="utf-8"))
    ]
    assert files == ["tests/client.py"]
