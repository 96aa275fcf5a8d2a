"""Several worker processes: each may be killed, and the server continues or ends completely."""

import json
import re
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.faults.server import Client
from tests.faults.test_killed import admin_key
from tests.faults.workers import TIMEOUT, Connections, Workers, is_free, serving, wait_until

pytestmark = pytest.mark.slow
_NUMBER = 2
_SERIAL = re.compile(r"^dateline_log_serial (\S+)$", re.MULTILINE)


@pytest.fixture
def key(database_url: str) -> str:
    return admin_key(database_url)


@pytest.fixture
def server(database_url: str, key: str, tmp_path: Path) -> Iterator[Workers]:
    with serving(database_url, _NUMBER, tmp_path, worker_interval=0.1) as workers:
        yield workers


@pytest.mark.exhaustive_on("postgresql")
def test_each_worker_may_be_killed(server: Workers, key: str) -> None:
    """One of them is the leader, so the leader is killed as well."""
    originals = server.pids()
    with Connections(server.port).reading() as strangers:
        for number, pid in enumerate(originals):
            server.kill(pid)
            gone = time.monotonic()
            strangers.wait_for(50)
            server.wait_until_complete()
            assert strangers.find_failures_after(gone) == [], server.log.read_text()
            check_due_changes(server, key)
            _check_freshness(server, key, number)
    assert strangers.wrong == []
    assert server.pids().isdisjoint(originals)
    log = server.log.read_text()
    for pid in originals:
        assert f"Child process [{pid}] died" in log


def check_due_changes(server: Workers, key: str) -> None:
    """The current leader logs a story that is published by schedule."""
    before = _serial(server)
    at = datetime.now(UTC) + timedelta(seconds=0.5)
    _write(server, key, title="Later", published_at=at.isoformat())
    wait_until(lambda: _serial(server) > before)


def _serial(server: Workers) -> float:
    with closing(Client(server.port)) as client:
        text = client.call("GET", "/metrics")[2].decode()
    match = _SERIAL.search(text)
    assert match is not None
    return float(match.group(1))


def _write(server: Workers, key: str, **fields: Any) -> dict[str, Any]:
    with closing(Client(server.port, key)) as editor:
        document = {"language": "en", "status": "published", **fields}
        status, _, response = editor.call("POST", "/v1/manage/articles", document)
    assert status == 201, response
    story: dict[str, Any] = response
    return story


def _check_freshness(server: Workers, key: str, number: int) -> None:
    """After a write in any process, all processes show it in their next response."""
    with server.connections(each=2) as by_worker:
        readers = [connection for connections in by_worker.values() for connection in connections]
        assert len(by_worker) == _NUMBER
        for turn in range(5):
            title = f"Fresh {number} {turn}"
            story = _write(server, key, title=title)
            assert [_first(reader) for reader in readers] == [title] * len(readers)
            with closing(Client(server.port, key)) as editor:
                path = f"/v1/manage/articles/{story['id']}/unpublish"
                assert editor.call("POST", path, {}, if_match='"v1"')[0] == 200
            assert title not in [_first(reader) for reader in readers]


def _first(reader: HTTPConnection) -> str:
    try:
        return _ask(reader)
    except ConnectionError:
        # An idle connection may be closed just when it is used again.
        reader.close()
        return _ask(reader)


def _ask(reader: HTTPConnection) -> str:
    reader.request("GET", "/v1/headlines?limit=1")
    title: str = json.loads(reader.getresponse().read())["data"][0]["title"]
    return title


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_no_worker_outlives_its_parent(server: Workers) -> None:
    workers = server.processes()
    assert len(workers) == _NUMBER
    server.parent.kill()
    server.parent.wait(TIMEOUT)
    _, remaining = psutil.wait_procs(workers, timeout=TIMEOUT)
    assert remaining == []
    assert is_free(server.port)


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.exhaustive)]
)
def test_a_stopped_supervisor_ends_all_workers_with_open_connections(
    server: Workers, key: str, number: signal.Signals
) -> None:
    workers = server.processes()
    assert len(workers) == _NUMBER
    with server.connections(each=1), closing(Client(server.port, key)) as slow:
        # An endless import is aborted when the time for a graceful shutdown is over.
        unfinished = slow._connection
        unfinished.putrequest("POST", "/v1/manage/import")
        unfinished.putheader("Authorization", f"Bearer {key}")
        unfinished.putheader("Content-Type", "application/x-ndjson")
        unfinished.putheader("Transfer-Encoding", "chunked")
        unfinished.endheaders(b"2\r\n{}\r\n")
        server.parent.send_signal(number)
        server.parent.wait(TIMEOUT)
    _, remaining = psutil.wait_procs(workers, timeout=10)
    assert remaining == []
    assert is_free(server.port)


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_metrics_are_sums_that_never_decrease(server: Workers) -> None:
    with server.connections(each=1) as connections:
        for reader, *_ in connections.values():
            reader.request("GET", "/v1/sources")
            reader.getresponse().read()
    wait_until(lambda: _ask_for_sources(server) == _NUMBER)
    assert _sum(server, r"dateline_leader") == 1
    # A worker writes its counters once a second; later counts are lost when it is killed.
    time.sleep(2)
    server.kill(min(server.pids()))
    server.wait_until_complete()
    assert all(_ask_for_sources(server) >= _NUMBER for _ in range(10))


def _ask_for_sources(server: Workers) -> float:
    return _sum(server, r'dateline_requests_total\{method="GET",route="/v1/sources",[^}]*\}')


def _sum(server: Workers, name: str) -> float:
    with closing(Client(server.port)) as client:
        text = client.call("GET", "/metrics")[2].decode()
    return sum(map(float, re.findall(rf"^{name} (\S+)$", text, re.MULTILINE)))
