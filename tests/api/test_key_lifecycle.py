"""Keys: rotation, the default end, and what a key is bound to."""

import asyncio
import hashlib
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.access import store
from app.access.errors import KeyRefused
from app.access.keys import hash_key, verify_key
from app.api.app import create_app
from app.api.delivery.registry import find
from app.api.delivery.resource import ReadRequest
from app.api.delivery.respond import fetch
from app.api.http.asgi import Message
from app.api.live.change_notifier import ChangeNotifier
from app.bootstrap import Services
from app.kit.clock import format_instant
from app.server.interface import WHOLE
from app.settings import Settings
from tests.clock import HandClock
from tests.edge.driver import HOST, request
from tests.newsroom import Newsroom
from tests.server.serving import port_of, serve
from tests.sync.stream_client import StreamClient

_PROXY, _HOME, _AWAY = "10.0.0.1", "203.0.113.7", "198.51.100.7"
_SITE = "https://www.example.com"
_LIST = "/v1/headlines"


@pytest.fixture
def settings(database_url: str) -> Settings:
    """A deployment behind a proxy, with keys of people that expire after a month."""
    return Settings(database_url=database_url, trusted_proxies="10.0.0.0/8", key_days=30)


def _make(newsroom: Newsroom, **fields: Any) -> dict[str, Any]:
    answer = newsroom.call("POST", "/keys", json={"name": "K", "scopes": ["read"], **fields})
    assert answer.status_code == 201, answer.text
    key: dict[str, Any] = answer.json()
    return key


