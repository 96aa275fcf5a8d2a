"""Sign-in: a role at the provider gives a scope here, until the provider takes it away."""

from http.cookies import SimpleCookie

import pytest
from joserfc.jwk import ECKey
from starlette.testclient import TestClient

from app.access import store
from app.access.people.sessions import hash_token
from app.bootstrap import Services
from tests.clock import HandClock
from tests.conftest import key_for
from tests.people.browsing import (
    OWN,
    SESSION,
    SIGN_IN,
    begin,
    own_headers,
    read_session,
    sign_in,
    visit_provider,
)
from tests.people.provider import AMINA, Provider

_SQLITE = pytest.mark.parametrize("dialect", ["sqlite"])


def test_a_person_signs_in_and_writes(
    browser: TestClient, services: Services, provider: Provider
) -> None:
    response = sign_in(browser, "/editor/?tab=1")
    assert (response.status_code, response.headers["location"]) == (303, f"{OWN}/editor/?tab=1")
    assert response.headers["cache-control"] == "no-store"
    session = read_session(browser)
    assert (session["name"], session["scopes"], session["key"]) == (
        "Amina Berrada",
        ["publish"],
        None,
    )
    headers = {**own_headers(browser), "idempotency-key": "one"}
    story = {"title": "Bees", "language": "en", "status": "published"}
    answers = [browser.post("/v1/manage/articles", json=story, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201], answers[0].text
    assert answers[0].content == answers[1].content
    refused = browser.get("/v1/manage/people")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    admin = {"x-api-key": key_for(services, "admin")}
    by = {"key": None, "person": session["person"], "name": "Amina Berrada"}
    audit = browser.get(f"/v1/manage/audit?person={session['person']}", headers=admin).json()
    assert [row["type"] for row in audit["data"]] == ["article", "session", "person"]
    assert all(row["by"] == by and row["address"] == "testclient" for row in audit["data"])
    revisions = browser.get(
        f"/v1/manage/articles/{answers[0].json()['id']}/revisions", headers=admin
    )
    assert revisions.json()["data"][0]["by"] == by
    row = _load(services, provider.url)
    assert (row.issuer, row.subject, row.scopes) == (provider.url, AMINA["sub"], ["publish"])


def _load(services: Services, issuer: str) -> store.PersonRow:
    with services.database.read() as session:
        row = store.find_person_by_subject(session, issuer, str(AMINA["sub"]))
    assert row is not None
    return row


@_SQLITE
def test_cookies_are_for_this_host_alone(browser: TestClient, services: Services) -> None:
    login = browser.get("/auth/login")
    (begun,) = login.headers.get_list("set-cookie")
    assert begun.startswith(f"{SIGN_IN}=")
    assert begun.endswith("; Max-Age=600; Path=/; Secure; HttpOnly; SameSite=Lax")
    done = browser.get(visit_provider(login.headers["location"]))
    session, removed = done.headers.get_list("set-cookie")
    assert session.endswith("; Max-Age=43200; Path=/; Secure; HttpOnly; SameSite=Lax")
    assert removed.startswith(f"{SIGN_IN}=; Max-Age=0; ")
    token = SimpleCookie(session)[SESSION].value
    with services.database.read() as reading:
        row = reading.first(store.SESSION_BY_DIGEST, {"digest": hash_token(token)})
        assert row is not None
        whole = store.find_session(reading, row.id)
    assert all(token not in str(value) for value in whole or ())
    # What the browser has to keep secret is not readable in the cookie.
    location = login.headers["location"]
    assert "code_challenge=" in location
    assert all(value not in begun for value in location.split("state=")[1].split("&")[:1])


@_SQLITE
def test_a_role_that_changes_holds_for_all_sessions(
    browser: TestClient, other_browser: TestClient, provider: Provider
) -> None:
    sign_in(browser)
    provider.person["groups"] = ["admins", "something else"]
    provider.person["name"] = "Amina\tB.\x00"
    sign_in(other_browser)
    for somebody in (browser, other_browser):
        session = read_session(somebody)
        assert (session["scopes"], session["name"]) == (["admin"], "Amina B.")
    people = browser.get("/v1/manage/people").json()["data"]
    assert [person["subject"] for person in people] == [AMINA["sub"]]


def test_a_sign_in_without_a_role_ends_all_sessions(
    browser: TestClient, other_browser: TestClient, provider: Provider, services: Services
) -> None:
    assert _sign_in_without_role(browser, provider) == (403, "role_required")
    with services.database.read() as session:
        assert store.load_people_page(session, None, 9, backwards=False) == []
    provider.person["groups"] = "editors"
    sign_in(browser)
    assert browser.get("/v1/manage/articles").status_code == 200
    assert _sign_in_without_role(other_browser, provider) == (403, "role_required")
    assert browser.get("/v1/manage/articles").json()["code"] == "key_required"
    assert _load(services, provider.url).scopes == []


def _sign_in_without_role(browser: TestClient, provider: Provider) -> tuple[int, str]:
    provider.person["groups"] = ["readers"]
    response = sign_in(browser)
    assert SESSION not in response.cookies
    return response.status_code, response.json()["code"]


@_SQLITE
def test_roles_come_from_userinfo_where_the_token_has_none(
    browser: TestClient, provider: Provider
) -> None:
    provider.userinfo = {**AMINA, "iss": "https://ignored.example"}
    assert sign_in(browser).status_code == 303
    assert read_session(browser)["name"] == "Amina Berrada"
    provider.userinfo = {**AMINA, "sub": "somebody else"}
    assert sign_in(browser).json()["code"] == "sign_in_failed"


@_SQLITE
def test_metadata_and_keys_are_cached_until_there_is_a_new_key(
    browser: TestClient, provider: Provider, clock: HandClock
) -> None:
    discovery, keys = "GET /.well-known/openid-configuration", "GET /jwks"
    for _ in range(2):
        assert sign_in(browser).status_code == 303
    assert (provider.requests.count(discovery), provider.requests.count(keys)) == (1, 1)
    provider.key = ECKey.generate_key("P-256", auto_kid=True)
    # Those that are not understood are left out.
    provider.unusable_keys = [{"kty": "AKP", "alg": "ML-DSA-44"}, {"kty": "EC", "crv": "P-256"}, 1]
    assert sign_in(browser).status_code == 303
    assert (provider.requests.count(discovery), provider.requests.count(keys)) == (1, 2)
    clock.advance(hours=1)
    assert sign_in(browser).status_code == 303
    assert (provider.requests.count(discovery), provider.requests.count(keys)) == (2, 3)


@_SQLITE
def test_what_is_wrong_with_the_provider_is_said(
    browser: TestClient, provider: Provider, services: Services
) -> None:
    assert services.sign_in is not None
    assert services.sign_in.find_flaws() == []
    for change, words in (
        ({"issuer": f"{provider.url}/"}, "set DATELINE_OIDC_ISSUER to exactly that"),
        ({"jwks_uri": "http://keys.example/jwks"}, "begin with https://"),
        ({"token_endpoint": None}, "no usable token_endpoint"),
        ({"id_token_signing_alg_values_supported": ["HS256", "none"]}, "signs with none of"),
        ({"code_challenge_methods_supported": ["plain"]}, "PKCE"),
        ({"jwks_uri": f"{provider.url}/userinfo"}, "answered 401"),
        ({"jwks_uri": f"{provider.url}/metadata"}, "no usable key"),
    ):
        provider.metadata = change
        services.clock.advance(hours=1)  # type: ignore[attr-defined]
        (flaw,) = services.sign_in.find_flaws()
        assert words in flaw
    services.clock.advance(days=1)  # type: ignore[attr-defined]
    provider.metadata, provider.status = {}, 500
    response = browser.get("/auth/login")
    assert (response.status_code, response.json()["code"]) == (503, "sign_in_unavailable")
    assert response.headers["retry-after"] == "5"


@_SQLITE
def test_a_sign_in_that_replaces_a_session_ends_it(browser: TestClient) -> None:
    sign_in(browser)
    before = browser.cookies[SESSION]
    sign_in(browser)
    assert browser.cookies[SESSION] != before
    browser.cookies.set(SESSION, before, domain="api.example")
    assert begin(browser)
    assert browser.get("/auth/session").status_code == 401
