"""Responses in one message, sent inline, have the same bytes as responses in two messages."""

import asyncio
import re
import socket
import sys
from asyncio import Protocol
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest

import app
from app.api.app import create_app
from app.api.http.asgi import App, Message, Receive, Scope, Send
from app.bootstrap import Services
from app.delivery.queries import DeliveryQueries
from app.kit.errors import DatabaseUnavailable
from app.server.interface import WHOLE, Hooks
from app.server.protocol import HttpProtocol
from app.server.response_head import encode_headers
from tests.databases import count_queries
from tests.edge.driver import HOST, nothing, request
from tests.newsroom import Newsroom
from tests.server.serving import port_of, serve

embedded = pytest.mark.parametrize("dialect", ["sqlite"])
OURS = str(Path(app.__file__).parent)
_CODED = "Accept-Encoding: gzip\r\n"
_REQUESTS = {
    "a list": "GET /v1/headlines HTTP/1.1\r\nHost: x\r\n",
    "a list in gzip": f"GET /v1/headlines?limit=2 HTTP/1.1\r\nHost: x\r\n{_CODED}",
    "a story": "GET /v1/articles/one HTTP/1.1\r\nHost: x\r\nOrigin: https://site.example\r\n",
    "a story known": "GET /v1/articles/one HTTP/1.1\r\nHost: x\r\nIf-None-Match: *\r\n",
    "a feed": "GET /v1/headlines HTTP/1.1\r\nHost: x\r\nAccept: application/rss+xml\r\n",
    "no body": "HEAD /v1/headlines HTTP/1.1\r\nHost: x\r\n",
    "a redirect": "GET /v1/articles/former HTTP/1.1\r\nHost: x\r\n",
    "a 404": "GET /v1/articles/none HTTP/1.1\r\nHost: x\r\n",
    "a refusal": "GET /v1/headlines?limit=0 HTTP/1.1\r\nHost: x\r\n",
    "another method": "POST /v1/headlines HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n",
    "the last one": "GET /v1/headlines HTTP/1.1\r\nHost: x\r\nConnection: close\r\n",
    "an old one": "GET /v1/headlines HTTP/1.0\r\nHost: x\r\n",
}


@pytest.fixture
def application(services: Services, newsroom: Newsroom) -> App:
    """An application with three stories, one of which has a former slug."""
    moved = newsroom.story("One", slug="former", body="<p>" + "All eleven hives. " * 60 + "</p>")
    newsroom.patch(moved, slug="one", status="published")
    for title in ("Two", "Three"):
        newsroom.story(title)
    return create_app(services)


@contextmanager
def _serve_on_port(application: App, protocol: type[Protocol] | str) -> Iterator[int]:
    with serve(application, protocol) as server:
        yield port_of(server)


