"""Access modes for anonymous readers, and a deployment without a newsroom."""

import pytest
from starlette.testclient import TestClient

from app.bootstrap import Services
from app.settings import Settings
from tests.api.reading import fill_path, list_managed_routes, public_paths
from tests.client import expect_contract_violation
from tests.conftest import key_for

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"])
OPEN = {"/healthz", "/readyz", "/metrics", "/docs", "/openapi.json", "/problems/{code}"}
OPEN |= {"/", "/robots.txt", "/.well-known/api-catalog"}
STORIES = {
    "/v1/articles",
    "/v1/articles/{ref}",
    "/v1/articles/{ref}/related",
    "/v1/articles/{ref}.{ext}",
    "/v1/changes",
}


def _find_refused_paths(client: TestClient, key: str | None = None) -> set[str]:
    headers = {"x-api-key": key} if key else {}
    refused = set()
    for path in public_paths():
        answer = client.get(fill_path(path, "not_found"), headers=headers)
        if answer.status_code == 401:
            assert answer.json()["code"] == "key_required"
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert answer.headers["cache-control"] == "no-store"
            refused.add(path)
    return refused


def test_public_content_needs_no_key(client: TestClient) -> None:
    assert _find_refused_paths(client) == set()


class TestHeadlines:
    """A deployment that shows headlines to all readers, and stories to readers with a key."""

    @pytest.fixture
    def settings(self, database_url: str) -> Settings:
        return Settings(database_url=database_url, anonymous="headlines")

    def test_stories_need_a_key(self, client: TestClient, services: Services) -> None:
        assert _find_refused_paths(client) == STORIES
        assert _find_refused_paths(client, key_for(services, "read")) == set()


class TestClosed:
    """A deployment that shows nothing without a key."""

    @pytest.fixture
    def settings(self, database_url: str) -> Settings:
        return Settings(database_url=database_url, anonymous="none")

    def test_all_paths_but_the_open_ones_need_a_key(
        self, client: TestClient, services: Services
    ) -> None:
        assert _find_refused_paths(client) == set(public_paths()) - OPEN - {"/v1/me"}
        assert _find_refused_paths(client, key_for(services, "read")) == set()

    def test_the_open_paths_stay_open(self, client: TestClient) -> None:
        for path in OPEN:
            assert client.get(fill_path(path, "not_found")).status_code == 200


class TestWithoutNewsroom:
    """A deployment without the management API."""

    @pytest.fixture
    def settings(self, database_url: str) -> Settings:
        return Settings(database_url=database_url, management=False)

    @expect_contract_violation("The document of such a deployment has no newsroom.")
    def test_there_is_no_newsroom_route(self, client: TestClient, services: Services) -> None:
        headers = {"x-api-key": key_for(services, "admin")}
        for method, path in list_managed_routes():
            answer = client.request(method, fill_path(path), headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
        assert client.get("/v1/headlines").status_code == 200
        assert not any(
            path.startswith("/v1/manage") for path in client.get("/openapi.json").json()["paths"]
        )
