"""A browser at the API: cookies, and the way to the provider and back."""

from collections.abc import Mapping
from typing import Any

import httpx2
from starlette.testclient import TestClient

OWN = "https://api.example"
SESSION = "__Host-dateline-session"
SIGN_IN = "__Host-dateline-sign-in"
ROLES = '{"groups": {"reporters": "write", "editors": "publish", "admins": "admin"}}'


def begin(browser: TestClient, return_to: str | None = None) -> str:
    """Begin a sign-in, and return the address of the provider."""
    query = {} if return_to is None else {"return_to": return_to}
    response = browser.get("/auth/login", params=query)
    assert response.status_code == 303, response.text
    location: str = response.headers["location"]
    return location


def visit_provider(url: str) -> str:
    """Let the provider sign the person in; return the address to which it sends the browser."""
    response = httpx2.get(url, follow_redirects=False)
    assert response.status_code == 302, response.text
    location: str = response.headers["location"]
    assert location.startswith(f"{OWN}/auth/callback?")
    return location


def sign_in(browser: TestClient, return_to: str | None = None) -> httpx2.Response:
    """Sign in, and return the last answer."""
    return browser.get(visit_provider(begin(browser, return_to)))


def read_session(browser: TestClient) -> dict[str, Any]:
    """Return the session of a browser."""
    response = browser.get("/auth/session")
    assert response.status_code == 200, response.text
    session: dict[str, Any] = response.json()
    return session


def own_headers(browser: TestClient) -> Mapping[str, str]:
    """Return what a script of the own site sends with a change."""
    return {"origin": OWN, "x-csrf-token": read_session(browser)["csrf_token"]}
