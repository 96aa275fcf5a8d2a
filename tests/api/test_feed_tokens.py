"""Tokens in the addresses of feeds and of the stream: their rights, and where they appear."""

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import feedparser
import pytest
from httpx2 import Response
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.testclient import TestClient

from app.api.app import create_app
from app.api.http.asgi import Message
from app.bootstrap import Services, bootstrap, open_database
from app.kit import json
from app.server.interface import WHOLE
from app.settings import Settings
from app.telemetry.requests import TracedRequestLog
from app.telemetry.tracing import Tracing
from tests.client import make_client
from tests.clock import HandClock
from tests.conftest import key_for
from tests.edge.driver import nothing, request
from tests.newsroom import Newsroom

PUBLIC = "https://api.example"
_TOKENS = "/partners/north/feed-tokens"


@pytest.fixture
def anonymous() -> str:
    """What can be read without a key."""
    return "none"


@pytest.fixture
def settings(database_url: str, anonymous: str) -> Settings:
    """A deployment that logs every request."""
    return Settings(
        database_url=database_url, anonymous=anonymous, public_url=PUBLIC, access_log="all"
    )


@pytest.fixture
def spans() -> InMemorySpanExporter:
    """The finished spans."""
    return InMemorySpanExporter()


@pytest.fixture
def tracing(spans: InMemorySpanExporter) -> Tracing:
    """Tracing into memory."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    return Tracing(provider)


@pytest.fixture
def services(settings: Settings, clock: HandClock, tracing: Tracing) -> Iterator[Services]:
    """Everything below HTTP, traced."""
    instruments = tracing.instruments
    database = open_database(settings, instruments)
    wired = bootstrap(settings, clock=clock, database=database, instruments=instruments)
    yield wired
    wired.close()


@pytest.fixture
def client(services: Services, tracing: Tracing) -> Iterator[TestClient]:
    """A client of an application that is traced."""
    app = tracing.wrap(create_app(services, request_log=TracedRequestLog))
    with make_client(app) as test_client:
        test_client.follow_redirects = False
        yield test_client


@pytest.fixture
def agreed(newsroom: Newsroom, clock: HandClock) -> Newsroom:
    """A partner with two products, a story of each of them, and one story of no product."""
    for name in ("Africa", "Asia"):
        newsroom.category(name)
        product = {"name": name, "filter": {"category": [name.lower()]}}
        assert newsroom.call("POST", "/products", json=product).status_code == 201
    for number in range(3):
        newsroom.story(f"From Africa {number}", categories=["africa"], body="<p>Whole.</p>")
    newsroom.story("From Asia", categories=["asia"])
    newsroom.story("From nowhere")
    partner = {"name": "North", "products": ["africa", "asia"]}
    assert newsroom.call("POST", "/partners", json=partner).status_code == 201
    clock.advance(seconds=3)
    return newsroom


def issue(newsroom: Newsroom, product: str = "africa", **more: Any) -> dict[str, Any]:
    answer = newsroom.call("POST", _TOKENS, json={"product": product, **more})
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"].endswith(answer.json()["id"])
    token: dict[str, Any] = answer.json()
    return token


def titles(response: Response) -> list[str]:
    assert response.status_code == 200, response.text
    return [entry.title for entry in feedparser.parse(response.content).entries]


def test_a_token_reads_one_product_and_only_from_feeds(
    agreed: Newsroom, client: TestClient
) -> None:
    token = issue(agreed)["token"]
    address = f"/feeds/latest.atom?token={token}"
    assert client.get("/feeds/latest.atom").json()["code"] == "key_required"
    first = client.get(address)
    assert titles(first) == [f"From Africa {number}" for number in (2, 1, 0)]
    # Nothing is cached for other clients: neither without a token nor with another one.
    assert client.get("/feeds/latest.atom").json()["code"] == "key_required"
    asian = issue(agreed, "asia")["token"]
    assert titles(client.get(f"/feeds/latest.atom?token={asian}")) == ["From Asia"]
    twin = issue(agreed)["token"]
    second = client.get(f"/feeds/latest.atom?token={twin}").text
    assert (second.count(twin), token in second) == (first.text.count(token), False)
    assert first.headers["cache-control"] == "private, no-store"
    assert first.headers["referrer-policy"] == "no-referrer"
    again = client.get(address, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.headers["cache-control"]) == (304, "private, no-store")
    assert client.head(address).headers["etag"] == first.headers["etag"]
    for path in ("/v1/headlines", "/v1/changes", "/sitemap.xml"):
        refused = client.get(f"{path}?token={token}", headers=agreed.headers)
        assert (refused.status_code, token in refused.text) == (400, False), path
    both = client.get(address, headers=agreed.headers)
    assert (both.status_code, both.json()["code"]) == (400, "bad_header")
    assert client.get(f"/feeds/latest.atom?tok%65n={token}").content == first.content


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize("anonymous", ["all"])
def test_requests_with_and_without_a_token_share_no_prepared_response(
    agreed: Newsroom, services: Services
) -> None:
    address = "/feeds/latest.rss"
    token = issue(agreed)["token"]
    app = create_app(services)
    with make_client(app) as client:
        for _ in range(2):
            assert len(titles(client.get(address))) == 5
            assert len(titles(client.get(f"{address}?token={token}"))) == 3
    # The outermost middleware has `lookup`; the type of an application does not.
    assert app.lookup(request(address)) is not None  # type: ignore[attr-defined]
    scope = request(f"{address}?token={token}")
    assert app.lookup(scope) is None  # type: ignore[attr-defined]
    assert scope["query_string"] == b""
    # This server accepts complete responses, and says so after `lookup`.
    received: list[Message] = []

    async def send(message: Message) -> None:
        received.append(message)

    async def respond() -> None:
        await app({**scope, "extensions": {WHOLE: {}}}, nothing, send)

    asyncio.run(respond())
    fields = dict(received[0]["headers"])
    assert fields[b"cache-control"] == b"private, no-store"
    assert fields[b"referrer-policy"] == b"no-referrer"


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_only_links_to_the_same_feed_contain_the_token(
    agreed: Newsroom, client: TestClient
) -> None:
    token = issue(agreed)["token"]
    page = client.get(f"/feeds/categories/africa.json?token={token}&limit=2")
    feed = page.json()
    itself = f"{PUBLIC}/feeds/categories/africa.json?limit=2"
    assert feed["feed_url"] == f"{itself}&token={token}"
    assert page.headers["content-location"] == itself
    assert page.links["self"]["url"] == feed["feed_url"]
    assert page.links["next"]["url"] == feed["next_url"]
    assert (page.text.count(token), page.headers["link"].count(token)) == (2, 2)
    following = client.get(feed["next_url"].removeprefix(PUBLIC)).json()
    assert [item["title"] for item in following["items"]] == ["From Africa 0"]
    atom = feedparser.parse(client.get(f"/feeds/latest.atom?limit=2&token={token}").text).feed
    assert token not in atom.id
    links = {link.rel: link.href for link in atom.links if token in link.href}
    assert links.keys() == {"self", "prev-archive"}
    archive = client.get(links["prev-archive"].removeprefix(PUBLIC)).text
    current = [link for link in feedparser.parse(archive).feed.links if link.rel == "current"]
    assert [link.href for link in current] == [links["self"]]


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize("anonymous", ["all"])
def test_redirects_to_the_same_feed_keep_the_token(agreed: Newsroom, client: TestClient) -> None:
    token = issue(agreed)["token"]
    category = agreed.call("GET", "/categories/africa").json()
    agreed.patch(category, "categories", slug="continent")
    for path, target in (
        ("/feeds/%6Catest.rss", "/feeds/latest.rss"),
        ("/feeds/categories/africa.rss", "/feeds/categories/continent.rss"),
    ):
        moved = client.get(f"{path}?limit=2&token={token}")
        assert moved.headers["location"] == f"{PUBLIC}{target}?limit=2&token={token}"
        assert moved.headers["referrer-policy"] == "no-referrer"
        assert len(titles(client.get(moved.headers["location"].removeprefix(PUBLIC)))) == 2
    bad = client.get("/feeds/%6Catest.rss?token=%0d%0aset-cookie: x")
    assert bad.headers["location"].endswith("?token=%0D%0Aset-cookie%3A%20x")


def test_a_token_that_is_not_valid_is_refused(
    agreed: Newsroom, client: TestClient, services: Services, clock: HandClock
) -> None:
    issued, short = issue(agreed), issue(agreed, expires_at="2026-11-22T13:00:00Z")
    token = issued["token"]
    clock.advance(hours=2)
    agreed.call("DELETE", f"{_TOKENS}/{issued['id']}")
    refused = [token, short["token"], "", "dlf_%00", f"{token}x", token[:-1], "%00", "dlf_%C3%A4"]
    refused += [f"{token}&token={token}", key_for(services, "admin")]
    for text in refused:
        for path in ("/feeds/latest.rss", "/v1/stream"):
            answer = client.get(f"{path}?token={text}")
            assert (answer.status_code, answer.json()["code"]) == (401, "key_refused"), text
            assert answer.headers["referrer-policy"] == "no-referrer"
    services.refusals.write(services.runner)
    (row,) = agreed.call("GET", "/audit?verb=refused").json()["data"]
    assert row["after"]["count"] == 2 * len(refused)
    states = [row["revoked_at"] for row in agreed.call("GET", _TOKENS).json()["data"]]
    assert states == ["2026-11-22T14:00:03Z", None]


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_token_grants_what_the_agreement_still_grants(
    agreed: Newsroom, client: TestClient, services: Services, clock: HandClock
) -> None:
    address = f"/feeds/latest.rss?token={issue(agreed)['token']}"
    partner = agreed.call("GET", "/partners/north").json()
    unknown = agreed.call("POST", _TOKENS, json={"product": "europe"})
    assert unknown.json()["errors"][0]["code"] == "unknown_reference"
    partner = agreed.patch(partner, "partners", products=["asia"])
    assert titles(client.get(address)) == []
    partner = agreed.patch(partner, "partners", products=["africa"], ends_at="2026-11-22T13:00:00Z")
    assert len(titles(client.get(address))) == 3
    assert agreed.delete(partner, "partners").json()["code"] == "in_use"
    clock.advance(hours=1)
    assert titles(client.get(address)) == []
    services.receipts.write(services.receipts.take())
    story = client.get("/v1/headlines", headers=agreed.headers).json()["data"][-1]["id"]
    (receipt,) = agreed.call("GET", f"/articles/{story}/recipients").json()["data"]
    assert (receipt["partner"], receipt["route"]) == ("north", "/feeds/latest.{ext}")


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_the_text_of_a_token_is_in_no_output(
    agreed: Newsroom,
    client: TestClient,
    services: Services,
    spans: InMemorySpanExporter,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    once = {"idempotency-key": "once"}
    issued = agreed.call("POST", _TOKENS, json={"product": "africa"}, headers=once).json()
    token = issued["token"]
    assert issued["url"] == f"{PUBLIC}/feeds/latest.rss?token={token}"
    repeated = agreed.call("POST", _TOKENS, json={"product": "africa"}, headers=once)
    assert (repeated.json()["token"], repeated.json()["url"]) == (None, None)
    query = f"token={token}&limit=1"
    feed = client.get(f"/feeds/latest.json?{query}")
    problems = [
        client.get(f"/feeds/{path}{query}", headers={"x-request-id": token})
        for path in ("latest.pdf?", "latest.rss?x=1&", "latest.rss?cursor=x&", "nothing?", "a//b?")
    ]
    problems += [client.get(f"{path}?{query}") for path in ("/feeds/", "/v1/articles", f"/{token}")]
    problems.append(client.post(f"/feeds/latest.rss?{query}"))
    agreed.call("DELETE", f"{_TOKENS}/{issued['id']}")
    problems += [client.get(f"{path}?{query}") for path in ("/feeds/latest.rss", "/v1/stream")]
    assert all(answer.status_code >= 400 for answer in problems)
    services.refusals.write(services.runner)
    texts = {
        "problems": "".join(answer.text for answer in problems),
        "headers": str([answer.headers for answer in (*problems, repeated)]),
        "log": "".join(
            f"{vars(record)}{record.getMessage()}"
            for record in caplog.records
            if record.name.startswith("dateline")
        ),
        "spans": "".join(span.to_json() for span in spans.get_finished_spans()),
        "metrics": client.get("/metrics").text,
        "audit": agreed.call("GET", "/audit?limit=100").text,
        "tokens": agreed.call("GET", _TOKENS).text,
        "cursor": str(
            services.cursors.read(
                feed.json()["next_url"].rpartition("cursor=")[2].partition("&")[0]
            )
        ),
    }
    assert all(texts.values())
    assert [name for name, text in texts.items() if token in text] == []
    assert services.database.file is not None
    stored = b"".join(
        path.read_bytes()
        for path in services.database.file.parent.glob(f"{services.database.file.name}*")
        if path.is_file()
    )
    assert b"From Africa" in stored
    assert token.encode() not in stored


def test_a_stream_ends_with_its_token(agreed: Newsroom, services: Services) -> None:
    issued = issue(agreed)
    received: list[Message] = []

    async def follow() -> None:
        stream_started, event_sent, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()
        app = create_app(services)

        async def send(message: Message) -> None:
            received.append(message)
            stream_started.set()
            if b"Africa too" in message.get("body", b""):
                event_sent.set()
            if not message.get("more_body", True):
                ended.set()

        async def receive() -> Message:
            await ended.wait()
            return {"type": "http.disconnect"}

        scope = request(f"/v1/stream?token={issued['token']}")
        following = asyncio.ensure_future(app(scope, receive, send))
        await asyncio.wait_for(stream_started.wait(), 30)
        await asyncio.to_thread(agreed.story, "From Asia too", categories=["asia"])
        await asyncio.to_thread(agreed.story, "From Africa too", categories=["africa"])
        await asyncio.wait_for(event_sent.wait(), 30)
        await asyncio.to_thread(agreed.call, "DELETE", f"{_TOKENS}/{issued['id']}")
        await asyncio.wait_for(following, 30)

    asyncio.run(follow())
    fields = dict(received[0]["headers"])
    assert fields[b"cache-control"] == b"private, no-store"
    assert fields[b"referrer-policy"] == b"no-referrer"
    events = _body(received)
    assert events.count(b"event: upsert") == 1
    assert b"From Africa too" in events
    assert issued["token"].encode() not in events
    last = events.rpartition(b"id: ")[2].partition(b"\n")[0]
    state = services.sync_cursors.read(last.decode())
    assert issued["token"] not in json.dumps(state).decode()


def _body(received: list[Message]) -> bytes:
    return b"".join(message.get("body", b"") for message in received)
