"""A deployment with a provider, and a browser."""

from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from app.api.app import create_app
from app.bootstrap import Services
from app.settings import Settings
from tests.client import make_client
from tests.clock import HandClock
from tests.people.browsing import OWN, ROLES
from tests.people.provider import CLIENT_ID, CLIENT_SECRET, Provider, running_provider


@pytest.fixture
def provider(clock: HandClock) -> Iterator[Provider]:
    """A provider whose clock is that of the test."""
    with running_provider(clock.now) as running:
        yield running


@pytest.fixture
def settings(database_url: str, provider: Provider) -> Settings:
    """The settings of a deployment where people sign in."""
    return Settings(
        database_url=database_url,
        public_url=OWN,
        oidc_issuer=provider.url,
        oidc_client_id=CLIENT_ID,
        oidc_client_secret=SecretStr(CLIENT_SECRET),
        oidc_roles=ROLES,
    )


@pytest.fixture
def browser(services: Services) -> Iterator[TestClient]:
    """A browser without cookies."""
    with make_client(create_app(services), base_url=OWN, raise_server_exceptions=False) as client:
        client.follow_redirects = False
        yield client


@pytest.fixture
def other_browser(browser: TestClient) -> TestClient:
    """Another browser at the same deployment."""
    client = make_client(browser.app, base_url=OWN, raise_server_exceptions=False)
    client.follow_redirects = False
    return client
