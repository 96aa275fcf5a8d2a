"""Metrics of one process, and of several that share a port."""

import os
import re
import time
from pathlib import Path

import httpx2
import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge
from starlette.testclient import TestClient

from app.api.app import create_app
from app.api.monitoring.shared_metrics import SharedMetrics
from app.bootstrap import Services
from tests.newsroom import Newsroom
from tests.server.serving import port_of, serve


def _value(text: str, name: str) -> float:
    match = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert match is not None, name
    return float(match.group(1))


class Process:
    """The counters of one of several processes."""

    def __init__(self, folder: Path, slot: int) -> None:
        registry = CollectorRegistry()
        self.counter = Counter("asked", "Requests.", ["route"], registry=registry)
        self.gauge = Gauge("kept", "Entries.", registry=registry)
        self.shared = SharedMetrics(registry, folder, slot)

    def sums(self) -> dict[str, float]:
        return {
            "".join((sample.name, *sample.labels.values())): sample.value
            for family in self.shared.collect()
            for sample in family.samples
            if not sample.name.endswith("_created")
        }


def test_the_counts_of_all_processes_are_summed(tmp_path: Path) -> None:
    first, second = Process(tmp_path, 0), Process(tmp_path, 1)
    first.counter.labels("/a").inc(2)
    second.counter.labels("/a").inc(3)
    second.counter.labels("/b").inc(4)
    first.gauge.set(10)
    second.gauge.set(20)
    second.shared.publish()
    assert first.sums() == {"asked_total/a": 5, "asked_total/b": 4, "kept": 30}


def test_a_replacement_process_continues_the_counters(
    tmp_path: Path,
) -> None:
    died, other = Process(tmp_path, 0), Process(tmp_path, 1)
    died.counter.labels("/a").inc(7)
    died.gauge.set(10)
    died.shared.publish()
    assert other.sums() == {"asked_total/a": 7, "kept": 10}
    after = Process(tmp_path, 0)
    after.counter.labels("/a").inc(1)
    assert after.sums() == {"asked_total/a": 8, "kept": 0}
    after.shared.publish()
    assert other.sums() == {"asked_total/a": 8, "kept": 0}


def test_only_the_counters_of_a_dead_process_remain(tmp_path: Path) -> None:
    silent, other = Process(tmp_path, 0), Process(tmp_path, 1)
    silent.counter.labels("/a").inc(7)
    silent.gauge.set(10)
    silent.shared.publish()
    long_ago = time.time() - 60
    os.utime(tmp_path / "0.json", (long_ago, long_ago))
    assert other.sums() == {"asked_total/a": 7, "kept": 0}


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_cache_hits_are_counted(client: TestClient, newsroom: Newsroom) -> None:
    newsroom.story("A")
    before = client.get("/metrics").text
    for _ in range(3):
        client.get("/v1/headlines")
    text = client.get("/metrics").text
    assert _value(text, "dateline_cache_hits_total") - _value(
        before, "dateline_cache_hits_total"
    ) == pytest.approx(2)
    line = 'dateline_requests_total{method="GET",route="/v1/headlines",status="200"}'
    assert _value(text, line) == pytest.approx(3)
    assert _value(text, "dateline_cache_entries") == pytest.approx(1)
    assert _value(text, "dateline_cache_bytes") > 1000


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_connections_listeners_memory_and_files_have_metrics(services: Services) -> None:
    with serve(create_app(services)) as server:
        address = f"http://127.0.0.1:{port_of(server)}"
        with httpx2.Client() as client, client.stream("GET", f"{address}/v1/stream") as stream:
            assert stream.status_code == 200
            text = httpx2.get(f"{address}/metrics").text
    assert _value(text, "dateline_connections") == pytest.approx(2)
    assert _value(text, "dateline_listeners") == pytest.approx(1)
    assert _value(text, "dateline_memory_bytes") > 10_000_000
    files, limit = (_value(text, f"dateline_open_files{end}") for end in ("", "_limit"))
    assert 3 < files < limit
