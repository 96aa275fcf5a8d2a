"""The hub does little work for unverified clients and callbacks."""

import asyncio
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from starlette.testclient import TestClient

from app.api.app import create_app
from app.bootstrap import Services
from app.server.protocol import HttpProtocol
from app.settings import Settings
from app.syndication.push import hub_limits
from app.syndication.push.handlers import FeedContent
from app.syndication.push.store import receivers
from tests.client import make_client
from tests.clock import HandClock
from tests.newsroom import Newsroom
from tests.push.conftest import PUBLIC, Pushing
from tests.push.subscriber import Subscriber, subscriber
from tests.push.test_internal_addresses import name_leads_to
from tests.server.serving import port_of, serve

LATEST = f"{PUBLIC}/feeds/latest.rss"
SEATS = 50


@pytest.fixture
def settings(database_url: str) -> Settings:
    """A small hub that may send to this machine, behind a proxy on 192.0.2.0/24."""
    return Settings(
        database_url=database_url,
        public_url=PUBLIC,
        push_networks="127.0.0.0/8",
        hub_subscriptions=SEATS,
        trusted_proxies="192.0.2.0/24",
    )


@pytest.fixture
def reader() -> Iterator[Subscriber]:
    """A subscriber on loopback."""
    with subscriber() as running:
        yield running


def ask(client: TestClient, callback: str, **more: str) -> httpx2.Response:
    """Request a subscription to the newest stories, with other fields in `more`."""
    form = {"mode": "subscribe", "topic": LATEST, "callback": callback, **more}
    answer = client.post("/hub", data={f"hub.{name}": value for name, value in form.items()})
    assert isinstance(answer, httpx2.Response)
    return answer


class Crowd:
    """Clients with different addresses at one application."""

    def __init__(self, services: Services) -> None:
        self._app = create_app(services)
        self._count = 0

    def client(self, address: str) -> TestClient:
        """Return a client with an address."""
        return make_client(self._app, base_url=PUBLIC, client=(address, 1))

    def new_client(self) -> TestClient:
        """Return a client with a new address."""
        self._count += 1
        return self.client(f"198.51.{self._count // 250}.{self._count % 250 + 1}")


@pytest.fixture
def crowd(pushing: Pushing, services: Services) -> Crowd:
    """Clients of the deployment under test."""
    return Crowd(services)


def _assert_refused(answer: httpx2.Response, status: int, code: str) -> int:
    """Require that a response is a problem; return the seconds after which to try again."""
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return int(answer.headers["retry-after"])


def test_many_requests_of_one_client_cause_few_verifications(
    crowd: Crowd, pushing: Pushing, reader: Subscriber
) -> None:
    reader.agrees = False
    client, statuses = crowd.client("198.51.100.7"), []
    for number in range(200):
        statuses.append(ask(client, f"{reader.url}&path={number}").status_code)
        if number % 4 == 3:
            pushing.settle()
    assert set(statuses) == {202, 429}
    assert len(reader.verifications) <= hub_limits.CLIENT_BURST


def test_a_client_gets_its_tokens_back_with_time(crowd: Crowd, clock: HandClock) -> None:
    client = crowd.client("198.51.100.7")
    for _ in range(hub_limits.CLIENT_BURST):
        assert ask(client, "http://10.0.0.1/").status_code == 400
    wait = _assert_refused(ask(client, "http://10.0.0.1/"), 429, "rate_limited")
    assert 0 < wait <= 60
    assert ask(crowd.client("198.51.100.8"), "http://10.0.0.1/").status_code == 400
    clock.advance(seconds=wait)
    assert ask(client, "http://10.0.0.1/").status_code == 400
    assert ask(client, "http://10.0.0.1/").status_code == 429


