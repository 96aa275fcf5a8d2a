"""A node on a hot standby serves reads; after a promotion it accepts writes."""

import time
from collections.abc import Callable, Iterator

import pytest
from starlette.testclient import TestClient

from app.api.app import create_app
from app.bootstrap import Services, bootstrap
from app.settings import Settings
from tests.client import make_client
from tests.conftest import key_for
from tests.faults.postgres import Postgres, Standby, start_postgres
from tests.faults.proxy import Proxy, proxy
from tests.newsroom import Newsroom

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """A separate primary for these tests."""
    with start_postgres() as server:
        yield server


@pytest.fixture
def key(postgres: Postgres) -> str:
    """A key, created on the primary."""
    services = bootstrap(Settings(database_url=postgres.url))
    new_key = key_for(services, "admin")
    services.close()
    return new_key


@pytest.fixture
def standby(postgres: Postgres, key: str) -> Iterator[Standby]:
    """A standby that has the key as well."""
    with postgres.standby() as server:
        yield server


@pytest.fixture
def primary_proxy(postgres: Postgres) -> Iterator[Proxy]:
    """The address of the primary."""
    with proxy(postgres.socket) as tcp_proxy:
        yield tcp_proxy


@pytest.fixture
def standby_proxy(standby: Standby) -> Iterator[Proxy]:
    """The address of the standby."""
    with proxy(standby.socket) as tcp_proxy:
        yield tcp_proxy


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> Settings:
    """A deployment with the addresses that a test names."""
    names, more = request.param
    hosts = ",".join(f"127.0.0.1:{request.getfixturevalue(name).port}" for name in names)
    return Settings(database_url=f"postgresql+psycopg://postgres:@{hosts}/dateline{more}")


@pytest.fixture
def node(client: TestClient, services: Services, key: str) -> Newsroom:
    """An editor that sends requests to a node."""
    services.watch.listen()
    return Newsroom(client, key)


def _is_unreachable(node: Newsroom) -> bool:
    """Whether the database does not respond; for some seconds a node may still be ready."""
    answer = node.client.get("/readyz")
    return answer.status_code == 503 or answer.json()["database"] == "away"


def _wait_until(true: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _writes(node: Newsroom) -> object:
    ready = node.client.get("/readyz").json()
    return ready["status"] == "ready" and ready["writes"]


@pytest.mark.parametrize("settings", [(["standby_proxy"], "")], indirect=True)
def test_a_standby_serves_reads_and_refuses_writes_until_it_is_promoted(
    standby: Standby, node: Newsroom
) -> None:
    ready = node.client.get("/readyz")
    assert (ready.status_code, ready.json()["writes"]) == (200, False), ready.json()["detail"]
    for path in ("/v1/headlines", "/v1/sources", "/v1/changes", "/v1/search?q=news"):
        assert node.client.get(path).status_code == 200, path
    assert node.call("GET", "/articles").status_code == 200
    draft = {"title": "Never", "language": "en"}
    refused = node.call("POST", "/articles", json=draft)
    assert (refused.status_code, refused.json()["code"]) == (503, "database_read_only")
    assert "standby" in refused.json()["detail"]
    assert "retry-after" in refused.headers
    standby.promote()
    _wait_until(lambda: _writes(node), 5)
    assert node.article("After")["version"] == 1


@pytest.mark.parametrize("settings", [(["standby_proxy"], "")], indirect=True)
def test_a_standby_shows_writes_of_its_primary(postgres: Postgres, node: Newsroom) -> None:
    """There are no notifications on a standby, so it is polled several times a second."""
    assert node.client.get("/v1/headlines").json()["data"] == []
    services = bootstrap(Settings(database_url=postgres.url))
    with make_client(create_app(services)) as client:
        Newsroom(client, key_for(services, "admin")).story("News")
    services.close()
    _wait_until(lambda: node.client.get("/v1/headlines").json()["data"], 5)


@pytest.mark.parametrize(
    "settings",
    [(["primary_proxy", "standby_proxy"], "?target_session_attrs=read-write")],
    indirect=True,
)
def test_writes_continue_after_a_promotion(
    primary_proxy: Proxy, standby: Standby, node: Newsroom
) -> None:
    assert node.article("Before")["version"] == 1
    primary_proxy.silence()
    _wait_until(lambda: _is_unreachable(node), 5)
    standby.promote()
    _wait_until(lambda: _writes(node), 5)
    assert node.article("After")["version"] == 1


@pytest.mark.parametrize("loses", [False, True])
@pytest.mark.parametrize(
    "settings",
    [(["primary_proxy", "standby_proxy"], "?target_session_attrs=read-write")],
    indirect=True,
)
def test_rows_that_a_promoted_standby_lacks_are_noticed(
    loses: bool, primary_proxy: Proxy, standby: Standby, node: Newsroom
) -> None:
    client = node.client
    first, second = node.story("First"), node.story("Second")
    path = f"/v1/articles/{first['id']}"
    if loses:
        standby.wait_for_primary()
        standby.stop_following()
    # The sequence of serials continues 32 numbers later there.
    for number in range(40):
        second = node.patch(second, title=f"Second {number}", status="published")
    cursor = client.get("/v1/changes?limit=1000").json()["cursor"]
    assert client.get(path).status_code == 200
    if not loses:
        standby.wait_for_primary()
    primary_proxy.silence()
    _wait_until(lambda: _is_unreachable(node), 5)
    standby.promote()
    _wait_until(lambda: _writes(node), 5)
    node.verb(first, "kill", notice="Withdrawn.")
    assert client.get(path).status_code == 410
    answer = client.get(f"/v1/changes?cursor={cursor}")
    if loses:
        assert (answer.status_code, answer.json()["code"]) == (410, "cursor_too_old")
    else:
        assert [entry["reason"] for entry in answer.json()["data"]] == ["killed"]
