"""Prepared responses over HTTP: their requests, headers, end and cost."""

import asyncio
import logging
import sys
from pathlib import Path
from types import FrameType

import pytest
from starlette.testclient import TestClient

import app
from app.api.app import create_app
from app.api.cache.middleware import CacheMiddleware
from app.api.http.asgi import App, Message, Receive, Scope, Send
from app.api.live.change_notifier import ChangeNotifier
from app.api.monitoring.metrics import Metrics
from app.bootstrap import Services
from app.settings import Settings
from tests.clock import HandClock
from tests.conftest import key_for
from tests.databases import count_queries
from tests.edge.driver import HOST, request
from tests.newsroom import Newsroom

OURS = str(Path(app.__file__).parent)


async def _send_request(application: App) -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        raise AssertionError("nobody has to know")

    scope = {"type": "http", "http_version": "1.1", "method": "GET", "path": "/v1/headlines"}
    headers = [(b"host", b"x"), (b"accept-encoding", b"gzip"), (b"user-agent", b"test")]
    await application({**scope, "query_string": b"", "headers": headers}, receive, send)
    return sent


async def _nothing(_scope: Scope, _receive: Receive, _send: Send) -> None:
    raise AssertionError("nothing passes")


@pytest.fixture
def old_story(newsroom: Newsroom, clock: HandClock) -> None:
    """A story a minute old."""
    newsroom.story(body="<p>" + "word " * 300 + "</p>")
    clock.advance(minutes=1)


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_cached_response_has_the_id_of_the_request(old_story: None, client: TestClient) -> None:
    ids = [
        client.get("/v1/headlines", headers={"x-request-id": id_}).headers["x-request-id"]
        for id_ in ("a-1", "a-2", "a-2", "a b", "a b")
    ]
    assert ids[:3] == ["a-1", "a-2", "a-2"]
    assert len({"a b", *ids[3:]}) == 3


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_prepared_response_for_a_key_ends_with_the_key(
    old_story: None, client: TestClient, services: Services
) -> None:
    key = {"X-Api-Key": key_for(services, "read")}
    admin = {"X-Api-Key": key_for(services, "admin")}
    answers = [client.get("/v1/headlines", headers=key) for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert answers[1].headers["cache-control"] == "private, max-age=0, must-revalidate"
    me = client.get("/v1/me", headers=key).json()
    client.delete(f"/v1/manage/keys/{me['prefix']}", headers=admin)
    assert client.get("/v1/headlines", headers=key).status_code == 401
    assert client.get("/v1/headlines").headers["cache-control"].startswith("public")


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_prepared_response_is_used_only_for_equivalent_requests(
    old_story: None, client: TestClient
) -> None:
    path = "/v1/articles/a-title"
    tag = client.get(path).headers["etag"]
    for _ in range(3):
        assert client.get(path).status_code == 200
        assert client.get(path, headers={"if-none-match": tag}).status_code == 304
        assert client.head(path).content == b""
        assert client.post(path).status_code == 405
        assert client.get(path, headers={"x-api-key": "wrong"}).status_code == 401
        linked = client.get(path, headers={"accept": "application/ld+json"})
        assert linked.headers["content-type"].startswith("application/ld+json")
        assert client.get(path, headers={"accept-encoding": "identity"}).headers["etag"] != tag


def test_a_prepared_response_takes_few_function_calls(old_story: None, services: Services) -> None:
    application = create_app(services)
    asyncio.run(_send_request(application))
    steps: list[str] = []

    def note(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(OURS):
            steps.append(code.co_qualname)

    answer = _send_request(application)
    sys.setprofile(note)
    try:
        with pytest.raises(StopIteration) as ended:
            answer.send(None)
    finally:
        sys.setprofile(None)
    assert [item.get("status") for item in ended.value.value] == [200, None]
    assert len(steps) <= 10, steps


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_response_in_a_format_of_accept_is_prepared(
    old_story: None, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first request computes it inline; later ones find it by the raw request."""
    cache = CacheMiddleware(_nothing, services, Metrics(), ChangeNotifier(services.watch))
    linked = request("/v1/articles/a-title", [HOST, (b"accept", b"application/ld+json")])
    first = cache.lookup(linked.copy())
    plain = cache.lookup(request("/v1/articles/a-title"))
    monkeypatch.delattr("app.api.cache.middleware.read_request")
    second = cache.lookup(linked.copy())
    assert first is not None
    assert second is not None
    assert plain is not None
    for message in (first, second):
        headers = dict(message["headers"])
        assert headers[b"content-type"] == b"application/ld+json"
        assert headers[b"content-location"] == b"/v1/articles/a-title.jsonld"
        assert headers[b"vary"].endswith(b", Accept")
    assert dict(plain["headers"])[b"content-type"] == b"application/json"


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_head_request_prepares_no_response_for_get(old_story: None, client: TestClient) -> None:
    assert client.head("/v1/headlines").content == b""
    assert client.get("/v1/headlines").json()["data"]


def test_a_prepared_response_ends_at_a_later_scheduled_publication(
    old_story: None, newsroom: Newsroom, client: TestClient, clock: HandClock
) -> None:
    codings = ({"accept-encoding": "gzip"}, {"accept-encoding": "br"})
    for headers in codings:
        assert len(client.get("/v1/headlines", headers=headers).json()["data"]) == 1
    newsroom.story("Later", published_at="2026-11-22T13:00:00Z")
    client.get("/v1/headlines", headers=codings[0])
    clock.advance(hours=1)
    for headers in reversed(codings):
        assert len(client.get("/v1/headlines", headers=headers).json()["data"]) == 2


def test_a_cached_response_ends_when_its_key_expires(
    old_story: None, newsroom: Newsroom, client: TestClient, clock: HandClock
) -> None:
    fields = {"name": "app", "scopes": ["read"], "expires_at": "2026-11-22T13:00:00Z"}
    headers = {"x-api-key": newsroom.call("POST", "/keys", json=fields).json()["key"]}
    for _ in range(3):
        assert client.get("/v1/headlines", headers=headers).status_code == 200
    clock.advance(hours=1)
    assert client.get("/v1/headlines", headers=headers).status_code == 401


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_cached_responses_are_counted(old_story: None, client: TestClient) -> None:
    for _ in range(3):
        client.get("/v1/headlines")
        client.get("/v1/headlines", headers={"if-none-match": "*"})
        client.get("/v1/articles/none")
    counted = 'dateline_requests_total{method="GET",route="%s",status="%d"} 3.0'
    for _ in range(2):
        text = client.get("/metrics").text
        assert counted % ("/v1/headlines", 200) in text
        assert counted % ("/v1/headlines", 304) in text
        assert counted % ("/v1/articles/{ref}", 404) in text


class TestCompleteAccessLog:
    """`DATELINE_ACCESS_LOG=all`."""

    @pytest.fixture
    def settings(self, database_url: str) -> Settings:
        """Log every request."""
        return Settings(database_url=database_url, access_log="all")

    @pytest.mark.parametrize("dialect", ["sqlite"])
    def test_cached_responses_are_logged(
        self, old_story: None, client: TestClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        size = len(client.get("/v1/headlines").content)
        with caplog.at_level(logging.INFO, "dateline.access"):
            for number in range(2):
                client.get("/v1/headlines", headers={"x-request-id": f"number-{number}"})
        records = [record for record in caplog.records if record.name == "dateline.access"]
        message = f"GET /v1/headlines 200 {size}B from memory testclient"
        assert [item.getMessage() for item in records] == [message] * 2
        assert [vars(entry)["request_id"] for entry in records] == ["number-0", "number-1"]
        assert {vars(value)["bytes"] for value in records} == {size}
        assert all(0 < vars(element)["milliseconds"] < 1000 for element in records)


class TestSmallCache:
    """Space for about twenty responses."""

    @pytest.fixture
    def settings(self, database_url: str) -> Settings:
        """A small cache."""
        return Settings(database_url=database_url, cache_bytes=50_000)

    @pytest.mark.parametrize("dialect", ["sqlite"])
    def test_frequently_requested_entries_stay_in_the_cache(
        self, old_story: None, client: TestClient, services: Services
    ) -> None:
        client.get("/v1/headlines")
        for number in range(100):
            with count_queries(services.database) as sent:
                client.get("/v1/headlines")
            assert sent == [], number
            client.get(f"/v1/articles/none-{number}")
