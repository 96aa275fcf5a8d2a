"""Sessions: what they may, where their cookie counts, and when they end."""

import logging
from collections.abc import Sequence
from functools import partial

import pytest
from starlette.testclient import TestClient

from app.access import store
from app.access.caller import Caller
from app.access.commands.create_key import create_key
from app.access.commands.end_sessions import end_sessions
from app.access.commands.exchange_key import exchange_key
from app.access.commands.revoke_key import revoke_key
from app.access.errors import KeyRefused
from app.access.people.sessions import delete_old_sessions, verify_session
from app.api.app import create_app
from app.bootstrap import Services, bootstrap
from app.kit.clock import parse_instant
from app.kit.sql.unit_of_work import Actor, UnitOfWork
from app.settings import Settings
from tests.client import expect_contract_violation, make_client
from tests.clock import HandClock
from tests.conftest import key_for
from tests.people.browsing import OWN, SESSION, own_headers, read_session, sign_in
from tests.people.provider import Provider

_SQLITE = pytest.mark.parametrize("dialect", ["sqlite"])
_STORY = {"title": "Bees", "language": "en"}
_ACTOR = Actor(None, "tests")


@_SQLITE
def test_a_change_needs_the_own_origin_and_the_csrf_token(browser: TestClient) -> None:
    sign_in(browser)
    token = read_session(browser)["csrf_token"]
    for headers in (
        {},
        {"origin": OWN},
        {"x-csrf-token": token},
        {"origin": OWN, "x-csrf-token": token[:-1]},
        {"origin": OWN, "x-csrf-token": "\u00e9"},
        {"origin": "https://evil.example", "x-csrf-token": token},
        {"origin": "null", "x-csrf-token": token},
        {"origin": "http://api.example", "x-csrf-token": token},
        {"origin": f"{OWN}:8443", "x-csrf-token": token},
        {"origin": "https://api.example.evil.example", "x-csrf-token": token},
        {"origin": "https://[", "x-csrf-token": token},
    ):
        sent = {name: value.encode("latin-1") for name, value in headers.items()}
        for path in ("/v1/manage/articles", "/auth/logout"):
            refused = browser.post(path, json=_STORY, headers=sent)  # type: ignore[arg-type]
            assert (refused.status_code, refused.json()["code"]) == (403, "cross_site_request")
    headers = {"origin": f"{OWN}:443", "x-csrf-token": token}
    assert browser.post("/v1/manage/articles", json=_STORY, headers=headers).status_code == 201
    other = {**headers, "x-csrf-token": "0" * 64}
    assert browser.delete("/v1/manage/articles/bees", headers=other).status_code == 403


@_SQLITE
def test_other_sites_have_no_session(services: Services, clock: HandClock) -> None:
    opened = services.settings.model_copy(
        update={"management_cors_origins": "*", "cors_origins": "*"}
    )
    again = bootstrap(opened, clock=clock)
    with make_client(create_app(again), base_url=OWN) as browser:
        browser.follow_redirects = False
        sign_in(browser)
        for path in ("/v1/manage/articles", "/auth/session"):
            assert browser.get(path, headers={"origin": OWN}).status_code == 200
            for origin in ("https://evil.example", "null", "http://api.example"):
                refused = browser.get(path, headers={"origin": origin})
                assert (refused.status_code, refused.json()["code"]) == (401, "key_required")
                assert "access-control-allow-credentials" not in refused.headers
                allowed = refused.headers.get("access-control-allow-origin")
                assert allowed == (None if path.startswith("/auth/") else "*")
        preflight = {"origin": "https://evil.example", "access-control-request-method": "POST"}
        refused = browser.options("/auth/session", headers=preflight)
        assert (refused.status_code, refused.json()["code"]) == (400, "bad_origin")
        assert "access-control-allow-origin" not in refused.headers
    again.close()


@_SQLITE
def test_the_cookie_counts_in_the_newsroom_only(browser: TestClient, services: Services) -> None:
    sign_in(browser)
    assert browser.get("/v1/me").json()["name"] == "anonymous"
    hidden = services.settings.model_copy(update={"anonymous": "none"})
    with make_client(create_app(bootstrap(hidden, clock=services.clock)), base_url=OWN) as other:
        other.cookies.set(SESSION, browser.cookies[SESSION], domain="api.example")
        for path in ("/v1/headlines", "/v1/changes", "/v1/me/webhooks"):
            assert other.get(path).json()["code"] == "key_required"
        assert other.get("/v1/manage/articles").status_code == 200
        twice = f"{SESSION}={browser.cookies[SESSION]}; {SESSION}=other"
        other.cookies.clear()
        assert other.get("/v1/manage/articles", headers={"cookie": twice}).status_code == 401


