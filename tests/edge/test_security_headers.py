"""Every response forbids MIME sniffing; every page has a content and framing policy."""

import gzip
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from app.api.app import create_app
from app.api.http.problems import PROBLEMS
from app.api.http.server import refuse
from app.api.routes.system.reference import STATIC
from app.bootstrap import Services
from app.server.interface import Hooks
from app.server.protocol import HttpProtocol
from app.settings import Settings
from tests.api.reading import ENDLESS, fill_path, routes
from tests.client import make_client
from tests.newsroom import Newsroom
from tests.server.serving import port_of, serve

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])
ORIGIN = {"origin": "https://site.example"}
PREFLIGHT = {**ORIGIN, "access-control-request-method": "GET"}


@pytest.fixture
def settings(database_url: str) -> Settings:
    """A deployment with a hub."""
    return Settings(
        database_url=database_url, public_url="http://testserver", allowed_hosts="testserver"
    )


def _check(answer: Response, what: object) -> None:
    """Require the headers for the type of a response, each of them once."""
    headers = answer.headers
    assert headers.get_list("x-content-type-options") == ["nosniff"], what
    if headers.get("content-type", "").startswith("text/html"):
        (policy,) = headers.get_list("content-security-policy")
        directives = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
        assert directives["frame-ancestors"] == directives["default-src"] == "'none'", what
        assert "unsafe" not in policy, what
        assert headers.get_list("referrer-policy") == ["no-referrer"], what


@pytest.mark.slow
def test_every_route_sends_the_security_headers(newsroom: Newsroom, client: TestClient) -> None:
    newsroom.story(slug="x")
    targets = [(method, fill_path(path)) for method, path in routes() if path not in ENDLESS]
    targets += [("GET", f"/problems/{code}") for code in PROBLEMS]
    targets += [("GET", f"{STATIC}/swagger-ui.css"), ("GET", f"{STATIC}/none"), ("GET", "/none")]
    assert len(targets) > 100
    key = {"authorization": newsroom.headers["authorization"]}
    pages = set()
    for method, path in targets:
        for headers in ({}, key, {**key, **ORIGIN}):
            # The second response may come from the cache.
            for _ in range(2):
                answer = client.request(method, path, headers=headers)
                _check(answer, (method, path, answer.status_code))
                if answer.headers.get("content-type", "").startswith("text/html"):
                    pages.add(path)
        for other, headers in (("HEAD", {}), ("OPTIONS", {}), ("OPTIONS", PREFLIGHT), ("BREW", {})):
            _check(client.request(other, path, headers=headers), (other, path))
    assert pages == {"/docs", *(f"/problems/{code}" for code in PROBLEMS)}


def test_cached_and_conditional_responses_have_the_security_headers(
    newsroom: Newsroom, client: TestClient
) -> None:
    newsroom.story("Long " * 100, slug="old")
    newsroom.patch(newsroom.call("GET", "/articles/old").json(), slug="new", status="published")
    killed = newsroom.story(slug="killed")
    newsroom.verb(killed, "kill", notice="Wrong.")
    statuses = set()
    paths = "v1/headlines v1/articles/new v1/articles/old v1/articles/killed v1/articles/none"
    for path in [*paths.split(), "v1/headlines?limit=x", "feeds/latest.rss", "sitemap.xml"]:
        tag = client.get(f"/{path}").headers.get("etag", '"x"')
        for headers in (
            {},
            {"accept-encoding": "gzip"},
            {"accept": "application/rss+xml"},
            {"if-none-match": tag},
            {"if-match": '"another"'},
            {"x-api-key": "wrong"},
            {"authorization": "nothing"},
            {"host": "elsewhere.example"},
            newsroom.headers,
        ):
            for method in ("GET", "GET", "HEAD"):
                answer = client.request(method, f"/{path}", headers=headers)
                _check(answer, (method, path, headers))
                statuses.add(answer.status_code)
    assert statuses >= {200, 301, 304, 400, 401, 404, 410, 412}


