"""Metrics of requests and of the deployment, in Prometheus' text format."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate
from math import inf
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from app import __version__
from app.api.monitoring.collectors import CounterReading, Totals
from app.api.monitoring.component_metrics import (
    CacheMetrics,
    ConnectionMetrics,
    IndexMetrics,
    LogMetrics,
    PurgeMetrics,
    PushMetrics,
)
from app.api.monitoring.process_metrics import ProcessCollector
from app.api.monitoring.shared_metrics import SharedMetrics
from app.kit.sql.leadership import Leadership
from app.partners.usage import Usage

MEDIA_TYPE = CONTENT_TYPE_LATEST
_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Tally:
    """Counts answered requests with one route and status: computed, and cache hits (`hits`).

    This is about ten times cheaper than a counter of the Prometheus library.
    """

    __slots__ = ("count", "hits", "route", "status")

    def __init__(self, route: str, status: int) -> None:
        """Start at zero."""
        self.count = self.hits = 0
        self.route, self.status = route, status


class _Durations(Collector):
    """A histogram of durations by route, about ten times cheaper than that of the library."""

    def __init__(self, name: str, meaning: str) -> None:
        """Start at zero."""
        self._name, self._meaning = name, meaning
        self._counts: dict[str, list[int]] = {}
        self._sums: dict[str, float] = {}

    def note(self, route: str, seconds: float) -> None:
        """Count a request."""
        counts = self._counts.get(route)
        if counts is None:
            self._sums[route] = 0.0
            counts = self._counts[route] = [0] * (len(_BUCKETS) + 1)
        counts[bisect_left(_BUCKETS, seconds)] += 1
        self._sums[route] += seconds

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Return cumulative buckets, as Prometheus expects them."""
        family = HistogramMetricFamily(self._name, self._meaning, labels=["route"])
        for route, counts in list(self._counts.items()):
            bounds = map(floatToGoString, (*_BUCKETS, inf))
            buckets = list(zip(bounds, map(float, accumulate(counts)), strict=True))
            family.add_metric([route], buckets, self._sums[route])
        yield family


class Metrics:
    """The metrics of this process and of the deployment.

    If several processes serve one port, the metrics of the processes are summed (`share`). Those of
    the deployment are the same for all processes.
    """

    def __init__(self) -> None:
        """Register every metric; docs/operations.md lists them, and a test compares."""
        self._process, self._deployment = CollectorRegistry(), CollectorRegistry()
        self._shown = self._process
        self._tallies: dict[tuple[str, str, int], Tally] = {}
        requests = CounterReading(
            "dateline_requests", "Requests answered.", ["method", "route", "status"]
        )
        requests.read = self._requests
        self._seconds = _Durations(
            "dateline_request_seconds",
            "How long requests took that were not answered from memory, in seconds.",
        )
        self._leads = Gauge(
            "dateline_leader",
            "How many of these processes do the background work: 1 or 0.",
            registry=self._process,
        )
        self._unwritten = Gauge(
            "dateline_usage_unwritten",
            "Rows of usage that are counted and not written yet.",
            registry=self._process,
        )
        for collector in (requests, self._seconds, ProcessCollector()):
            self._process.register(collector)
        self.cache = CacheMetrics(self._process, self._hits)
        self.connections = ConnectionMetrics(self._process)
        self.log = LogMetrics(self._deployment)
        self.index = IndexMetrics(self._deployment)
        self.purges = PurgeMetrics(self._process, self._deployment)
        self.push = PushMetrics(self._process, self._deployment)
        build = Gauge(
            "dateline_build", "The version that runs.", ["version"], registry=self._deployment
        )
        build.labels(__version__).set(1)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered; `route` is a template, never a path."""
        self.tally(method, route, status).count += 1
        self._seconds.note(route, seconds)

    def tally(self, method: str, route: str, status: int) -> Tally:
        """Return the counter of such requests. Cache hits are counted without a duration."""
        key = (method if method in _METHODS else "OTHER", route, status)
        return self._tallies.get(key) or self._tallies.setdefault(key, Tally(route, status))

    def watch_leadership(self, leadership: Leadership) -> None:
        """Report whether this process is the leader."""
        self._leads.set_function(lambda: leadership.term is not None)

    def watch_usage(self, usage: Usage) -> None:
        """Report what is not written yet."""
        self._unwritten.set_function(lambda: usage.unwritten)

    def share(self, folder: str, slot: int) -> None:
        """Sum with other processes, which share a folder; each process has a slot in it."""
        shared = SharedMetrics(self._process, Path(folder), slot)
        self._shown = CollectorRegistry()
        self._shown.register(shared)
        shared.publish_regularly()

    def families(self) -> Iterator[Metric]:
        """Yield every metric, in the form of the Prometheus library."""
        yield from self._process.collect()
        yield from self._deployment.collect()

    def render(self) -> bytes:
        """Render all metrics in Prometheus' text format."""
        return generate_latest(self._shown) + generate_latest(self._deployment)

    def _requests(self) -> Totals:
        return {
            (method, route, str(status)): tally.count + tally.hits
            for (method, route, status), tally in list(self._tallies.items())
        }

    def _hits(self) -> Totals:
        return {(): sum(tally.hits for tally in list(self._tallies.values()))}


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
