"""Keys: shown once, stored as a hash, recognised everywhere, revoked at once."""

import hashlib
from typing import Any

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from app.access import store
from app.api.app import create_app
from app.bootstrap import Services
from app.kit import json
from app.server.interface import WHOLE
from tests.api.reading import fill_path, list_managed_routes, public_paths
from tests.client import make_client
from tests.clock import HandClock
from tests.edge.driver import HOST, request
from tests.newsroom import Newsroom
from tests.partners.agreements import add_key, add_partner, add_product


def _make(newsroom: Newsroom, **fields: Any) -> dict[str, Any]:
    response = newsroom.call("POST", "/keys", json={"name": "K", "scopes": ["read"], **fields})
    assert response.status_code == 201, response.text
    created: dict[str, Any] = response.json()
    assert response.headers["location"] == f"/v1/manage/keys/{created['id']}"
    return created


def _status(client: TestClient, key: str) -> int:
    return client.get("/v1/headlines", headers={"x-api-key": key}).status_code


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_key_is_shown_once(newsroom: Newsroom) -> None:
    created = _make(newsroom)
    assert created["key"].startswith("dl_")
    assert created["prefix"] == created["key"][:11]
    assert len(created["key"]) == 46
    for path in (f"/keys/{created['id']}", f"/keys/{created['prefix']}", "/keys"):
        answer = newsroom.call("GET", path)
        assert answer.status_code == 200
        assert created["key"] not in answer.text
        assert '"key"' not in answer.text


def test_only_a_hash_is_stored(newsroom: Newsroom, services: Services) -> None:
    created = _make(newsroom)
    with services.database.read() as session:
        row = session.first(store.KEY_BY_PREFIX, {"prefix": created["prefix"]})
    assert row is not None
    assert bytes(row.digest) == hashlib.sha256(created["key"].encode()).digest()
    assert all(created["key"] not in str(value) for value in row)


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_key_goes_in_either_header(newsroom: Newsroom, client: TestClient) -> None:
    key = _make(newsroom)["key"]
    for headers, status in (
        ({"authorization": f"Bearer {key}"}, 200),
        ({"authorization": f"bearer  {key}"}, 200),
        ({"x-api-key": key}, 200),
        ({"x-api-key": key, "authorization": f"Bearer {key}"}, 200),
        ({"x-api-key": key, "authorization": "Bearer other"}, 400),
        ({"x-api-key": "other", "authorization": f"Bearer {key}"}, 400),
        ({"x-api-key": key, "authorization": "Bearer"}, 400),
        ({"authorization": f"BEARER\t{key} "}, 200),
        ({"authorization": "Bearer"}, 401),
        ({"authorization": "Bearer "}, 401),
        ({"authorization": "Bearer a b"}, 401),
        ({"authorization": f"Bearer {key}, Basic eDp5"}, 401),
        ({"authorization": f"Bearer {key[:-1]}"}, 401),
        ({"x-api-key": ""}, 401),
        ({"x-api-key": key[:-1]}, 401),
        ({"x-api-key": key + "x"}, 401),
        ({"x-api-key": "\u00e9" * 46}, 401),
    ):
        raw = {name: value.encode("latin-1") for name, value in headers.items()}
        assert client.get("/v1/headlines", headers=raw).status_code == status, headers  # type: ignore[arg-type]


_OTHERS = (
    "Basic c3RhZ2luZzpzZWNyZXQ=",
    "basic c3RhZ2luZzpzZWNyZXQ=",
    'Digest username="a, Bearer b", realm="c", response="d"',
    "Negotiate YII=",
    "Unknown",
    "bearertoken x",
    "\u00e9 x",
    "",
)


def _get(client: TestClient, path: str, *fields: tuple[str, str]) -> Response:
    return client.get(
        path, headers=[(name.encode(), text.encode("latin-1")) for name, text in fields]
    )


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize("credentials", _OTHERS)
def test_credentials_of_another_scheme_are_not_a_key(
    credentials: str, newsroom: Newsroom, client: TestClient
) -> None:
    newsroom.story("Out")
    key, basic = _make(newsroom)["key"], ("authorization", credentials)
    changing = {"x-request-id", "date"}
    for path in ("/v1/headlines", "/feeds/latest.rss", "/v1/changes", "/v1/none", "/healthz"):
        plain, sent = client.get(path), [_get(client, path, basic) for _ in range(2)]
        for item in sent:
            assert item.status_code == plain.status_code, path
            headers = {k: v for k, v in item.headers.items() if k not in changing}
            assert headers == {k: v for k, v in plain.headers.items() if k not in changing}, path
            if plain.status_code == 200:
                assert item.content == plain.content, path
    assert "authorization" in client.get("/v1/headlines").headers["vary"].lower()
    hub = client.post("/hub", headers=[(b"authorization", credentials.encode("latin-1"))])
    assert hub.json()["code"] == client.post("/hub").json()["code"]
    for method, path in list_managed_routes():
        refused = client.request(
            method, fill_path(path), headers=[(b"authorization", credentials.encode("latin-1"))]
        )
        # A preview is read by anyone who has its address.
        if refused.status_code != 404:
            assert (refused.status_code, refused.json()["code"]) == (401, "key_required"), path
            assert refused.headers["www-authenticate"].startswith("Bearer ")
    for keyed in (("x-api-key", key), ("authorization", f"Bearer {key}")):
        for both in ((basic, keyed), (keyed, basic)):
            assert _get(client, "/v1/me", *both).json()["prefix"] == key[:11]
            # The scope is too low; the key was recognised.
            assert _get(client, "/v1/manage/articles", *both).status_code == 403
    bad = ("authorization", "Bearer dl_unknown")
    assert _get(client, "/v1/headlines", basic, bad).json()["code"] == "key_refused"


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_the_same_key_may_be_sent_twice_and_two_different_ones_may_not(
    newsroom: Newsroom, client: TestClient
) -> None:
    first, second = (_make(newsroom)["key"] for _ in range(2))
    for other, status in ((first, 200), (second, 400)):
        for fields in (
            (("authorization", f"Bearer {first}"), ("authorization", f"bearer {other}")),
            (("x-api-key", first), ("x-api-key", other)),
            (("x-api-key", first), ("authorization", f"Bearer {other}")),
        ):
            assert _get(client, "/v1/me", *fields).status_code == status, fields


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_key_in_the_address_is_refused(newsroom: Newsroom, client: TestClient) -> None:
    key = _make(newsroom)["key"]
    for name in ("key", "api_key", "access_token"):
        assert client.get(f"/v1/headlines?{name}={key}").json()["code"] == "bad_parameter"


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_bad_key_is_refused_on_public_routes_too(client: TestClient) -> None:
    for path in public_paths():
        at = fill_path(path, "not_found")
        response = client.get(at, headers={"x-api-key": "dl_unknown"})
        assert (response.status_code, response.json()["code"]) == (401, "key_refused"), at
        assert "invalid_token" in response.headers["www-authenticate"]
        assert response.headers["cache-control"] == "no-store"