@_SQLITE
def test_a_key_takes_precedence_over_a_session(browser: TestClient, services: Services) -> None:
    sign_in(browser)
    reader = {"x-api-key": key_for(services, "read")}
    assert browser.post("/v1/manage/articles", json=_STORY, headers=reader).status_code == 403
    writer = {"x-api-key": key_for(services, "write"), "origin": "https://tool.example"}
    assert browser.post("/v1/manage/articles", json=_STORY, headers=writer).status_code == 201
    assert browser.post("/auth/logout", headers=writer).json()["code"] == "key_required"


@_SQLITE
def test_a_session_ends_when_idle_and_after_twelve_hours(
    browser: TestClient, clock: HandClock
) -> None:
    sign_in(browser)
    assert read_session(browser)["expires_at"] == "2026-11-23T00:00:00Z"
    for _ in range(12):
        clock.advance(minutes=59, seconds=59)
        assert browser.get("/v1/manage/articles").status_code == 200
    clock.advance(seconds=12)
    assert browser.get("/v1/manage/articles").status_code == 401
    sign_in(browser)
    clock.advance(hours=1)
    assert browser.get("/v1/manage/articles").status_code == 401


def test_a_use_is_recorded_at_most_once_a_minute(
    browser: TestClient, services: Services, clock: HandClock
) -> None:
    sign_in(browser)
    token, times = browser.cookies[SESSION], set()
    for _ in range(8):
        clock.advance(seconds=20)
        read_session(browser)
        caller = verify_session(services.database, token, clock.now(), services.partners.resolve)
        assert caller is not None
        times.add(caller.use_noted_at)
    assert len(times) == 3


def test_logout_ends_the_session_of_this_browser(
    browser: TestClient, other_browser: TestClient
) -> None:
    for somebody in (browser, other_browser):
        sign_in(somebody)
    token = browser.cookies[SESSION]
    done = browser.post("/auth/logout", headers=own_headers(browser))
    assert (done.status_code, SESSION in browser.cookies) == (204, False)
    browser.cookies.set(SESSION, token, domain="api.example")
    assert browser.get("/v1/manage/articles").status_code == 401
    assert other_browser.get("/v1/manage/articles").status_code == 200


def test_an_administrator_ends_sessions(
    browser: TestClient, other_browser: TestClient, services: Services
) -> None:
    for somebody in (browser, other_browser):
        sign_in(somebody)
    admin = make_client(browser.app, base_url=OWN)
    admin.headers["x-api-key"] = key_for(services, "admin")
    (person,) = admin.get("/v1/manage/people").json()["data"]
    path = f"/v1/manage/people/{person['id']}"
    assert admin.get(path).json() == person
    first, second = admin.get(f"{path}/sessions").json()["data"]
    assert (first["address"], first["ended_at"]) == ("testclient", None)
    page = admin.get(f"{path}/sessions?limit=1").json()["page"]
    (later,) = admin.get(f"{path}/sessions?limit=1&cursor={page['next']}").json()["data"]
    assert later["id"] == second["id"]
    for _ in range(2):
        assert admin.delete(f"{path}/sessions/{first['id']}").status_code == 204
    assert admin.get(f"{path}/sessions").json()["data"][0]["ended_at"] is not None
    assert browser.get("/v1/manage/articles").status_code == 401
    assert other_browser.get("/v1/manage/articles").status_code == 200
    for wrong in (f"/v1/manage/people/x/sessions/{first['id']}", f"{path}/sessions/x%00"):
        assert admin.delete(wrong).status_code == 404
    assert admin.delete(path).status_code == 204
    assert other_browser.get("/v1/manage/articles").status_code == 401
    assert admin.get(path).status_code == admin.get(f"{path}/sessions").status_code == 404
    assert sign_in(browser).status_code == 303


def test_an_administrator_may_delete_their_own_person(
    browser: TestClient, provider: Provider
) -> None:
    provider.person["groups"] = ["admins"]
    sign_in(browser)
    person = read_session(browser)["person"]
    deleted = browser.delete(f"/v1/manage/people/{person}", headers=own_headers(browser))
    assert deleted.status_code == 204
    assert browser.get("/auth/session").status_code == 401