def test_refusals_have_the_security_headers(newsroom: Newsroom, client: TestClient) -> None:
    too_large = b"a" * (9 * 1024 * 1024)
    for headers, body in (
        ({"content-type": "text/plain"}, b"a"),
        ({"content-type": "application/json"}, b"{"),
        ({"content-type": "application/json"}, b'{"titel": 1}'),
        ({"content-type": "application/json", "content-encoding": "gzip"}, gzip.compress(b"{}")),
        ({"content-type": "application/json"}, too_large),
    ):
        for path in ("/v1/manage/articles", "/hub", "/v1/manage/import"):
            answer = client.post(path, content=body, headers={**newsroom.headers, **headers})
            _check(answer, (path, headers, body[:10]))


def test_internal_errors_have_the_security_headers(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("on purpose")

    monkeypatch.setattr(type(services.delivery), "list_stories", fail)
    monkeypatch.setattr(type(services.delivery), "load_current", fail)
    with make_client(create_app(services), raise_server_exceptions=False) as client:
        for path in ("/v1/headlines", "/v1/sources", "/feeds/latest.rss", "/v1/categories/a"):
            answer = client.get(path)
            assert answer.status_code == 500
            _check(answer, path)
        # An error in the application that all requests pass.
        monkeypatch.setattr("app.api.cache.freshness.Freshness.refresh", fail)
        answer = client.get("/v1/headlines")
        assert answer.status_code == 500
        _check(answer, "freshness")


@pytest.fixture
def port(services: Services) -> Iterator[int]:
    """The port of the deployment under test, on a real socket."""
    with serve(create_app(services), HttpProtocol) as server:
        yield port_of(server)


def _head(port: int, sent: bytes) -> str:
    """Send bytes and return the head of the response."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=30)) as connection:
        # The server refuses an incomplete head only after its second part.
        for start in range(0, len(sent), 50_000):
            connection.sendall(sent[start : start + 50_000])
            time.sleep(0.05)
        received = b""
        while b"\r\n\r\n" not in received:
            part = connection.recv(65_536)
            if not part:
                break
            received += part
    return received.partition(b"\r\n\r\n")[0].decode("latin-1").lower()


_ASKED = b"GET %b HTTP/1.1\r\nhost: testserver\r\n%b\r\n"


def test_responses_of_the_http_server_have_the_security_headers(
    port: int, newsroom: Newsroom
) -> None:
    newsroom.story()
    for status, sent in (
        (400, b"NONSENSE\r\n\r\n"),
        (400, b"GET / HTTP/1.1\r\nhost testserver\r\n\r\n"),
        (400, b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nx\r\n"),
        (431, b"GET / HTTP/1.1\r\nhost: a\r\na: " + b"b" * 140_000),
        (431, b"GET /" + b"a" * 140_000),
        (200, _ASKED % (b"/v1/headlines", b"")),
        (200, _ASKED % (b"/v1/headlines", b"")),
        (200, _ASKED % (b"/v1/stream", b"")),
        (200, _ASKED % (b"/metrics", b"")),
        (200, b"HEAD /v1/headlines HTTP/1.1\r\nhost: testserver\r\n\r\n"),
        (404, _ASKED % (b"/v1/articles/none", b"")),
    ):
        head = _head(port, sent)
        assert head.startswith(f"http/1.1 {status} "), (sent[:50], head)
        assert head.count("\r\nx-content-type-options: nosniff") == 1, (sent[:50], head)


def test_a_failing_application_is_answered_with_the_security_headers(services: Services) -> None:
    async def fail(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("on purpose")

    fail.hooks = Hooks(refuse=refuse)  # type: ignore[attr-defined]
    with serve(fail, HttpProtocol) as server:
        head = _head(port_of(server), _ASKED % (b"/", b""))
    assert head.startswith("http/1.1 500 ")
    assert "\r\ncontent-type: application/problem+json" in head
    assert "\r\nx-content-type-options: nosniff" in head