def _rotate(newsroom: Newsroom, key: dict[str, Any], status: int = 201, **body: Any) -> Any:
    answer = newsroom.call("POST", f"/keys/{key['prefix']}/rotate", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


def _status(client: TestClient, key: str) -> int:
    return client.get(_LIST, headers={"x-api-key": key}).status_code


def test_a_rotated_key_ends_after_the_overlap(
    newsroom: Newsroom, client: TestClient, clock: HandClock
) -> None:
    old = _make(newsroom, scopes=["read", "write"], origins=[_SITE], embargoed=True)
    clock.advance(days=10)
    new = _rotate(newsroom, old, overlap_minutes=30)
    same = ("name", "scopes", "embargoed", "networks", "origins", "partner")
    assert {name: new[name] for name in same} == {name: old[name] for name in same}
    assert new["rotated_from"] == old["id"]
    # It lasts as long as the old one would have.
    assert new["expires_at"] == format_instant(clock.now() + timedelta(days=30))
    shown = newsroom.call("GET", f"/keys/{old['id']}").json()
    assert shown["expires_at"] == format_instant(clock.now() + timedelta(minutes=30))
    assert "key" not in newsroom.call("GET", f"/keys/{new['id']}").json()
    refused = _rotate(newsroom, old, 409)
    assert (refused["code"], new["prefix"] in refused["detail"]) == ("wrong_state", True)
    entries = newsroom.call("GET", f"/audit?subject={old['id']}").json()["data"]
    assert (entries[0]["verb"], entries[0]["after"]["rotated_to"]) == ("rotated", new["id"])
    for seconds, status in ((1799, 200), (1, 401)):
        clock.advance(seconds=seconds)
        for key, expected in ((old, status), (new, 200)):
            headers = {"x-api-key": key["key"], "origin": _SITE}
            assert client.get(_LIST, headers=headers).status_code == expected


def test_an_overlap_of_nothing_ends_a_key_at_once(
    newsroom: Newsroom, client: TestClient, services: Services
) -> None:
    own = _make(newsroom, scopes=["admin"], expires_at=None)
    assert _status(client, own["key"]) == 200
    # A key may rotate itself.
    desk = Newsroom(client, own["key"])
    new = _rotate(desk, own, overlap_minutes=0)
    assert new["expires_at"] is None
    assert (_status(client, own["key"]), _status(client, new["key"])) == (401, 200)
    assert _rotate(newsroom, own, 409)["code"] == "wrong_state"
    repeated = [
        newsroom.call("POST", f"/keys/{new['id']}/rotate", headers={"idempotency-key": "once"})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in repeated] == [201, 201]
    first, again = (answer.json() for answer in repeated)
    assert again == {**first, "key": None}


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_key_that_ends_with_the_year_9999_is_rotated(
    newsroom: Newsroom, clock: HandClock
) -> None:
    last = "9999-12-31T23:59:59Z"
    old = _make(newsroom, expires_at=last)
    clock.advance(days=1)
    assert _rotate(newsroom, old)["expires_at"] == last


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_bad_rotation_is_refused(newsroom: Newsroom) -> None:
    key = _make(newsroom)
    for minutes in (-1, 43_201, None, "5", 5.0, True):
        assert _rotate(newsroom, key, 422, overlap_minutes=minutes)["errors"]
    assert newsroom.call("POST", "/keys/none/rotate").status_code == 404
    revoked = _make(newsroom)
    newsroom.call("DELETE", f"/keys/{revoked['id']}")
    assert _rotate(newsroom, revoked, 409)["code"] == "wrong_state"


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_keys_of_people_have_an_end_unless_their_maker_says_otherwise(
    newsroom: Newsroom, clock: HandClock
) -> None:
    month = format_instant(clock.now() + timedelta(days=30))
    for scope, end in (("read", None), ("write", month), ("publish", month), ("admin", month)):
        assert _make(newsroom, scopes=[scope])["expires_at"] == end
    assert _make(newsroom, scopes=["admin"], expires_at=None)["expires_at"] is None
    chosen = "2030-01-01T00:00:00Z"
    assert _make(newsroom, scopes=["admin"], expires_at=chosen)["expires_at"] == chosen


def _ask(services: Services, app: Any, key: str, origin: str | None, address: str) -> list[Message]:
    """Ask as the server does: first for a finished answer, then in a task."""
    headers = [HOST, (b"x-api-key", key.encode()), (b"x-forwarded-for", address.encode())]
    if origin is not None:
        headers.append((b"origin", origin.encode()))
    scope = {**request(_LIST, headers), "client": (_PROXY, 1), "extensions": {WHOLE: {}}}
    cached = app.lookup(scope)
    if cached is not None:
        return [cached]
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return sent


def test_a_bound_key_is_refused_elsewhere_also_where_the_answer_is_cached(
    newsroom: Newsroom, services: Services
) -> None:
    newsroom.story("Story")
    app = create_app(services)
    by_network = _make(newsroom, networks=["203.0.113.0/24", "2001:db8::/32"])["key"]
    by_origin = _make(newsroom, origins=[_SITE, "https://app.example.com:8443"])["key"]
    cached = 0
    for _ in range(3):
        for key, origin, address, status in (
            (by_network, None, _HOME, 200),
            (by_network, None, _AWAY, 403),
            (by_network, _SITE, _HOME, 200),
            (by_network, _SITE, "2001:db8::1", 200),
            (by_network, None, "::ffff:203.0.113.9", 200),
            (by_network, None, "unknown", 403),
            (by_origin, _SITE, _AWAY, 200),
            (by_origin, "https://app.example.com:8443", _AWAY, 200),
            (by_origin, "https://other.example.com", _AWAY, 403),
            (by_origin, "http://www.example.com", _AWAY, 403),
            (by_origin, "null", _AWAY, 403),
            (by_origin, None, _AWAY, 403),
        ):
            sent = _ask(services, app, key, origin, address)
            assert sent[0]["status"] == status, (origin, address)
            assert (b"key_restricted" in sent[-1]["body"]) == (status == 403)
            cached += sent[0]["type"] == WHOLE
    assert cached


def test_a_bound_key_is_refused_in_the_newsroom_too(
    newsroom: Newsroom, client: TestClient, services: Services
) -> None:
    key = _make(newsroom, scopes=["write"], networks=["203.0.113.0/24"])["key"]
    for path in ("/v1/manage/articles", "/v1/me", "/v1/changes", "/v1/stream", _LIST):
        refused = client.get(path, headers={"x-api-key": key})
        assert (refused.status_code, refused.json()["code"]) == (403, "key_restricted"), path
    services.refusals.write(services.runner)
    (entry,) = newsroom.call("GET", "/audit?verb=refused").json()["data"]
    assert entry["after"]["count"] == 5
    services.key_uses.write()
    assert newsroom.call("GET", f"/keys/{key[:11]}").json()["last_used_from"] is None


def test_code_that_knows_no_networks_refuses_a_bound_key(
    newsroom: Newsroom, client: TestClient, services: Services
) -> None:
    key = _make(newsroom, networks=["0.0.0.0/0"], origins=[_SITE])
    with services.database.read() as session:
        row = store.find_key(session, key["id"])
    assert row is not None
    assert bytes(row.digest) != hashlib.sha256(key["key"].encode()).digest()
    assert hash_key(key["key"], "p", is_bound=True) != hash_key(key["key"], "p")
    # Nor do lost columns make it a key that works anywhere.
    with services.database.write() as session:
        session.execute(text("UPDATE api_keys SET networks = NULL, origins = NULL"))
    assert _status(client, key["key"]) == 401


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_networks_and_origins_are_normalized_and_checked(newsroom: Newsroom) -> None:
    key = _make(
        newsroom,
        networks=["203.0.113.9/24", "2001:DB8::1", "::ffff:10.0.0.0/104"],
        origins=[
            "HTTPS://WWW.Example.com:443",
            "http://[2001:db8::1]:8080",
            "https://bücher.example",
        ],
    )
    assert key["networks"] == ["203.0.113.0/24", "2001:db8::1/128", "10.0.0.0/8"]
    assert key["origins"] == [
        _SITE,
        "http://[2001:db8::1]:8080",
        "https://xn--bcher-kva.example",
    ]
    for bad in (
        {"networks": ["example.com"]},
        {"networks": ["10.0.0.0/33"]},
        {"networks": ["10.0.0.1, 10.0.0.2"]},
        {"origins": ["www.example.com"]},
        {"origins": ["https://www.example.com/"]},
        {"origins": ["*"]},
        {"origins": ["https://a@b.example"]},
        {"origins": ["https://b.example:99999"]},
    ):
        answer = newsroom.call("POST", "/keys", json={"name": "K", "scopes": ["read"], **bad})
        (name,) = bad
        assert answer.status_code == 422, bad
        assert answer.json()["errors"][0]["pointer"] == f"#/{name}/0"


def test_a_long_poll_ends_when_its_key_is_revoked(newsroom: Newsroom, services: Services) -> None:
    key = _make(newsroom)
    resolve = services.partners.resolve
    caller = verify_key(services.database, key["key"], services.clock.now(), resolve)
    cursor = newsroom.client.get("/v1/changes").json()["cursor"]
    match = find("/v1/changes")
    assert match is not None
    read = ReadRequest(match.resource.path, f"cursor={cursor}&wait=60".encode(), caller)

    async def wait() -> None:
        answer = asyncio.create_task(fetch(services, ChangeNotifier(services.watch), match, read))
        await asyncio.sleep(0.2)
        assert not answer.done()
        await asyncio.to_thread(newsroom.call, "DELETE", f"/keys/{key['id']}")
        # Sooner than the client has asked for, and without any change for it.
        async with asyncio.timeout(50):
            await answer

    with pytest.raises(KeyRefused):
        asyncio.run(wait())


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_stream_ends_when_its_key_was_rotated_and_the_overlap_is_over(
    newsroom: Newsroom, services: Services, clock: HandClock
) -> None:
    old, other = _make(newsroom), _make(newsroom)
    with serve(create_app(services)) as server:
        first, second = (
            StreamClient(port_of(server), x_api_key=key["key"]).wait_for_start()
            for key in (old, other)
        )
        _rotate(newsroom, old, overlap_minutes=60)
        story = newsroom.story("In the overlap")
        assert first.next().data["id"] == second.next().data["id"] == story["id"]
        clock.advance(minutes=60)
        assert first.has_ended()
        story = newsroom.story("Afterwards")
        assert second.next().data["id"] == story["id"]
        for listener in (first, second):
            listener.close()
