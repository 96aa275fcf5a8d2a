"""Bodies with a content encoding are refused on every route, before they are read."""

import gzip
import socket

import pytest
from starlette.testclient import TestClient

from app.api.app import create_app
from app.bootstrap import Services
from app.server.protocol import HttpProtocol
from tests.api.reading import fill_path, list_managed_routes
from tests.newsroom import Newsroom
from tests.server.serving import port_of, serve

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])

_BODY = b'{"title": "T", "language": "en"}'
_JSON = {"content-type": "application/json"}


def test_every_route_with_a_body_refuses_a_content_encoding(newsroom: Newsroom) -> None:
    for method, path in list_managed_routes():
        if method == "GET":
            continue
        headers = {"content-encoding": "gzip", "content-type": "text/plain", "if-match": "*"}
        at = fill_path(path).removeprefix("/v1/manage")
        answer = newsroom.call(method, at, content=gzip.compress(_BODY), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_coding"), at
        assert answer.headers["accept-encoding"] == "identity"
        assert answer.headers["content-type"] == "application/problem+json"


def test_the_hub_refuses_a_form_with_a_content_encoding(client: TestClient) -> None:
    form = {"content-type": "application/x-www-form-urlencoded", "content-encoding": "br"}
    answer = client.post("/hub", content=b"hub.mode=subscribe", headers=form)
    assert (answer.status_code, answer.headers["accept-encoding"]) == (415, "identity")


@pytest.mark.parametrize(
    "coding", ["gzip", "GZip", "br", "x-gzip", "deflate, gzip", "identity, gzip", "zstd;q=1", "*"]
)
def test_every_content_encoding_is_refused(newsroom: Newsroom, coding: str) -> None:
    # The body does not have to be encoded: the header alone is refused.
    headers = {**_JSON, "content-encoding": coding}
    answer = newsroom.call("POST", "/articles", content=_BODY, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_coding")


def test_a_content_encoding_in_a_second_header_is_refused(newsroom: Newsroom) -> None:
    headers = [
        ("authorization", newsroom.headers["authorization"]),
        ("content-type", "application/json"),
        ("content-encoding", "identity"),
        ("content-encoding", "gzip"),
    ]
    answer = newsroom.client.post("/v1/manage/articles", content=_BODY, headers=headers)
    assert answer.status_code == 415


@pytest.mark.parametrize("coding", ["identity", "Identity", "", "identity, identity", " , "])
def test_an_identity_content_encoding_is_accepted(newsroom: Newsroom, coding: str) -> None:
    headers = {**_JSON, "content-encoding": coding}
    answer = newsroom.call("POST", "/articles", content=_BODY, headers=headers)
    assert answer.status_code == 201, answer.text


def test_a_body_with_a_content_encoding_is_refused_before_it_is_sent(
    services: Services, newsroom: Newsroom
) -> None:
    with serve(create_app(services), HttpProtocol) as server:
        for path, kind in (("import", "application/x-ndjson"), ("articles", "application/json")):
            with socket.create_connection(("127.0.0.1", port_of(server)), 60) as connection:
                head = (
                    f"POST /v1/manage/{path} HTTP/1.1",
                    "Host: 127.0.0.1",
                    f"Authorization: {newsroom.headers['authorization']}",
                    f"Content-Type: {kind}",
                    "Content-Encoding: gzip",
                    "Content-Length: 1000",
                    "Expect: 100-continue",
                )
                connection.sendall("\r\n".join((*head, "", "")).encode())
                assert connection.recv(1_000).startswith(b"HTTP/1.1 415 ")
