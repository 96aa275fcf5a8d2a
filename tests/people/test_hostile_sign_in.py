"""Sign-ins that are forged, replayed, mixed up or planted are refused."""

import base64
import json
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey
from starlette.testclient import TestClient

from tests.clock import START, HandClock
from tests.people.browsing import OWN, SESSION, SIGN_IN, begin, sign_in, visit_provider
from tests.people.provider import CLIENT_ID, CLIENT_SECRET, Claims, Provider

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])
_NOW = int(START.timestamp())


def _assert_refused(browser: TestClient, response: Any) -> str:
    """Check that there is no session, and return the detail of the problem."""
    assert (response.status_code, response.json()["code"]) == (400, "sign_in_failed"), response.text
    (cookie,) = response.headers.get_list("set-cookie")
    assert cookie.startswith(f"{SIGN_IN}=; Max-Age=0; ")
    assert browser.get("/auth/session").status_code == 401
    detail: str = response.json()["detail"]
    return detail


_WRONG_CLAIMS: list[Claims] = [
    {"nonce": "other"},
    {"nonce": None},
    {"iss": "https://other.example"},
    {"iss": None},
    {"aud": "other"},
    {"aud": None},
    {"aud": "other", "azp": CLIENT_ID},
    {"aud": ["other"], "azp": CLIENT_ID},
    {"aud": [CLIENT_ID, "other"]},
    {"aud": [CLIENT_ID, "other"], "azp": "other"},
    {"azp": "other"},
    {"exp": _NOW - 60},
    {"exp": None},
    {"exp": "never"},
    {"iat": _NOW + 120},
    {"iat": None},
    {"nbf": _NOW + 120},
    {"sub": None},
    {"sub": 5},
    {"sub": "x" * 256},
    {"sub": "a\0b"},
    {"at_hash": "other"},
]


def test_a_claim_is_wrong(browser: TestClient, provider: Provider) -> None:
    for claims in _WRONG_CLAIMS:
        provider.claims = claims
        assert "not valid" in _assert_refused(browser, sign_in(browser)), claims


def test_several_audiences_need_this_client_as_authorized_party(
    browser: TestClient, provider: Provider
) -> None:
    provider.claims = {"aud": [CLIENT_ID, "other"], "azp": CLIENT_ID}
    assert sign_in(browser).status_code == 303


def _encode(value: Claims) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _sign_with_other_key(provider: Provider, claims: Claims) -> str:
    other = ECKey.generate_key("P-256")
    return jwt.encode({"alg": "ES256", "kid": provider.key.kid}, claims, other)


def _embed_other_key(_: Provider, claims: Claims) -> str:
    other = ECKey.generate_key("P-256")
    header = {"alg": "ES256", "jwk": other.as_dict(private=False)}
    return jwt.encode(header, claims, other)


def _sign_with_secret(_: Provider, claims: Claims) -> str:
    key = OctKey.import_key(CLIENT_SECRET.ljust(32, "x"))
    return jwt.encode({"alg": "HS256"}, claims, key)


def _sign_with_public_key(provider: Provider, claims: Claims) -> str:
    key = OctKey.import_key(str(provider.key.as_dict(private=False)["x"]))
    return jwt.encode({"alg": "HS256", "kid": provider.key.kid}, claims, key)


def _leave_unsigned(provider: Provider, claims: Claims) -> str:
    return f"{_encode({'alg': 'none', 'kid': provider.key.kid})}.{_encode(claims)}."


def _change_afterwards(provider: Provider, claims: Claims) -> str:
    head, _, signature = provider.sign_well(claims).split(".")
    return f"{head}.{_encode({**claims, 'groups': ['admins']})}.{signature}"


def test_a_signature_is_wrong(browser: TestClient, provider: Provider) -> None:
    for sign in (
        _sign_with_other_key,
        _embed_other_key,
        _sign_with_secret,
        _sign_with_public_key,
        _leave_unsigned,
        _change_afterwards,
        lambda *_: "no token",
        lambda *_: "",
    ):
        provider.sign = partial(sign, provider)
        assert "not valid" in _assert_refused(browser, sign_in(browser)), sign


def test_a_key_is_unknown(browser: TestClient, provider: Provider) -> None:
    provider.header = {"kid": "unknown"}
    assert "not valid" in _assert_refused(browser, sign_in(browser))
    # The keys are asked for once more, in case there are new ones.
    assert provider.requests.count("GET /jwks") == 2


_WRONG_ANSWERS: list[tuple[Claims, str]] = [
    ({"state": "other"}, "another sign-in"),
    ({"state": None}, "another sign-in"),
    ({"iss": "https://other.example"}, "another provider"),
    ({"iss": None}, "another provider"),
    ({"code": None}, "no code"),
    ({"code": ""}, "no code"),
    ({"code": "guessed"}, "does not accept the code"),
    ({"error": "access_denied\n"}, "refused the sign-in"),
    ({"code": "\0"}, "does not accept the code"),
]


