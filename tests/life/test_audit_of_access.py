"""Exports and refused keys are audited, with few entries for many requests."""

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.access.refused_keys import MAX_ADDRESSES, WRITE_INTERVAL
from app.api.app import create_app
from app.bootstrap import Services
from app.kit.errors import DatabaseBusy
from app.worker import Worker
from tests.client import make_client
from tests.clock import HandClock
from tests.conftest import key_for
from tests.newsroom import Newsroom

_WRONG = {"authorization": "Bearer dl_wrong"}


def _load_entries(newsroom: Newsroom, query: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = newsroom.call("GET", f"/audit?limit=100&{query}{cursor}").json()
        rows += page["data"]
        if page["page"]["next"] is None:
            return rows
        cursor = f"&cursor={page['page']['next']}"


def _client(services: Services, address: str) -> TestClient:
    return make_client(create_app(services), client=(address, 1234))


@pytest.mark.parametrize(("scope", "killed"), [("admin", True), ("publish", False)])
def test_an_export_writes_an_audit_entry(
    newsroom: Newsroom, services: Services, client: TestClient, scope: str, killed: bool
) -> None:
    exporter = Newsroom(client, key_for(services, scope))
    answer = exporter.call("GET", "/export", headers={"x-request-id": "export-1"})
    assert answer.is_success
    (row,) = _load_entries(newsroom, "type=export")
    assert (row["verb"], row["after"]) == ("exported", {"killed": killed})
    assert (row["by"]["name"], row["request_id"]) == (f"a key for {scope}", "export-1")
    assert row["address"] == "testclient"


def test_a_refused_export_writes_no_audit_entry(newsroom: Newsroom, services: Services) -> None:
    reader = Newsroom(newsroom.client, key_for(services, "read"))
    assert reader.call("GET", "/export").status_code == 403
    assert newsroom.client.get("/v1/manage/export").status_code == 401
    assert _load_entries(newsroom, "type=export") == []


@pytest.mark.parametrize("path", ["/v1/headlines", "/v1/manage/articles", "/v1/stream", "/nowhere"])
def test_refused_keys_are_counted_in_one_audit_entry(
    newsroom: Newsroom, services: Services, clock: HandClock, path: str
) -> None:
    version = services.watch.version()
    for _ in range(30):
        assert _client(services, "203.0.113.7").get(path, headers=_WRONG).status_code == 401
    clock.advance(seconds=10)
    for client in ("203.0.113.7", "203.0.113.8"):
        assert _client(services, client).get(path, headers=_WRONG).status_code == 401
    assert services.watch.version() == version
    services.refusals.write_if_due(services.runner)
    rows = {entry["address"]: entry for entry in _load_entries(newsroom, "verb=refused")}
    assert rows.keys() == {"203.0.113.7", "203.0.113.8"}
    row = rows["203.0.113.7"]
    assert (row["type"], row["subject"], row["by"]["key"]) == ("key", None, None)
    assert row["after"] == {
        "count": 31,
        "first_at": "2026-11-22T12:00:00Z",
        "last_at": "2026-11-22T12:00:10Z",
    }
    assert "dl_wrong" not in json.dumps(rows)


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_refused_revoked_key_writes_an_audit_entry(
    newsroom: Newsroom, services: Services
) -> None:
    new_key = newsroom.call("POST", "/keys", json={"name": "K", "scopes": ["read"]}).json()
    newsroom.call("DELETE", f"/keys/{new_key['id']}")
    headers = {"x-api-key": new_key["key"]}
    assert newsroom.client.get("/v1/headlines", headers=headers).status_code == 401
    services.refusals.write_if_due(services.runner)
    (row,) = _load_entries(newsroom, "verb=refused")
    assert row["after"]["count"] == 1


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_audit_entries_of_refused_keys_are_written_at_an_interval(
    newsroom: Newsroom, services: Services, clock: HandClock
) -> None:
    for count in (1, 1, 2):
        services.refusals.note("203.0.113.7")
        services.refusals.write_if_due(services.runner)
        assert len(_load_entries(newsroom, "verb=refused")) == count
        clock.advance(seconds=WRITE_INTERVAL.total_seconds() / 2)
    first, last = [entry["after"]["count"] for entry in _load_entries(newsroom, "verb=refused")][
        ::-1
    ]
    assert (first, last) == (1, 2)


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_the_number_of_audit_entries_in_a_minute_is_limited(
    newsroom: Newsroom, services: Services
) -> None:
    for number in range(3 * MAX_ADDRESSES):
        services.refusals.note(f"203.0.{number // 256}.{number % 256}")
    services.refusals.write(services.runner)
    rows = _load_entries(newsroom, "verb=refused")
    assert len(rows) == MAX_ADDRESSES + 1
    (others,) = [entry for entry in rows if entry["address"] is None]
    assert others["after"]["count"] == 2 * MAX_ADDRESSES


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_addresses_of_an_ipv6_network_are_counted_together(
    newsroom: Newsroom, services: Services
) -> None:
    for end in ("1", "2:3:4:5"):
        client = _client(services, f"2001:db8:0:1::{end}" if end == "1" else f"2001:db8:0:1:{end}")
        assert client.get("/v1/headlines", headers=_WRONG).status_code == 401
    services.refusals.write(services.runner)
    (row,) = _load_entries(newsroom, "verb=refused")
    assert row["after"]["count"] == 2


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_a_failed_write_of_refused_keys_is_retried(
    newsroom: Newsroom, services: Services, clock: HandClock
) -> None:
    services.refusals.note("203.0.113.7")
    with services.database.write(), pytest.raises(DatabaseBusy):
        services.refusals.write(_RunnerWithoutWaiting(services))  # type: ignore[arg-type]
    services.refusals.note("203.0.113.7")
    clock.advance(minutes=1)
    services.refusals.write_if_due(services.runner)
    (row,) = _load_entries(newsroom, "verb=refused")
    assert row["after"]["count"] == 2


class _RunnerWithoutWaiting:
    """Runs commands on a database that another client is writing to, without waiting."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def run(self, *_: object) -> None:
        with self._services.database.write(lock_timeout=0.01):
            raise AssertionError("somebody else writes")


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_the_event_loop_of_each_process_writes_refused_keys(
    newsroom: Newsroom, services: Services
) -> None:
    services.refusals.note("203.0.113.7")
    worker = Worker(services)
    worker.start()
    worker.stop()
    assert [entry["address"] for entry in _load_entries(newsroom, "verb=refused")] == [
        "203.0.113.7"
    ]