def _exchange(browser: TestClient, key: str, **headers: str) -> int:
    return browser.post("/auth/session", headers={"x-api-key": key, **headers}).status_code


def test_a_key_is_exchanged_for_a_session(browser: TestClient, services: Services) -> None:
    key = key_for(services, "write")
    assert browser.post("/auth/session").json()["code"] == "key_required"
    assert _exchange(browser, key, origin="https://evil.example") == 403
    exchanged = browser.post("/auth/session", headers={"x-api-key": key, "origin": OWN})
    assert (exchanged.status_code, exchanged.json()) == (200, read_session(browser))
    session = read_session(browser)
    assert (session["person"], session["scopes"]) == (None, ["write"])
    headers = own_headers(browser)
    answer = browser.post("/v1/manage/articles", json=_STORY, headers=headers)
    assert answer.status_code == 201
    revisions = browser.get("/v1/manage/articles/bees/revisions").json()["data"]
    by = {"key": session["key"], "person": None, "name": "a key for write"}
    assert revisions[0]["by"] == by
    # A session gives no further session.
    assert browser.post("/auth/session", headers=headers).json()["code"] == "key_required"
    services.runner.run(_ACTOR, partial(revoke_key, ref=session["key"]))
    assert browser.get("/v1/manage/articles").status_code == 401


@_SQLITE
def test_the_session_of_a_key_ends_with_it(
    browser: TestClient, services: Services, clock: HandClock
) -> None:
    ends = parse_instant("2026-11-22T12:30:00Z")
    key = services.runner.run(_ACTOR, lambda unit: create_key(unit, "short", ["read"], ends))
    assert _exchange(browser, key.key) == 200
    assert read_session(browser)["expires_at"] == "2026-11-22T12:30:00Z"
    clock.advance(minutes=30)
    assert browser.get("/auth/session").status_code == 401


def _create_bound_key(
    services: Services, networks: Sequence[str] = (), origins: Sequence[str] = ()
) -> str:
    create = partial(create_key, name="bound", scopes=["write"], networks=networks, origins=origins)
    return services.runner.run(_ACTOR, create).key


@_SQLITE
def test_the_session_of_a_bound_key(browser: TestClient, services: Services) -> None:
    page = _create_bound_key(services, origins=[OWN])
    refused = browser.post("/auth/session", headers={"x-api-key": page, "origin": OWN})
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert "bound to origins" in refused.json()["detail"]
    desk = _create_bound_key(services, networks=["203.0.113.0/24"])
    inside, outside = (
        make_client(create_app(services), base_url=OWN, client=(address, 5000))
        for address in ("203.0.113.7", "198.51.100.7")
    )
    assert _exchange(inside, desk) == 200
    headers = own_headers(inside)
    outside.cookies.set(SESSION, inside.cookies[SESSION], domain="api.example")
    assert outside.get("/auth/session").json()["code"] == "key_restricted"
    # As with the key itself, the audit has it.
    services.refusals.write(services.runner)
    admin = {"x-api-key": key_for(services, "admin")}
    (entry,) = browser.get("/v1/manage/audit?verb=refused", headers=admin).json()["data"]
    assert (entry["address"], entry["after"]["count"]) == ("198.51.100.7", 1)
    assert outside.post("/auth/logout", headers=headers).status_code == 204
    assert inside.get("/auth/session").status_code == 401


@_SQLITE
def test_the_use_of_a_session_is_a_use_of_its_key(
    browser: TestClient, services: Services, clock: HandClock
) -> None:
    key = services.runner.run(_ACTOR, lambda unit: create_key(unit, "desk", ["write"]))
    assert _exchange(browser, key.key) == 200
    services.key_uses.write()
    clock.advance(minutes=30)
    read_session(browser)
    services.key_uses.write()
    (row,) = services.database.fetch(store.KEY_BY_ID, {"key_id": key.id})
    assert row.last_used_at == clock.now()


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_a_session_that_ends_during_a_change_prevents_it(services: Services) -> None:
    key = services.runner.run(_ACTOR, lambda unit: create_key(unit, "desk", ["write"]))
    caller = Caller(key_id=key.id, name="desk")
    started = services.runner.run(caller.actor, partial(exchange_key, caller=caller, former=None))
    actor = Caller(key_id=key.id, name="desk", session_id=started.id).actor

    def write(unit: UnitOfWork) -> None:
        create_key(unit, "never", ["read"])
        services.runner.run(_ACTOR, partial(end_sessions, ids=[started.id]))

    for command in (write, lambda _: None):
        with pytest.raises(KeyRefused, match="session has ended"):
            services.runner.run(actor, command)
    with services.database.read() as session:
        assert [row.name for row in store.list_keys_after(session, None, 9)] == ["desk"]


