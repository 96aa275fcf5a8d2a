"""No user can make this server send requests to its internal network."""

import json
import socket
from typing import Any

import pytest

from app.kit.http_client import HttpClient, HttpFailure, HttpResponse
from app.kit.networks import AllowedNetworks
from app.settings import Settings
from tests.newsroom import Newsroom
from tests.push.conftest import EVERYTHING, Pushing
from tests.receiver import Receiver

_REFUSED = HttpFailure("its address is inside the network")


@pytest.fixture
def settings(database_url: str) -> Settings:
    """A deployment that may send to public addresses only."""
    return Settings(database_url=database_url, public_url="http://testserver")


@pytest.fixture
def dialect() -> str:
    """One database is enough: nothing here depends on it."""
    return "sqlite"


_URLS = (
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f.1/",
    "http://0177.0.0.1/",
    "http://[::1]/",
    "http://[::ffff:10.0.0.1]/",
    "http://169.254.169.254/latest/meta-data",
    "http://localhost:8080/",
    "http://LOCALHOST./",
    "http://metadata.google.internal/",
)
_NOWHERE = (
    "http://\u2460\u2461\u2466.0.0.1/",
    "http://10\u30020\u30020\u30021/",
    "http://receiver.example:0/",
    "http://a..b/",
    "http://%31%32%37.0.0.1/",
    "http://127.0.0.256/",
    "http://4294967296/",
    f"http://{'a' * 64}.example/",
    f"http://{'a.b.' * 64}example/",
)


def test_an_internal_url_is_refused_when_written(newsroom: Newsroom) -> None:
    for url in _URLS:
        answer = newsroom.call("POST", "/webhooks", json={"url": url, "events": EVERYTHING})
        assert answer.status_code == 422
        assert [error["code"] for error in answer.json()["errors"]] == ["address_refused"], url
    for url in _NOWHERE:
        answer = newsroom.call("POST", "/webhooks", json={"url": url, "events": EVERYTHING})
        assert answer.status_code == 422, url
        assert [error["pointer"] for error in answer.json()["errors"]] == ["#/url"], url


def test_nothing_is_sent_to_a_name_with_an_internal_address(
    pushing: Pushing, newsroom: Newsroom, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    name_leads_to(monkeypatch, "127.0.0.1")
    port = receiver.url.rpartition(":")[2]
    webhook = pushing.webhook(f"http://rebinding.example:{port}", "article.published")
    newsroom.story()
    pushing.settle()
    assert receiver.requests == []
    (tried,) = pushing.log(webhook)
    assert tried["answer"] == "its address is inside the network"


def test_one_internal_address_is_enough_to_refuse_a_name(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    name_leads_to(monkeypatch, "93.184.216.34", "10.0.0.7")
    assert _send_to("http://two.example/", AllowedNetworks()) == _REFUSED


def test_a_name_is_resolved_once_and_that_address_is_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up = name_leads_to(monkeypatch, "127.0.0.1")
    port = receiver.url.rpartition(":")[2].removesuffix("/purge")
    url = f"http://receiver.example:{port}/hook?x=1"
    assert isinstance(_send_to(url, AllowedNetworks.parse("127.0.0.1/32")), HttpResponse)
    assert looked_up == ["receiver.example"]
    assert receiver.requests[0].path == "/hook?x=1"
    assert receiver.requests[0].headers["host"] == f"receiver.example:{port}"


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.answer = lambda _: 307
    outcome = _send_to(receiver.url, AllowedNetworks.parse("127.0.0.1"))
    assert isinstance(outcome, HttpResponse)
    assert outcome.status == 307
    assert len(receiver.requests) == 1


def name_leads_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Resolve unassigned names to an address; return the looked-up names."""
    looked_up: list[str] = []
    real = socket.getaddrinfo

    def look_up(host: Any, port: Any, *more: Any, **named: Any) -> Any:
        if not str(host).removesuffix(".").endswith(".example"):
            return real(host, port, *more, **named)
        looked_up.append(str(host))
        kind = socket.SOCK_STREAM
        return [(socket.AF_INET, kind, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return looked_up


def _send_to(url: str, reach: AllowedNetworks) -> object:
    client = HttpClient("test", allowed_networks=reach)
    try:
        return client.send("POST", url, {}, json.dumps({}).encode())
    finally:
        client.close()
