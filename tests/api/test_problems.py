"""Problems have one form on every path, and each code has a page."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from app.api.http.problems import PROBLEMS
from app.bootstrap import Services
from app.settings import Settings
from tests.api.reading import fill_path, list_managed_routes, routes
from tests.newsroom import Newsroom

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])


@pytest.fixture
def settings(database_url: str) -> Settings:
    """A deployment with a low body limit and a configured origin of the newsroom."""
    origin = "https://desk.example"
    return Settings(database_url=database_url, max_body_bytes=2000, management_cors_origins=origin)


def _is_problem(response: object, status: int, code: str) -> dict[str, object]:
    assert response.headers["content-type"] == "application/problem+json"  # type: ignore[attr-defined]
    problem: dict[str, object] = response.json()  # type: ignore[attr-defined]
    summary = (response.status_code, problem["status"], problem["code"])  # type: ignore[attr-defined]
    assert summary == (status, status, code), problem
    assert problem["type"] == f"/problems/{code}"
    assert problem["title"] == PROBLEMS[code].title
    assert problem["detail"]
    assert problem["request_id"] == response.headers["x-request-id"]  # type: ignore[attr-defined]
    assert problem.keys() <= {*"type title status detail code request_id errors".split()}
    return problem


def test_every_error_has_the_same_form(newsroom: Newsroom, client: TestClient) -> None:
    article = newsroom.article()
    path, plain = f"/articles/{article['id']}", {"content-type": "text/plain"}
    match = {"if-match": '"v9"'}
    for response, status, code in (
        (client.get("/nowhere"), 404, "not_found"),
        (client.get("/v1/articles/none"), 404, "not_found"),
        (client.get("/docs/static/none.js"), 404, "not_found"),
        (client.get("/v1/headlines/"), 404, "not_found"),
        (client.delete("/v1/headlines"), 405, "method_not_allowed"),
        (client.get("/v1/headlines?x=1"), 400, "bad_parameter"),
        (client.get("/v1/headlines?cursor=x"), 400, "bad_cursor"),
        (client.get("/v1/manage/keys", headers={"authorization": "Basic x"}), 401, "key_required"),
        (client.get("/v1/headlines", headers={"x-api-key": "dl_none"}), 401, "key_refused"),
        (client.get("/v1/manage/articles"), 401, "key_required"),
        (newsroom.call("GET", "/articles/none"), 404, "not_found"),
        (newsroom.call("POST", "/articles", content=b"{"), 415, "unsupported_media_type"),
        (newsroom.call("POST", "/articles", content=b"{}", headers=plain), 415, None),
        (newsroom.call("POST", "/articles", json=[]), 400, "malformed_json"),
        (newsroom.call("POST", "/articles", json={}), 422, "invalid_input"),
        (newsroom.call("PATCH", path, json={}), 428, "version_required"),
        (newsroom.call("PUT", path, json={}, headers=match), 412, "version_mismatch"),
        (newsroom.call("DELETE", path, headers={"if-match": "v1"}), 400, "bad_header"),
        (newsroom.call("POST", "/sources", json={"name": "x" * 2000}), 413, "body_too_large"),
    ):
        _is_problem(response, status, code or "unsupported_media_type")


def test_malformed_json_is_a_400(newsroom: Newsroom) -> None:
    headers = {"content-type": "application/json; charset=utf-8"}
    lone = b'{"title": "\\ud800"}'
    for body in (b"", b"{", lone, b"\xff", b"[" * 1500, b"NaN", b'{"a":1}{}'):
        response = newsroom.call("POST", "/articles", content=body, headers=headers)
        _is_problem(response, 400, "malformed_json")


def test_a_large_body_is_refused_with_and_without_content_length(newsroom: Newsroom) -> None:
    json, chunk = {"content-type": "application/json"}, b" " * 500

    def chunks() -> Iterator[bytes]:
        for _ in range(5):
            yield chunk

    whole = newsroom.call("POST", "/articles", content=chunk * 5, headers=json)
    streamed = newsroom.call("POST", "/articles", content=chunks(), headers=json)
    assert "content-length" not in streamed.request.headers
    for response in (whole, streamed):
        problem = _is_problem(response, 413, "body_too_large")
        assert "2000" in str(problem["detail"])


def test_an_internal_error_is_a_problem_without_details(
    client: TestClient, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the password is swordfish")

    monkeypatch.setattr(type(services.delivery), "list_stories", fail)
    response = client.get("/v1/headlines", headers={"origin": "https://site.example"})
    _is_problem(response, 500, "internal")
    assert "swordfish" not in response.text
    assert response.headers["access-control-allow-origin"] == "*"


def test_every_code_has_a_page(client: TestClient) -> None:
    for code, kind in PROBLEMS.items():
        page = client.get(f"/problems/{code}")
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")
        assert code in page.text
        assert str(kind.status) in page.text
    _is_problem(client.get("/problems/none"), 404, "not_found")


def test_an_unsupported_method_is_refused_with_the_allowed_ones(newsroom: Newsroom) -> None:
    known: dict[str, set[str]] = {}
    for method, path in routes():
        known.setdefault(path, {"OPTIONS"}).add(method)
    assert len(known) > 20
    for path, methods in known.items():
        allowed = methods | ({"HEAD"} if "GET" in methods else set())
        at = fill_path(path)
        if path.endswith("/bulk"):
            # A story may have this slug, so the rules of stories apply here.
            allowed |= known["/v1/manage/articles/{ref}"] | {"HEAD"}
        if path.endswith("/products/preview"):
            allowed |= known["/v1/manage/products/{product}"] | {"HEAD"}
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "BREW"} - allowed:
            response = newsroom.client.request(method, at)
            assert set(response.headers["allow"].split(", ")) == allowed, (method, path)
            _is_problem(response, 405, "method_not_allowed")


def test_options_lists_the_methods(client: TestClient) -> None:
    response = client.options("/v1/manage/articles/x")
    assert response.status_code == 204
    assert response.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"
    assert client.options("/nowhere").status_code == 404


_WITHOUT_BODY = ("restore", "/purge", "/pause", "/resume", "/test")


def test_writing_routes_require_json(newsroom: Newsroom) -> None:
    headers = {"content-type": "application/xml", "if-match": "*"}
    for method, path in list_managed_routes():
        if method in {"GET", "DELETE"} or path.endswith(_WITHOUT_BODY):
            continue
        at = fill_path(path).removeprefix("/v1/manage")
        response = newsroom.call(method, at, content=b"<a/>", headers=headers)
        _is_problem(response, 415, "unsupported_media_type")


def test_a_refused_preflight_is_a_problem(client: TestClient) -> None:
    headers = {"origin": "https://site.example", "access-control-request-method": "POST"}
    response = client.options("/v1/headlines", headers=headers)
    _is_problem(response, 400, "bad_cors_method")
    assert response.headers["access-control-allow-methods"] == "GET, HEAD"


@pytest.mark.parametrize(
    ("path", "origin", "method", "status", "code"),
    [
        ("/v1/headlines", "https://site.example", "DELETE", 400, "bad_cors_method"),
        ("/v1/manage/articles", "https://desk.example", "TRACE", 400, "bad_cors_method"),
        ("/v1/manage/articles", "https://site.example", "POST", 400, "bad_origin"),
        ("/v1/manage/articles", "https://site.example", "TRACE", 400, "bad_origin"),
    ],
)
def test_a_refused_preflight_names_the_reason(
    client: TestClient, path: str, origin: str, method: str, status: int, code: str
) -> None:
    headers = {"origin": origin, "access-control-request-method": method}
    _is_problem(client.options(path, headers=headers), status, code)