def test_old_sessions_are_deleted(
    browser: TestClient, services: Services, clock: HandClock
) -> None:
    sign_in(browser)
    clock.advance(days=30)
    assert services.runner.run(_ACTOR, delete_old_sessions) == 0
    clock.advance(days=1)
    assert services.runner.run(_ACTOR, delete_old_sessions) == 1


@_SQLITE
def test_guessed_sessions_are_counted_and_ended_ones_are_not(
    browser: TestClient, services: Services, clock: HandClock
) -> None:
    sign_in(browser)
    clock.advance(hours=1)
    assert browser.get("/auth/session").status_code == 401
    browser.cookies.clear()
    for guess in ("dls_guess", "x", "\u00e9"):
        cookie = f"{SESSION}={guess}".encode()
        assert browser.get("/auth/session", headers={b"cookie": cookie}).status_code == 401
    services.refusals.write(services.runner)
    admin = {"x-api-key": key_for(services, "admin")}
    (row,) = browser.get("/v1/manage/audit?verb=refused", headers=admin).json()["data"]
    assert row["after"]["count"] == 3


@_SQLITE
def test_no_log_has_a_session_or_a_code(
    browser: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "dateline"):
        sign_in(browser)
        browser.get(f"/v1/manage/articles/{browser.cookies[SESSION]}")
    assert browser.cookies[SESSION][12:] not in caplog.text
    assert "code=" not in caplog.text


@_SQLITE
def test_sign_in_may_not_be_configured(
    database_url: str, services: Services, clock: HandClock
) -> None:
    plain = bootstrap(Settings(database_url=database_url), clock=clock)
    browser = make_client(create_app(plain), base_url="https://testserver")
    for path in ("/auth/login", "/auth/callback"):
        refused = browser.get(path)
        assert (refused.status_code, refused.json()["code"]) == (404, "not_found")
        assert "DATELINE_OIDC_ISSUER" in refused.json()["detail"]
    # A key is enough; without a public address, the host is the origin.
    assert _exchange(browser, key_for(services, "write"), origin="https://testserver") == 200
    token = read_session(browser)["csrf_token"]
    for origin, status in (("https://testserver", 201), ("https://evil.example", 403)):
        headers = {"origin": origin, "x-csrf-token": token}
        answer = browser.post("/v1/manage/articles", json=_STORY, headers=headers)
        assert answer.status_code == status
    plain.close()
    closed = bootstrap(Settings(database_url=database_url, management=False), clock=clock)
    closed_client = make_client(create_app(closed), base_url="https://testserver")
    with expect_contract_violation("the newsroom is off"):
        assert closed_client.get("/auth/session").status_code == 404
    closed.close()


@_SQLITE
def test_a_person_has_the_limit_of_a_key_for_all_sessions_together(
    services: Services, clock: HandClock, provider: Provider
) -> None:
    limited = services.settings.model_copy(update={"key_requests_per_minute": 4})
    again = bootstrap(limited, clock=clock)
    app = create_app(again)
    with make_client(app, base_url=OWN) as browser:
        other = make_client(app, base_url=OWN)
        for client in (browser, other):
            client.follow_redirects = False
            sign_in(client)
        found = [browser.get("/v1/manage/articles") for _ in range(3)]
        assert [answer.headers["ratelimit"].split(";")[1][-1] for answer in found] == list("321")
        assert other.get("/auth/session").status_code == 200
        for client in (browser, other):
            refused = client.get("/v1/manage/articles")
            assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
            assert "This person may send 4 requests in a minute" in refused.json()["detail"]
            assert refused.headers["retry-after"] == "15"
            assert refused.headers["ratelimit-policy"].startswith('"requests";q=4;w=60')
        # Another person has another limit.
        provider.person.update(sub="somebody-else")
        sign_in(other)
        assert other.get("/v1/manage/articles").status_code == 200
        clock.advance(seconds=15)
        assert browser.get("/v1/manage/articles").status_code == 200
    again.close()
