"""`/metrics` and `/docs`: public, at the operations port, or off."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from app.api.app import create_app
from app.api.operator_port import serve_operators
from app.bootstrap import Services
from app.kit.errors import Misconfigured
from app.settings import Settings, read_settings
from tests.cli.shell import free_port
from tests.client import make_client
from tests.conftest import key_for

PAGES = ("/metrics", "/docs", "/openapi.json", "/docs/static/swagger-ui.css")


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def settings(database_url: str, port: int) -> Settings:
    """Metrics are moved, and the reference is off."""
    return Settings(
        database_url=database_url, metrics="operations", docs="off", operations_port=port
    )


@pytest.fixture
def client(services: Services, port: int) -> Iterator[TestClient]:
    """A client of the public port of an application with another port for operators."""

    @asynccontextmanager
    async def lifespan(inside: FastAPI) -> AsyncIterator[None]:
        async with serve_operators(inside.state.operations, "127.0.0.1", port):
            yield

    with make_client(create_app(services, lifespan)) as test_client:
        yield test_client


@pytest.mark.parametrize("dialect", ["sqlite"])
class TestMoved:
    def test_metrics_and_reference_are_not_public(self, client: TestClient) -> None:
        assert [client.get(path).status_code for path in (*PAGES, "/readyz")] == [404] * 4 + [200]
        assert client.get("/metrics").json()["code"] == "not_found"

    def test_no_public_page_links_to_metrics_or_reference(self, client: TestClient) -> None:
        names = client.get("/").json()["links"].keys()
        assert {"reference", "openapi"}.isdisjoint(names)
        assert "status" in names
        assert "/docs" not in client.get("/.well-known/api-catalog").text

    def test_metrics_and_reference_are_at_the_operations_port(
        self, client: TestClient, port: int
    ) -> None:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as operator:
            statuses = [operator.get(path).status_code for path in (*PAGES, "/readyz", "/healthz")]
            assert statuses == [200, 404, 404, 404, 200, 200]
            metrics = operator.get("/metrics")
            assert "dateline_connections" in metrics.text
            assert metrics.headers["x-request-id"]

    def test_the_operations_port_serves_nothing_else(self, client: TestClient, port: int) -> None:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as operator:
            paths = ("/", "/v1/headlines", "/v1/manage/articles", "/hub", "/v1/stream")
            assert [operator.get(path).status_code for path in paths] == [404] * 5
            assert operator.get("/%6detrics").headers["location"] == "/metrics"


@pytest.mark.parametrize("dialect", ["sqlite"])
class TestReferenceMoved:
    @pytest.fixture
    def settings(self, database_url: str, port: int) -> Settings:
        """Metrics are off, and the reference is moved."""
        return Settings(
            database_url=database_url, metrics="off", docs="operations", operations_port=port
        )

    def test_the_reference_is_at_the_operations_port(
        self, client: TestClient, services: Services, port: int
    ) -> None:
        key = {"x-api-key": key_for(services, "read")}
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as operator:
            assert [operator.get(path).status_code for path in PAGES] == [404, 200, 200, 200]
            for path in PAGES[1:]:
                headers = operator.get(path, headers=key).headers
                assert headers["cache-control"].startswith("private")
                assert "ratelimit" in headers
        assert [client.get(path).status_code for path in PAGES] == [404] * 4


@pytest.mark.parametrize("dialect", ["sqlite"])
class TestPublic:
    @pytest.fixture
    def settings(self, database_url: str, port: int) -> Settings:
        """Nothing is moved; the operations port serves them in addition."""
        return Settings(database_url=database_url, operations_port=port)

    def test_metrics_and_reference_are_at_both_ports(self, client: TestClient, port: int) -> None:
        assert [client.get(path).status_code for path in PAGES] == [200] * 4
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as operator:
            assert [operator.get(path).status_code for path in PAGES] == [200] * 4


def test_a_page_needs_an_existing_port() -> None:
    with pytest.raises(Misconfigured, match="DATELINE_OPERATIONS_PORT"):
        read_settings(metrics="operations")
    with pytest.raises(Misconfigured, match="another port"):
        read_settings(port=8000, operations_port=8000)