def test_the_answer_to_the_browser_is_wrong(browser: TestClient, provider: Provider) -> None:
    for answer, words in _WRONG_ANSWERS:
        provider.answer = answer
        assert words in _assert_refused(browser, sign_in(browser)), answer


def test_a_parameter_is_sent_twice(browser: TestClient) -> None:
    callback = visit_provider(begin(browser))
    assert "twice" in _assert_refused(browser, browser.get(f"{callback}&code=other"))


def test_a_sign_in_takes_ten_minutes_at_most(browser: TestClient, clock: HandClock) -> None:
    callback = visit_provider(begin(browser))
    clock.advance(minutes=10)
    browser.cookies.set(SIGN_IN, browser.cookies.get(SIGN_IN) or "", domain="api.example")
    assert "ten minutes" in _assert_refused(browser, browser.get(callback))


def test_a_sign_in_counts_once(browser: TestClient, provider: Provider) -> None:
    location = begin(browser)
    cookie = browser.cookies[SIGN_IN]
    callback = visit_provider(location)
    assert browser.get(callback).status_code == 303
    browser.cookies.clear()
    for again, words in (
        (callback, "does not accept the code"),
        # The same request to the provider gives a new code for the same state.
        (visit_provider(location), "completed already"),
    ):
        browser.cookies.set(SIGN_IN, cookie, domain="api.example")
        assert words in _assert_refused(browser, browser.get(again))


def test_a_code_of_another_sign_in_is_refused(
    browser: TestClient, other_browser: TestClient
) -> None:
    """The code was bound to the verifier of another browser (PKCE)."""
    code = parse_qs(urlsplit(visit_provider(begin(other_browser))).query)["code"][0]
    mine = parse_qs(urlsplit(visit_provider(begin(browser))).query)
    query = urlencode({"state": mine["state"][0], "iss": mine["iss"][0], "code": code})
    response = browser.get(f"/auth/callback?{query}")
    assert "does not accept the code" in _assert_refused(browser, response)


def test_nobody_is_signed_in_as_an_attacker(browser: TestClient, other_browser: TestClient) -> None:
    """Login CSRF: the attacker's answer is sent to a victim, which may have begun a sign-in."""
    planted = visit_provider(begin(other_browser))
    assert "begun no sign-in" in _assert_refused(browser, browser.get(planted))
    begin(browser)
    assert "another sign-in" in _assert_refused(browser, browser.get(planted))


def test_a_planted_session_is_not_adopted(browser: TestClient, other_browser: TestClient) -> None:
    """Session fixation: the attacker knows the cookie that the victim had before."""
    sign_in(other_browser)
    for planted in (other_browser.cookies[SESSION], "dls_" + "x" * 43):
        browser.cookies.clear()
        browser.cookies.set(SESSION, planted, domain="api.example")
        assert sign_in(browser).status_code == 303
        mine = [cookie.value for cookie in browser.cookies.jar if cookie.name == SESSION]
        assert any(value != planted for value in mine)
        other_browser.cookies.clear()
        other_browser.cookies.set(SESSION, planted, domain="api.example")
        assert other_browser.get("/auth/session").status_code == 401


def test_an_altered_transaction_is_refused(browser: TestClient) -> None:
    for change in (lambda text: text[:-2] + "AA", lambda _: "x", lambda _: "a.b.c.d.e"):
        callback = visit_provider(begin(browser))
        altered = change(browser.cookies[SIGN_IN])
        browser.cookies.clear()
        browser.cookies.set(SIGN_IN, altered, domain="api.example")
        assert "begun no sign-in" in _assert_refused(browser, browser.get(callback))
        browser.cookies.clear()


_OTHER_PLACES = [
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https://evil.example/",
    "javascript:alert(1)",
    "/\t/evil.example",
    "/\r\nset-cookie: a=b",
    " //evil.example",
    "evil",
    "/é",
    "/auth/login",
    "/auth/logout",
    "/" + "x" * 2_000,
]


def test_a_sign_in_returns_to_this_host_only(browser: TestClient) -> None:
    for path in _OTHER_PLACES:
        response = browser.get("/auth/login", params={"return_to": path})
        assert (response.status_code, response.json()["code"]) == (400, "bad_parameter"), path
        assert "set-cookie" not in response.headers


def test_paths_of_this_host_stay_on_it(browser: TestClient) -> None:
    for path in ("/", "/a//b", "/?next=//evil.example", "/.//evil.example"):
        assert sign_in(browser, path).headers["location"] == f"{OWN}{path}"