def _is_limited(clients: list[TestClient]) -> bool:
    """Whether the hub counts these clients as one."""
    answers = [
        ask(clients[turn % len(clients)], "http://10.0.0.1/").status_code
        for turn in range(hub_limits.CLIENT_BURST + 1)
    ]
    return answers[-1] == 429


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_an_ipv6_network_is_one_client(crowd: Crowd) -> None:
    assert _is_limited([crowd.client(f"2001:db8:1:2::{number:x}") for number in range(30)])
    assert not _is_limited([crowd.client(f"2001:db8:2:{number:x}::1") for number in range(30)])
    assert _is_limited([crowd.client("203.0.113.9"), crowd.client("::ffff:203.0.113.9")])


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_only_trusted_proxies_name_the_client(crowd: Crowd) -> None:
    def through(proxy: str, *forwarded: str) -> TestClient:
        client = crowd.client(proxy)
        client.headers["x-forwarded-for"] = ", ".join(forwarded)
        return client

    assert not _is_limited([through("192.0.2.1", f"203.0.113.{number}") for number in range(30)])
    assert not _is_limited(
        [through("192.0.2.1", f"[2001:db8:{number:x}::1]:443", "192.0.2.9") for number in range(30)]
    )
    # The client's own entry precedes the one that the proxy adds.
    assert _is_limited(
        [through("192.0.2.1", f"1.2.3.{number}", "203.0.113.77") for number in range(30)]
    )
    assert _is_limited([through("198.51.100.1", f"203.0.113.{number}") for number in range(30)])
    assert _is_limited([through("192.0.2.2", f"nobody-{number}") for number in range(30)])


_SPELLINGS = (
    "http://Victim.Example/{}",
    "https://victim.example:8443/{}",
    "http://victim.example./{}",
    "http://VICTIM.EXAMPLE:8080/?q={}",
    "http://victim.example/a/{}#x",
)


def test_few_verifications_of_one_host_are_pending_for_every_spelling(crowd: Crowd) -> None:
    for number, spelling in enumerate(_SPELLINGS):
        assert ask(crowd.new_client(), spelling.format(number)).status_code == 202
    for spelling in _SPELLINGS:
        answer = ask(crowd.new_client(), spelling.format("more"))
        assert _assert_refused(answer, 429, "rate_limited") > 0
    assert ask(crowd.new_client(), "http://another.example/").status_code == 202


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_notations_of_one_address_are_one_host(crowd: Crowd) -> None:
    for host in ("127.0.0.1", "127.1", "0x7f.1", "2130706433", "127.0.0.1:81"):
        assert ask(crowd.new_client(), f"http://{host}/").status_code == 202
    _assert_refused(ask(crowd.new_client(), "http://0177.0.0.1/"), 429, "rate_limited")


def test_verifications_of_one_host_are_limited(
    crowd: Crowd, pushing: Pushing, reader: Subscriber, clock: HandClock
) -> None:
    for agrees in (False, True):
        reader.agrees, earlier = agrees, len(reader.verifications)
        clock.advance(minutes=11)
        answers = []
        for number in range(hub_limits.QUESTIONS_OF_HOST + 5):
            answers.append(ask(crowd.new_client(), f"{reader.url}&{agrees}={number}"))
            pushing.settle()
        accepted = [answer.status_code for answer in answers].count(202)
        assert accepted == len(reader.verifications) - earlier == hub_limits.QUESTIONS_OF_HOST
        assert _assert_refused(answers[-1], 429, "rate_limited") <= 600
    clock.advance(minutes=11)
    assert ask(crowd.new_client(), f"{reader.url}&later=1").status_code == 202


def test_renewing_and_unsubscribing_are_bounded_alike(
    crowd: Crowd, pushing: Pushing, reader: Subscriber
) -> None:
    for _ in range(hub_limits.QUESTIONS_OF_HOST):
        assert ask(crowd.new_client(), reader.url).status_code == 202
        pushing.settle()
    for mode in ("subscribe", "unsubscribe"):
        _assert_refused(ask(crowd.new_client(), reader.url, mode=mode), 429, "rate_limited")
    assert len(reader.verifications) == hub_limits.QUESTIONS_OF_HOST
    # No verification is sent, so nothing is refused.
    assert ask(crowd.new_client(), f"{reader.url}&x=1", mode="unsubscribe").status_code == 202


def test_a_pending_verification_is_not_repeated(
    crowd: Crowd, pushing: Pushing, reader: Subscriber
) -> None:
    for _ in range(20):
        assert ask(crowd.new_client(), reader.url).status_code == 202
    pushing.settle()
    assert len(reader.verifications) == 1