def test_a_key_expires(newsroom: Newsroom, client: TestClient, clock: HandClock) -> None:
    created = _make(newsroom, expires_at="2026-11-22T13:00:00Z")
    clock.advance(minutes=59, seconds=59)
    assert _status(client, created["key"]) == 200
    clock.advance(seconds=1)
    assert _status(client, created["key"]) == 401


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_key_cannot_begin_expired(newsroom: Newsroom) -> None:
    past = {"name": "K", "scopes": ["read"], "expires_at": "2026-11-22T12:00:00Z"}
    (error,) = newsroom.call("POST", "/keys", json=past).json()["errors"]
    assert (error["pointer"], error["code"]) == ("#/expires_at", "in_the_past")


def test_a_revoked_key_is_refused_at_once_and_stays_listed(
    newsroom: Newsroom, client: TestClient, clock: HandClock
) -> None:
    created = _make(newsroom)
    assert _status(client, created["key"]) == 200
    for _ in range(2):
        revoked = newsroom.call("DELETE", f"/keys/{created['id']}")
        assert (revoked.status_code, revoked.json()["revoked_at"]) == (200, "2026-11-22T12:00:00Z")
        assert _status(client, created["key"]) == 401
        clock.advance(hours=1)
    assert created["id"] in {item["id"] for item in newsroom.call("GET", "/keys").json()["data"]}


def test_the_last_use_is_noted_once_a_minute_and_written_outside_of_requests(
    newsroom: Newsroom, client: TestClient, clock: HandClock, services: Services
) -> None:
    created = _make(newsroom)

    def load_last_use() -> tuple[str | None, str | None]:
        view = newsroom.call("GET", f"/keys/{created['id']}").json()
        return view["last_used_at"], view["last_used_from"]

    _status(client, created["key"])
    assert load_last_use() == (None, None)
    services.key_uses.write()
    assert load_last_use() == ("2026-11-22T12:00:00Z", "testclient")
    for seconds, expected in ((59, "2026-11-22T12:00:00Z"), (1, "2026-11-22T12:01:00Z")):
        clock.advance(seconds=seconds)
        for _ in range(2):
            _status(client, created["key"])
            _make(newsroom)
        services.key_uses.write()
        assert load_last_use()[0] == expected


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_bad_wish_for_a_key_is_refused(newsroom: Newsroom) -> None:
    good = {"name": "K", "scopes": ["read"]}
    for bad, pointer in (
        ({"scopes": []}, "#/scopes"),
        ({"scopes": ["root"]}, "#/scopes/0"),
        ({"name": ""}, "#/name"),
        ({"name": "\u0000"}, "#/name"),
        ({"expires_at": "soon"}, "#/expires_at"),
        ({"key": "mine"}, "#/key"),
    ):
        response = newsroom.call("POST", "/keys", json=good | bad)
        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == pointer


def test_an_unknown_key_is_a_404(newsroom: Newsroom) -> None:
    for ref in ("none", "%00", "01a00000-0000-7000-8000-000000000000"):
        for method in ("GET", "DELETE"):
            assert newsroom.call(method, f"/keys/{ref}").status_code == 404, ref


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_known_key_is_verified_again_without_a_task_after_a_write(
    newsroom: Newsroom, services: Services
) -> None:
    product = add_product(newsroom, form="full")
    key = add_key(newsroom, add_partner(newsroom, product["slug"]))["x-api-key"]
    story = newsroom.story("First", body="<p>Body.</p>")
    app = create_app(services)
    make_client(app).get("/v1/headlines", headers={"x-api-key": key})

    def read(path: str) -> Any:
        scope = request(path, [HOST, (b"x-api-key", key.encode())])
        message = app.lookup({**scope, "extensions": {WHOLE: {}}})  # type: ignore[attr-defined]
        return message and json.loads(message["body"])

    newsroom.story("Second")
    assert len(read("/v1/headlines")["data"]) == 2
    assert "body_html" in read(f"/v1/articles/{story['id']}")
    product = newsroom.patch(product, "products", form="headline")
    assert "body_html" not in read(f"/v1/articles/{story['id']}")
    newsroom.call("DELETE", f"/keys/{key[:11]}")
    assert read("/v1/headlines") is None
