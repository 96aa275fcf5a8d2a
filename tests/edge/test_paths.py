"""Paths with needless encodings."""

import asyncio
from typing import Any

import pytest

from app.api.app import create_app
from app.api.http.asgi import Message
from app.bootstrap import Services
from tests.edge.driver import nothing, request
from tests.newsroom import Newsroom

embedded = pytest.mark.parametrize("dialect", ["sqlite"])


def _send_path(services: Services, raw: bytes, **more: Any) -> tuple[int, dict[bytes, bytes]]:
    from urllib.parse import unquote

    messages: list[Message] = []

    async def send(message: Message) -> None:
        messages.append(message)

    scope = request("/") | {"path": unquote(raw.decode()), "raw_path": raw} | more

    async def ask() -> None:
        await create_app(services)(scope, nothing, send)

    asyncio.run(ask())
    return messages[0]["status"], dict(messages[0]["headers"])


@embedded
@pytest.mark.parametrize(
    ("raw", "location"),
    [
        (b"/%6detrics", b"/metrics"),
        (b"/%6Detrics", b"/metrics"),
        (b"/v1/%68eadlines", b"/v1/headlines"),
        (b"/v1/articles/%C3%A9t%C3%A9%2d1", b"/v1/articles/%C3%A9t%C3%A9-1"),
        (b"/v1/articles/a%2Db%20c", b"/v1/articles/a-b%20c"),
        (b"/%6d%0D%0Ax", b"/m%0D%0Ax"),
        (b"/%6d%5Cx", b"/m%5Cx"),
        (b"/%6d%FF", b"/m%FF"),
        (b"/%6d%3Fa", b"/m%3Fa"),
        (b"/%6d%2561", b"/m%2561"),
    ],
)
@pytest.mark.parametrize("query", [b"", b"a=%20%61&b=//c"])
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
def test_a_needlessly_encoded_path_redirects_to_the_plain_one(
    services: Services, raw: bytes, location: bytes, query: bytes, method: str
) -> None:
    status, headers = _send_path(services, raw, query_string=query, method=method)
    assert status == 308
    assert headers[b"location"] == location + (b"?" + query if query else b"")


@embedded
@pytest.mark.parametrize(
    "raw",
    [
        b"/%2e%2e/metrics",
        b"/%2e/metrics",
        b"/a/%2E%2E",
        b"/%2F%6detrics",
        b"//%6detrics",
        b"/v1//%6detrics",
        b"/%6detrics/",
        b"%6detrics",
        b"/%6d%2F%2Fevil.example",
        b"/%6d%2Fx",
    ],
)
def test_an_ambiguous_encoded_path_is_a_404(services: Services, raw: bytes) -> None:
    status, headers = _send_path(services, raw)
    assert status == 404
    assert b"location" not in headers


@embedded
@pytest.mark.parametrize(
    "raw",
    [
        b"/v1%2fmanage%2farticles",
        b"/v1/manage%2Farticles",
        b"/v1%2Fheadlines",
        b"/v1/articles%2f%C3%A9t%C3%A9",
        b"/v1/articles/a%2Frelated",
        b"/docs%2Fassets/x",
        b"%2Fmetrics",
        b"/healthz%2F",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("accept", [b"application/json", b"application/rss+xml"])
def test_an_encoded_slash_does_not_separate_segments(
    services: Services, raw: bytes, method: str, accept: bytes
) -> None:
    """A proxy that hides `/v1/manage` from the public reads the raw path."""
    headers = [(b"host", b"x"), (b"accept", accept)]
    status, answered = _send_path(services, raw, method=method, headers=headers)
    assert status == 404
    assert answered[b"content-type"] == b"application/problem+json"


@embedded
def test_a_backslash_and_an_encoded_percent_sign_do_not_separate_segments(
    services: Services,
) -> None:
    for raw in (b"/v1%5Cmanage%5Carticles", b"/v1%252Fmanage%252Farticles"):
        assert _send_path(services, raw)[0] == 404
    assert _send_path(services, b"/v1/headlines", query_string=b"tag=a%2Fb")[0] == 200


@embedded
def test_necessary_encoding_does_not_redirect(services: Services, newsroom: Newsroom) -> None:
    newsroom.story("Été", slug="été")
    assert _send_path(services, b"/v1/articles/%C3%A9t%C3%A9")[0] == 200
    assert _send_path(services, b"/v1/articles/%c3%a9t%c3%a9")[0] == 200


@embedded
@pytest.mark.parametrize("accept", [b"application/json", b"application/rss+xml"])
def test_an_encoded_path_redirects_despite_cache_and_accept(
    services: Services, accept: bytes
) -> None:
    headers = [(b"host", b"x"), (b"accept", accept)]
    assert _send_path(services, b"/v1/headlines", headers=headers)[0] == 200
    assert _send_path(services, b"/v1/headline%73", headers=headers)[0] == 308


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_the_host_is_checked_before_the_path(services: Services) -> None:
    for raw in (b"/%6detrics", b"/%2e/metrics"):
        two = [(b"host", b"a"), (b"host", b"b")]
        assert _send_path(services, raw, headers=two)[0] == 400
