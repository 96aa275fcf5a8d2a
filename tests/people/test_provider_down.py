"""A provider that is slow or down stops sign-in only: few requests wait for it."""

from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice
from time import sleep

import pytest
from starlette.testclient import TestClient

from app.access.errors import SignInFailed, SignInUnavailable
from app.access.people.sign_in import SignIn
from app.bootstrap import Services
from tests.clock import HandClock
from tests.people.browsing import SIGN_IN, begin, sign_in
from tests.people.provider import Provider

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])
_DISCOVERY = "GET /.well-known/openid-configuration"
_CALLERS, _MOST = 12, 4


def _require_sign_in(services: Services) -> SignIn:
    assert services.sign_in is not None
    return services.sign_in


def test_few_callers_wait_for_the_metadata(services: Services, provider: Provider) -> None:
    start = _require_sign_in(services).start
    provider.answers.clear()
    with ThreadPoolExecutor(_CALLERS) as pool:
        started = [pool.submit(start, "/") for _ in range(_CALLERS)]
        refused = list(islice(as_completed(started, 60), _CALLERS - _MOST))
        assert all(isinstance(done.exception(), SignInUnavailable) for done in refused)
        provider.answers.set()
        waited = [future.exception() for future in started if future not in refused]
    assert waited == [None] * _MOST
    assert provider.requests == [_DISCOVERY]


def test_few_codes_are_sent_at_a_time(
    browser: TestClient, services: Services, provider: Provider
) -> None:
    complete = _require_sign_in(services).complete
    location = begin(browser)
    state = dict(part.split("=") for part in location.partition("?")[2].split("&"))["state"]
    sent = {"code": "invented", "state": state, "iss": provider.url}
    provider.answers.clear()
    with ThreadPoolExecutor(_MOST) as pool:
        waiting = [pool.submit(complete, sent, browser.cookies[SIGN_IN]) for _ in range(_MOST)]
        while provider.requests.count("POST /token") < _MOST:
            assert not any(future.done() for future in waiting)
            sleep(0.01)
        refused = browser.get("/auth/callback", params=sent)
        provider.answers.set()
        assert all(isinstance(future.exception(), SignInFailed) for future in waiting)
    assert (refused.status_code, refused.json()["code"]) == (503, "sign_in_unavailable")
    assert refused.headers["retry-after"] == "5"
    assert provider.requests.count("POST /token") == _MOST
    assert sign_in(browser).status_code == 303


def test_a_failure_is_remembered(browser: TestClient, provider: Provider, clock: HandClock) -> None:
    provider.status = 500
    for requests in (1, 2):
        for _ in range(3):
            refused = browser.get("/auth/login")
            assert (refused.status_code, refused.json()["code"]) == (503, "sign_in_unavailable")
            assert "answered 500" in refused.json()["detail"]
        assert provider.requests == [_DISCOVERY] * requests
        clock.advance(seconds=10)
    provider.status = 200
    assert browser.get("/auth/login").status_code == 303


def test_former_metadata_are_used_for_a_day(
    browser: TestClient, provider: Provider, clock: HandClock
) -> None:
    assert sign_in(browser).status_code == 303
    provider.status = 500
    provider.requests.clear()
    clock.advance(hours=1)
    for _ in range(2):
        assert sign_in(browser).status_code == 303
    assert provider.requests.count(_DISCOVERY) == 1
    clock.advance(hours=23)
    assert browser.get("/auth/login").status_code == 503