def _send_requests(port: int, *requests: str) -> bytes:
    """Send pipelined requests, the last of which ends the connection; return all responses."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall("".join(f"{item}\r\n" for item in requests).encode())
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def _plain(answers: bytes) -> list[bytes]:
    """Return the lines of responses without values that differ in each response."""
    own = (b"date: ", b"x-request-id: ")
    lines = [line for line in answers.split(b"\r\n") if not line.startswith(own)]
    return [b"a problem" if b'"request_id"' in line else line for line in lines]


@pytest.mark.slow
@embedded
@pytest.mark.parametrize("what", _REQUESTS)
def test_a_response_in_one_message_has_the_same_bytes(application: App, what: str) -> None:
    requested = _REQUESTS[what]
    # Our server is first, so that it has no prepared responses yet.
    with _serve_on_port(application, HttpProtocol) as port:
        actual = [
            _plain(_send_requests(port, requested, _REQUESTS["the last one"])) for _ in range(3)
        ]
    with _serve_on_port(application, "httptools") as port:
        expected = [
            _plain(_send_requests(port, requested, _REQUESTS["the last one"])) for _ in range(3)
        ]
    assert actual == expected
    assert actual[0][0].startswith(b"HTTP/1.1 ")


@embedded
def test_pipelined_requests_are_answered_in_order(application: App) -> None:
    kinds = ("a list", "a 404", "a story", "a refusal", "a story known")
    requested = [_REQUESTS[kind] for kind in kinds] * 300
    with _serve_on_port(application, HttpProtocol) as port:
        answers = _send_requests(port, *requested, _REQUESTS["the last one"])
    matches = re.findall(rb"HTTP/1\.1 (\d{3}) ", answers)
    assert matches == [b"200", b"404", b"200", b"400", b"304"] * 300 + [b"200"]


@embedded
def test_each_inline_response_has_a_new_or_the_given_request_id(
    application: App,
) -> None:
    request = f"{_REQUESTS['a list']}X-Request-Id: mine\r\n"
    with _serve_on_port(application, HttpProtocol) as port:
        actual = [
            _send_requests(port, entry + "Connection: close\r\n")
            for entry in [_REQUESTS["a list"], request] * 3
        ]
    ids = [item.partition(b"x-request-id: ")[2].partition(b"\r\n")[0] for item in actual]
    assert ids[1::2] == [b"mine"] * 3
    assert len(set(ids[0::2])) == 3


@embedded
def test_an_inline_response_is_as_new_as_the_last_write(
    application: App, newsroom: Newsroom
) -> None:
    lookup = application.lookup  # type: ignore[attr-defined]
    requested = {**request("/v1/headlines"), "extensions": {WHOLE: {}}}
    before = lookup(dict(requested))
    assert (before["type"], before["status"]) == (WHOLE, 200)
    assert lookup(dict(requested))["body"] == before["body"]
    assert lookup({**requested, "method": "HEAD"}) is None
    newsroom.story("Four")
    after = lookup(dict(requested))
    assert after["body"].count(b'"Four"') == 1
    assert before["body"].count(b'"Four"') == 0


@embedded
def test_requests_after_a_write_share_one_log_read(
    application: App, services: Services, newsroom: Newsroom
) -> None:
    lookup = application.lookup  # type: ignore[attr-defined]
    paths = ("/v1/headlines", "/v1/articles/one", "/v1/articles/two")
    requested = [{**request(path), "extensions": {WHOLE: {}}} for path in paths]
    assert all(lookup(dict(entry)) for entry in requested)
    newsroom.story("Four")
    # All of them arrive before a task for one could start.
    with count_queries(services.database) as statements:
        responses = [lookup(dict(value)) for value in requested * 5]
    assert [element["status"] for element in responses] == [200] * 15
    looks = [statement for statement in statements if "changes.serial >" in statement]
    lists = [item for item in statements if "documents.head" in item]
    # The stories are cached; the list is computed again.
    assert (len(looks), len(lists)) == (1, 1), statements


@embedded
def test_no_response_is_sent_inline_after_a_database_failure(
    application: App, newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookup = application.lookup  # type: ignore[attr-defined]
    requested = {**request("/v1/headlines"), "extensions": {WHOLE: {}}}
    assert lookup(dict(requested)) is not None
    newsroom.story("Four")

    def fails(*_: object) -> None:
        raise DatabaseUnavailable("It is gone.")

    with monkeypatch.context() as fail:
        fail.setattr(DeliveryQueries, "load_changes_since", fails)
        assert lookup(dict(requested)) is None
    assert b'"Four"' in lookup(dict(requested))["body"]


async def _ask(application: App, scope: Scope) -> None:
    async def ignore(_: Message) -> None:
        pass

    await application(scope, nothing, ignore)


@embedded
def test_an_inline_response_takes_few_function_calls(application: App) -> None:
    asyncio.run(_ask(application, request("/v1/headlines")))
    steps: list[str] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(OURS):
            steps.append(code.co_qualname)

    scope = request("/v1/headlines", [HOST, (b"x-other", b"1")])
    # Its header lines are encoded when it is first sent this way.
    application.lookup(scope)  # type: ignore[attr-defined]
    sys.setprofile(note)
    try:
        responses = application.lookup(scope)  # type: ignore[attr-defined]
    finally:
        sys.setprofile(None)
    assert responses["status"] == 200
    assert len(steps) <= 8, steps


def test_a_failing_inline_lookup_falls_back_to_the_application() -> None:
    async def plain(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def fail(_: Scope) -> Message:
        raise ValueError("broken")

    plain.hooks = Hooks(lookup=fail)  # type: ignore[attr-defined]
    with _serve_on_port(plain, HttpProtocol) as port:
        assert _send_requests(port, _REQUESTS["the last one"]).startswith(b"HTTP/1.1 204 ")


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: b", b"a\nb", b"\0", b"\x7f"])
def test_a_header_value_with_a_line_end_is_refused(value: bytes) -> None:
    assert encode_headers([(b"a", b"b\tc"), (b"d", b"\xc3\xa9")]) == b"a: b\tc\r\nd: \xc3\xa9\r\n"
    with pytest.raises(RuntimeError):
        encode_headers([(b"a", b"b"), (b"c", value)])