@pytest.mark.exhaustive_on("postgresql")
def test_unconfirmed_subscriptions_use_no_capacity(
    crowd: Crowd, pushing: Pushing, reader: Subscriber, services: Services, clock: HandClock
) -> None:
    for number in range(2 * SEATS):
        answer = ask(crowd.new_client(), f"http://host-{number}.example/")
        assert answer.status_code == 202
    assert ask(crowd.new_client(), reader.url).status_code == 202
    pushing.until(lambda: reader.verifications)
    pushing.settle()
    with services.database.read() as session:
        assert receivers.count_live(session, clock.now()) == 1
    clock.advance(minutes=11)
    services.push.tidy()
    with services.database.read() as session:
        assert receivers.count_unconfirmed(session) == 0


def test_unconfirmed_subscriptions_are_limited_in_total(
    crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_limits, "PENDING_IN_ALL", 7)
    for number in range(7):
        assert ask(crowd.new_client(), f"http://host-{number}.example/").status_code == 202
    assert _assert_refused(ask(crowd.new_client(), "http://host-8.example/"), 503, "hub_full") > 0


class TestFull:
    """A hub with a capacity of one."""

    @pytest.fixture
    def settings(self, database_url: str) -> Settings:
        return Settings(
            database_url=database_url,
            public_url=PUBLIC,
            push_networks="127.0.0.0/8",
            hub_subscriptions=1,
        )

    def test_a_full_hub_refuses_before_any_work(
        self,
        crowd: Crowd,
        pushing: Pushing,
        reader: Subscriber,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        assert ask(crowd.new_client(), reader.url).status_code == 202
        pushing.settle()
        monkeypatch.setattr("app.api.routes.delivery.hub.find_topic_selection", _fail)
        assert _assert_refused(ask(crowd.new_client(), f"{reader.url}&b=1"), 503, "hub_full") > 0

    def test_a_late_confirmation_is_denied(
        self, crowd: Crowd, pushing: Pushing, reader: Subscriber, newsroom: Newsroom
    ) -> None:
        for number in range(2):
            assert ask(crowd.new_client(), f"{reader.url}&b={number}").status_code == 202
        pushing.settle()
        modes = [query["hub.mode"] for query in reader.verifications]
        assert sorted(modes) == ["denied", "subscribe", "subscribe"]
        newsroom.story()
        pushing.settle()
        assert len(reader.sent) == 1
        # A subscriber can still renew its subscription.
        assert ask(crowd.new_client(), f"{reader.url}&b=0").status_code in {202, 503}


def _fail(*_: object) -> None:
    raise AssertionError("This was not to be called.")


def test_a_subscription_request_renders_no_feed(
    crowd: Crowd, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(_: str, _token_id: str | None) -> FeedContent:
        raise AssertionError("A feed was made.")

    services.push.set_feed_reader(read)
    monkeypatch.setattr("app.api.delivery.feeds.render_feed", _fail)
    for number, path in enumerate(("latest.rss", "tags/a.atom", "search.json?q=a")):
        topic = f"{PUBLIC}/feeds/{path}"
        answer = ask(crowd.new_client(), f"http://h{number}.example/", topic=topic)
        assert answer.status_code == 202, answer.text


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_only_feeds_are_topics(crowd: Crowd, newsroom: Newsroom, services: Services) -> None:
    category = newsroom.category("Asia")
    newsroom.patch(category, "categories", slug="far-east")
    for path in (
        "feeds/nonsense.rss",
        "feeds/latest/more.rss",
        "feeds/tags/.rss",
        "feeds/tags/a/b.rss",
        "feeds/categories/asia.rss",
        "feeds/languages/EN.rss",
        "feeds/latest.rss?q=a",
        "feeds/search.rss?limit=1000",
        "feeds/latest.rss?cursor=x",
    ):
        answer = ask(crowd.new_client(), "http://h.example/", topic=f"{PUBLIC}/{path}")
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_hub_request"), path


class TestClosed:
    """A deployment in which every read needs a key."""

    @pytest.fixture
    def settings(self, database_url: str) -> Settings:
        return Settings(database_url=database_url, public_url=PUBLIC, anonymous="none")

    def test_closed_feeds_are_no_topics(self, crowd: Crowd) -> None:
        assert ask(crowd.new_client(), "http://h.example/").status_code == 400


class TestOff:
    """A deployment without limits."""

    @pytest.fixture
    def settings(self, database_url: str) -> Settings:
        return Settings(
            database_url=database_url,
            public_url=PUBLIC,
            push_networks="127.0.0.0/8",
            hub_subscriptions=SEATS,
            rate_limit="off",
        )

    def test_only_the_capacity_is_limited(
        self, crowd: Crowd, pushing: Pushing, reader: Subscriber
    ) -> None:
        client = crowd.client("198.51.100.7")
        for number in range(SEATS):
            assert ask(client, f"{reader.url}&path={number}").status_code == 202
        _assert_refused(ask(client, f"{reader.url}&path=more"), 503, "hub_full")
        pushing.until(lambda: len(reader.verifications) >= SEATS)
        pushing.settle()
        assert len(reader.verifications) == SEATS
        _assert_refused(ask(client, f"{reader.url}&path=more"), 503, "hub_full")


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_many_names_of_one_address_are_limited_together(
    crowd: Crowd, pushing: Pushing, reader: Subscriber, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit also holds if each name is verified only once, and none responds."""
    name_leads_to(monkeypatch, "127.0.0.1")
    reader.agrees, port = False, reader.url.split(":")[2].partition("/")[0]
    for number in range(hub_limits.ADDRESS_BURST + 20):
        answer = ask(crowd.new_client(), f"http://n{number}.victim.example:{port}/")
        assert answer.status_code == 202
    pushing.until(lambda: len(reader.verifications) >= hub_limits.ADDRESS_BURST)
    pushing.settle()
    assert len(reader.verifications) == hub_limits.ADDRESS_BURST


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_limits_hold_for_requests_at_the_same_moment(crowd: Crowd) -> None:
    clients = [crowd.new_client() for _ in range(12)]
    statuses: list[int] = []

    def subscribe(client: TestClient, number: int) -> None:
        statuses.append(ask(client, f"http://victim.example/{number}").status_code)

    threads = [
        threading.Thread(target=subscribe, args=(client, number))
        for number, client in enumerate(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [202] * hub_limits.PENDING_OF_HOST + [429] * 7


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_verification_follows_no_redirect(
    crowd: Crowd, pushing: Pushing, reader: Subscriber
) -> None:
    with _redirecting(reader.url) as address:
        assert ask(crowd.new_client(), address).status_code == 202
        pushing.settle()
    assert reader.verifications == []


@contextmanager
def _redirecting(target: str) -> Iterator[str]:
    """Run a server that redirects every request; yield its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65_536)
                head = f"HTTP/1.1 302 Found\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n"
                connection.sendall(head.encode())

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        thread.join()


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_form_that_is_too_large_is_not_read_completely(services: Services) -> None:
    parts = iter([b"a" * 10_000] * 2)
    messages: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": next(parts), "more_body": True}

    async def send(message: Any) -> None:
        messages.append(message)

    app = create_app(services)

    async def answer() -> None:
        await app(_scope(), receive, send)

    asyncio.run(answer())
    assert messages[0]["status"] == 400
    assert next(parts, None) is None


def _scope() -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": "POST",
        "path": "/hub",
        "raw_path": b"/hub",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"testserver")],
        "client": ("198.51.100.1", 1),
        "server": ("testserver", 80),
    }


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize("path", ["/hub", "/v1/manage/import", "/v1/manage/articles"])
def test_a_client_that_disconnects_causes_no_traceback(
    services: Services, newsroom: Newsroom, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    key = newsroom.call("POST", "/keys", json={"name": "a", "scopes": ["admin"]}).json()["key"]
    head = (
        f"POST {path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {key}\r\n"
        "content-type: application/json\r\ncontent-length: 100\r\n\r\n{"
    )
    with caplog.at_level(logging.INFO), serve(create_app(services), HttpProtocol) as server:
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", port_of(server))) as connection:
                connection.sendall(head.encode())
    assert [
        record for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR
    ] == []
